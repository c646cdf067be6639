//! `bench`: ratios of two things measured in turns on this machine.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use super::{build, models, preinit, recordings, setup, test};
use crate::{cargo, paths, python, run};

/// What is measured.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// Our turn and the usual Python stack.
    Turns,
    /// Components with their models inside and those that read them.
    Preinit,
    /// A host at half of what it can do, for ten minutes: whether a turn fails, whether memory grows.
    Soak,
}

/// Runs a benchmark program of the test crate with what it needs at hand. `args` goes to it.
pub(crate) fn run(what: What, args: &[String]) -> Result<()> {
    match what {
        What::Turns => turns(args),
        What::Preinit => {
            setup::run()?;
            recordings::run(&[])?;
            preinit::prepare(Path::new(super::CONFIG))?;
            let mut bench = program("bench-preinit", args)?;
            run::shown(test::environment(&mut bench)?)
        }
        What::Soak => {
            setup::run()?;
            models::run(&[])?;
            recordings::run(&[])?;
            build::run()?;
            run::shown(test::environment(&mut program("soak", args)?)?)
        }
    }
}

/// With the peer's models and packages.
fn turns(args: &[String]) -> Result<()> {
    setup::run()?;
    models::run(&[])?;
    recordings::run(&["peer"])?;
    let python = python::environment("peer")?;
    build::run()?;
    let recordings = paths::recordings()?;
    let mut bench = program("bench", args)?;
    test::environment(&mut bench)?
        .env("COLLOQUY_PYTHON", python)
        .env("COLLOQUY_WHISPER", recordings.join("peer/whisper-tiny.en"))
        .env("COLLOQUY_SILERO", recordings.join("peer/silero_vad.onnx"));
    run::shown(&mut bench)
}

fn program(name: &str, args: &[String]) -> Result<Command> {
    let mut bench = Command::new(cargo::test_program(name)?);
    bench.args(args);
    Ok(bench)
}
