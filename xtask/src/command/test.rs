//! `test`: everything the tests need, then all of them.

use std::process::Command;

use anyhow::Result;

use super::{build, models, recordings, setup};
use crate::{cargo, node, paths, python, run};

/// Runs every test of the workspace. `args` goes to the test programs.
pub(crate) fn run(args: &[String]) -> Result<()> {
    setup::run()?;
    models::run(&[])?;
    recordings::run(&[])?;
    let python = python::environment("tests")?;
    let node = node::environment()?;
    build::run()?;
    build::test_guests()?;
    build::examples()?;
    // In the profile it is running in, where its dependencies are compiled already.
    let own = run::shown(
        cargo::cargo()
            .args(["test", "--package", "xtask", "--"])
            .args(args),
    );
    let mut all = cargo::cargo();
    all.args([
        "test",
        "--release",
        "--workspace",
        "--exclude",
        "xtask",
        "--no-fail-fast",
    ]);
    run::shown(
        environment(&mut all)?
            .env("COLLOQUY_PYTHON", python)
            .env("COLLOQUY_NODE", node)
            .arg("--")
            .args(args),
    )?;
    own
}

/// What tests and benchmarks find their material by.
pub(crate) fn environment(command: &mut Command) -> Result<&mut Command> {
    let recordings = paths::recordings()?;
    Ok(command
        .env("COLLOQUY_ROOT", paths::root())
        .env("COLLOQUY_TEST_DATA", &recordings)
        .env(
            "COLLOQUY_VOICE",
            recordings.join("voice/en_US-joe-medium.onnx"),
        ))
}
