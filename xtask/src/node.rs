//! Node.js: finding one that will do, and the packages that tests and examples take from npm, pinned by digest in
//! `tests/package-lock.json`.
//!
//! Like a Python environment, the folder is complete or it is made anew: its marker is written last. No package runs a script of its own
//! while it is installed.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{digest, paths, run, ui};

/// What to install when there is none.
const ADVICE: &str = "Node.js 20.19 or newer with npm is needed \
    (macOS: brew install node; Fedora: dnf install nodejs npm; Debian 13, Ubuntu 25.10: apt install nodejs npm; or nodejs.org)";

/// Exits with success if this version will do: 20.19 and later of 20, and whatever is newer than 22.12.
const CHECK: &str = "const [a, b] = process.versions.node.split('.').map(Number); \
    process.exit((a == 20 && b >= 19) || (a == 22 && b >= 12) || a > 22 ? 0 : 1)";

/// What decides about the folder's content.
const FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Fails with one line that says what to install, unless Node.js and npm are there.
pub(crate) fn check() -> Result<()> {
    if run::works("node", &["-e", CHECK]) && run::works(npm(), &["--version"]) {
        return Ok(());
    }
    bail!(ADVICE)
}

/// The folder that holds `node_modules`, filled on first use. Tests see it as `COLLOQUY_NODE`.
pub(crate) fn environment() -> Result<PathBuf> {
    let sources = paths::root().join("tests");
    let mut texts = Vec::new();
    for name in FILES {
        let file = sources.join(name);
        texts.push(std::fs::read(&file).with_context(|| file.display().to_string())?);
    }
    let key = digest::parts(texts.iter().map(Vec::as_slice));
    let folder = paths::cache()?.join("node/tests");
    let marker = folder.join("complete");
    check()?;
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
    install.args([
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
