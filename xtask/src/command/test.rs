//! `test`: everything the tests need, then all of them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{build, fuzz, models, preinit, python_stage, recordings, setup};
use crate::{cargo, node, paths, python, run};

/// For each target: enough to find what a change broke, not what nobody has found yet.
const FUZZ_SECONDS: u32 = 15;

/// Runs every test of the workspace, then the fuzz targets for a while. `args` goes to the test programs.
pub(crate) fn run(args: &[String]) -> Result<()> {
    setup::run()?;
    // The component that reads it is not the default, but it is tested.
    models::run(&["all-minilm-l6-v2".to_owned()])?;
    // The model in the form that other engines take, and a language model: servers that are not ours run on them.
    recordings::run(&["peer", "smollm2"])?;
    let python = python::environment("tests")?;
    // Their packages need a newer Python than ours; without it the cases of each are skipped and say so, except with
    // `CI` set: there they fail.
    let upstream = server("upstream", 10)?;
    let speech = server("speech", 11)?;
    let client = server("client", 11)?;
    let deploy = server("deploy", 10)?;
    let node = node::environment()?;
    build::run()?;
    build::test_guests()?;
    python_stage::build()?;
    preinit::run(&paths::root().join(super::CONFIG))?;
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
        node.lend(environment(&mut all)?)
            .env("COLLOQUY_PYTHON", python)
            .envs(upstream.map(|python| ("COLLOQUY_UPSTREAM_PYTHON", python)))
            .envs(speech.map(|python| ("COLLOQUY_SPEECH_PYTHON", python)))
            .envs(client.map(|python| ("COLLOQUY_CLIENT_PYTHON", python)))
            .envs(deploy.map(|python| ("COLLOQUY_DEPLOY_PYTHON", python)))
            .arg("--")
            .args(args),
    )?;
    own?;
    // Who chooses among the tests wants those.
    if args.is_empty() {
        fuzz::run(None, FUZZ_SECONDS)?;
    }
    Ok(())
}

/// The environment of a server or a tool that needs Python 3.`minor`; none with an older one.
fn server(name: &str, minor: u8) -> Result<Option<PathBuf>> {
    if python::is_at_least(minor)? {
        python::environment(name).map(Some)
    } else {
        Ok(None)
    }
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
