//! A place where an example is set up as its README file says, without writing into the checkout.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::root;
use tempfile::TempDir;

/// A copy of one example of Node.js at its place in a tree like the checkout, with its packages installed and its component translated.
pub(crate) struct Workshop {
    folder: TempDir,
    name: &'static str,
}

impl Workshop {
    /// Copies the example and runs `npm run build` there.
    pub(crate) fn build(name: &'static str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let target = folder.path().join("examples").join(name);
        fs::create_dir_all(&target)?;
        for entry in fs::read_dir(root().join("examples").join(name))? {
            let file = entry?.path();
            // Folders are what somebody built or installed there.
            if file.is_file() {
                fs::copy(&file, target.join(file.file_name().context("a name")?))?;
            }
        }
        for shared in ["dist", "models"] {
            symlink(
                root().canonicalize()?.join(shared),
                folder.path().join(shared),
            )?;
        }
        symlink(packages()?, folder.path().join("examples/node_modules"))?;
        let workshop = Self { folder, name };
        output(
            Command::new("npm")
                .args(["run", "build"])
                .current_dir(workshop.path()),
        )?;
        Ok(workshop)
    }

    /// The folder of the example.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("examples").join(self.name)
    }
}

/// The packages from npm that `cargo xtask test` installed, the same versions that the examples ask for.
fn packages() -> Result<PathBuf> {
    let folder = std::env::var_os("COLLOQUY_NODE")
        .context("COLLOQUY_NODE is not set: run `cargo xtask test`")?;
    Ok(Path::new(&folder).join("node_modules"))
}

/// A program in `dist/examples`, to be run in the root of the checkout.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(root().join("dist/examples").join(name));
    command.current_dir(root());
    command
}

/// Standard output of a program that must succeed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {error}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Standard error of a program that must fail with status 1: it said no, it did not crash.
pub(crate) fn refusal(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1), "{command:?}: {error}");
    Ok(error)
}
