//! Python: finding one that will do, and virtual environments whose packages are pinned by hash.
//!
//! An environment is complete or it is made anew: its marker is written last. It is used through `python -m`, never activated.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{digest, paths, run, ui};

/// What to install when there is none.
const ADVICE: &str = "Python 3.9 or newer with venv and pip is needed \
    (Debian, Ubuntu: apt install python3-venv; Fedora: dnf install python3; macOS: brew install python; or python.org)";

/// The name of a Python that has everything, or one line that says what to install.
pub(crate) fn find() -> Result<&'static str> {
    let check = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))";
    match ["python3", "python"]
        .into_iter()
        .find(|python| run::works(python, &["-c", check]))
    {
        Some(python) => Ok(python),
        None => bail!(ADVICE),
    }
}

/// The interpreter of an environment, made on first use: `models` (conversion), `tests`, `peer` (benchmarks, golden files),
/// `upstream` and `speech` (servers that stages ask), `deploy` (linters), or `guests` (components in Python).
pub(crate) fn environment(name: &str) -> Result<PathBuf> {
    let requirements = requirements(name)?;
    let text = std::fs::read(&requirements).with_context(|| requirements.display().to_string())?;
    let key = digest::parts([text.as_slice()]);
    let folder = paths::cache()?.join("python").join(name);
    let python = interpreter(&folder);
    let marker = folder.join("complete");
    let complete = std::fs::read_to_string(&marker).is_ok_and(|found| found == key);
    // A system upgrade can take away the Python that an environment was made from.
    if complete && run::works(&python, &["-c", ""]) {
        return Ok(python);
    }
    let base = find()?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    let clock = ui::clock("Preparing", &format!("the Python environment `{name}`"));
    run::quiet(Command::new(base).args(["-m", "venv"]).arg(&folder)).context(ADVICE)?;
    let mut install = pip(&python);
    install.args([
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--requirement",
    ]);
    install.arg(&requirements);
    if name == "speech" {
        // One of its packages asks for a newer Python than it needs, see `tests/requirements-speech.in`.
        install.arg("--ignore-requires-python");
    }
    run::quiet(&mut install).context("the Python packages could not be installed")?;
    clock.finish_and_clear();
    std::fs::write(&marker, key)?;
    ui::step("Prepared", format!("the Python environment `{name}`"));
    Ok(python)
}

/// Whether the Python that environments are made from is at least 3.`minor`.
pub(crate) fn is_at_least(minor: u8) -> Result<bool> {
    let check = format!("import sys; sys.exit(sys.version_info < (3, {minor}))");
    Ok(run::works(find()?, &["-c", &check]))
}

/// pip of an environment, without its advertisement of newer versions.
pub(crate) fn pip(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "--disable-pip-version-check", "--no-input"]);
    command
}

/// The pinned packages of an environment.
pub(crate) fn requirements(name: &str) -> Result<PathBuf> {
    let file = match name {
        "models" => "models/requirements.txt",
        "tests" => "tests/requirements.txt",
        "peer" => "tests/requirements-peer.txt",
        "node" => "tests/requirements-node.txt",
        "guests" => "examples/intent-python/requirements.txt",
        "upstream" => "tests/requirements-upstream.txt",
        "speech" => "tests/requirements-speech.txt",
        "client" => "tests/requirements-client.txt",
        "deploy" => "tests/requirements-deploy.txt",
        _ => bail!("there is no Python environment `{name}`"),
    };
    Ok(paths::root().join(file))
}

fn interpreter(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    })
}
