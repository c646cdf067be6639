//! `fuzz`: gives what reads bytes from outside random ones, for a bounded time.
//!
//! The targets in `tests/fuzz` are those of cargo-fuzz, and `cargo fuzz` runs them too. Here they are compiled as it does without a sanitizer,
//! which a stable compiler can do, so that nothing has to be installed. What was found interesting is kept in the cache, and tried
//! first the next time.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{recordings, setup};
use crate::{cargo, paths, python, run, ui};

/// Counters at every edge and the operands of comparisons, for libFuzzer to steer by (LLVM's SanitizerCoverage).
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Longest input in bytes: enough for a recording with its headers, and for a content base.
const MAX_INPUT: u32 = 65_536;
/// An input that takes longer, in seconds, is a finding; machines are slow at times.
const MAX_SECONDS: u32 = 30;
/// So is one that takes more memory, in MiB.
const MAX_MEMORY: u32 = 2_048;

/// A recording, of which the beginning is enough: half a second of 16-bit samples at 16 kHz. Decoders take a file that ends early.
const SPEECH: &str = "pywhispercpp/jfk.wav";
const SPEECH_BYTES: usize = 44 + 16_000;

/// Runs one target or all of them, each for so many seconds.
pub(crate) fn run(only: Option<&str>, seconds: u32) -> Result<()> {
    setup::run()?;
    let programs = build()?;
    let chosen: Vec<_> = programs
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == name))
        .collect();
    ensure!(
        !chosen.is_empty(),
        "there is no target `{}`; there are {}",
        only.unwrap_or_default(),
        programs
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    );
    for (name, program) in chosen {
        ui::step("Fuzzing", format!("{name} for {seconds} s"));
        fuzz(name, program, seconds)
            .with_context(|| format!("{name}: the input is in {}", findings().display()))?;
    }
    Ok(())
}

/// The targets by name, compiled.
fn build() -> Result<Vec<(String, PathBuf)>> {
    let folder = paths::root().join("tests/fuzz");
    let mut command = cargo::cargo();
    command
        .current_dir(&folder)
        // With a target named, programs of the build are not instrumented.
        .args([
            "build",
            "--release",
            "--locked",
            "--bins",
            "--target",
            &host()?,
        ])
        .env("CARGO_TARGET_DIR", target().join("fuzz"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", COVERAGE);
    let made = cargo::build(&mut command).context("the targets in tests/fuzz")?;
    Ok(made
        .into_iter()
        .map(|made| (made.name, made.path))
        .collect())
}

fn fuzz(name: &str, program: &Path, seconds: u32) -> Result<()> {
    let corpus = paths::cache()?.join("fuzz").join(name);
    std::fs::create_dir_all(&corpus).with_context(|| corpus.display().to_string())?;
    std::fs::create_dir_all(findings())?;
    let seeds = seeds(name)?;
    let mut command = Command::new(program);
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={MAX_INPUT}"))
        .arg(format!("-timeout={MAX_SECONDS}"))
        .arg(format!("-rss_limit_mb={MAX_MEMORY}"))
        .arg(format!("-artifact_prefix={}/{name}-", findings().display()))
        .args(["-print_final_stats=1", "-verbosity=0"])
        .arg(&corpus)
        .args(seeds)
        .current_dir(paths::root());
    run::shown(&mut command)
}

/// Folders with inputs to begin with. Recordings are made by other encoders than ours.
fn seeds(name: &str) -> Result<Vec<PathBuf>> {
    let own = paths::root().join("tests/fuzz/seeds").join(name);
    let mut folders = Vec::from_iter(own.is_dir().then_some(own));
    if name == "ingest" {
        let folder = paths::cache()?.join("fuzz/seeds/ingest");
        if !folder.join("manifest.json").is_file() {
            std::fs::create_dir_all(&folder)?;
            recordings::run(&[])?;
            let mut speech = std::fs::read(paths::recordings()?.join(SPEECH)).context(SPEECH)?;
            speech.truncate(SPEECH_BYTES);
            let short = paths::cache()?.join("fuzz/seeds/speech.wav");
            std::fs::write(&short, speech)?;
            let script = paths::root().join("tests/tools/encode_fixtures.py");
            let mut encode = Command::new(python::environment("tests")?);
            run::quiet(encode.arg(script).arg(short).arg(&folder))
                .context("recordings to begin with")?;
        }
        folders.push(folder);
    }
    Ok(folders)
}

/// Where inputs go that are a finding.
fn findings() -> PathBuf {
    target().join("fuzz/findings")
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| paths::root().join("target"), PathBuf::from)
}

/// The platform that this compiler compiles for.
fn host() -> Result<String> {
    let about = run::text(Command::new("rustc").arg("-vV"))?;
    let line = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc -vV names no host")?.to_owned())
}
