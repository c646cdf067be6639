//! `bench`: our turn and the usual Python stack, alternating on this machine.

use anyhow::Result;

use super::{build, models, recordings, setup, test};
use crate::{cargo, paths, python, run};

/// Runs the benchmark program of the test crate with the peer's models and packages at hand. `args` goes to it.
pub(crate) fn run(args: &[String]) -> Result<()> {
    setup::run()?;
    models::run(&[])?;
    recordings::run(&["peer"])?;
    let python = python::environment("peer")?;
    build::run()?;
    let recordings = paths::recordings()?;
    let mut bench = cargo::cargo();
    bench
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "colloquy-tests",
            "--bin",
            "bench",
            "--",
        ])
        .args(args);
    test::environment(&mut bench)?
        .env("COLLOQUY_PYTHON", python)
        .env("COLLOQUY_WHISPER", recordings.join("peer/whisper-tiny.en"))
        .env("COLLOQUY_SILERO", recordings.join("peer/silero_vad.onnx"));
    run::shown(&mut bench)
}
