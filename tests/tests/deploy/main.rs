//! The files of `deploy/`: what cannot be run here (images, clusters) is held to linters and schemas of others, and to what the
//! repository really has.
#![expect(
    clippy::print_stderr,
    reason = "why a case is skipped is part of the result"
)]
#![expect(
    clippy::indexing_slicing,
    reason = "a wrong index in test code is a failed test"
)]

mod configuration;
mod container;
mod kubernetes;
mod systemd;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::python;
use libtest_mimic::{Arguments, Failed, Trial};

/// A case, and why it cannot run here.
type Case = (&'static str, fn() -> Result<()>, fn() -> Option<String>);

fn main() {
    let arguments = Arguments::from_args();
    let cases = [
        configuration::CASES,
        container::CASES,
        kubernetes::CASES,
        systemd::CASES,
    ]
    .concat();
    let trials = cases.into_iter().map(|(name, case, missing)| {
        let missing = missing();
        if let Some(why) = &missing {
            eprintln!("skipped: {name}: {why}");
        }
        let run = move || case().map_err(|error| Failed::from(format!("{error:#}")));
        Trial::test(name, run).with_ignored_flag(missing.is_some())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// A case for every machine.
fn always() -> Option<String> {
    None
}

/// The folder of the files.
fn deploy() -> PathBuf {
    colloquy_tests::root().join("deploy")
}

/// Why the linters are not there, where that is no failure.
fn no_linters() -> Option<String> {
    let missing = python::newer("deploy", 10).err();
    missing
        .filter(|_| !colloquy_tests::is_ci())
        .map(|missing| missing.to_string())
}

/// A program of the linters' Python environment: `python` itself or one beside it.
fn linter(name: &str) -> Result<Command> {
    let python = python::newer("deploy", 10)?;
    Ok(Command::new(PathBuf::from(python).with_file_name(name)))
}

/// What a program prints; its complaints are the error.
fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{command:?} cannot be started"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{command:?}: {printed}{complaints}"
    );
    Ok(printed)
}
