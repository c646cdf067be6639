//! `cargo xtask conform STAGE FILE.wasm`: the promises of a stage's contract, one line each; a broken one makes the exit code 1.
#![expect(
    clippy::print_stdout,
    reason = "the verdicts on the terminal are the purpose"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use colloquy_tests::conform::verdict::Unmet;
use colloquy_tests::conform::{self, Stage};

/// Check whether a component keeps the contract of a stage.
#[derive(Parser)]
#[command(name = "cargo xtask conform", max_term_width = 100)]
struct Arguments {
    /// ingest, vad, asr, intent (with content), llm or tts
    stage: Stage,
    /// The component
    file: PathBuf,
    /// A folder that it may read (repeatable). Without --mount and --env it gets what the stage's section in the configuration
    /// grants, when that section names this file
    #[arg(long, value_name = "GUEST=HOST", value_parser = pair)]
    mount: Vec<(String, String)>,
    /// A variable of its environment (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,
    /// Most memory of an instance [default: as configured, or 512]
    #[arg(long, value_name = "MIB")]
    memory_mib: Option<usize>,
    /// How long one call may take [default: 60]
    #[arg(long, value_name = "SECONDS")]
    deadline_s: Option<u64>,
    /// Only checks whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// The host's configuration [default: colloquy.toml of the checkout]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let config = arguments
        .config
        .unwrap_or_else(|| colloquy_tests::root().join("colloquy.toml"));
    let mut settings = conform::settings(arguments.stage, &arguments.file, &config)?;
    if !arguments.mount.is_empty() {
        let mounts = arguments.mount.into_iter();
        settings.mounts = mounts
            .map(|(inside, folder)| (inside, folder.into()))
            .collect();
    }
    if !arguments.env.is_empty() {
        settings.environment = arguments.env.into_iter().collect();
    }
    if let Some(mib) = arguments.memory_mib {
        settings.memory = mib << 20;
    }
    if let Some(seconds) = arguments.deadline_s {
        settings.deadline = Duration::from_secs(seconds);
    }
    let (mut n_ok, mut n_failed, mut n_skipped) = (0, 0, 0);
    conform::run(
        arguments.stage,
        settings,
        &arguments.only,
        |check, verdict| match verdict {
            Ok(()) => {
                n_ok += 1;
                println!("ok       {}", check.name);
            }
            Err(Unmet::Failed { expected, got }) => {
                n_failed += 1;
                println!(
                    "FAILED   {}\n         expected: {expected}\n         got:      {got}",
                    check.name
                );
            }
            Err(Unmet::Skipped(reason)) => {
                n_skipped += 1;
                println!("skipped  {}: {reason}", check.name);
            }
        },
    )?;
    println!("\n{n_ok} ok, {n_failed} failed, {n_skipped} skipped");
    // Nothing that was tried is no proof.
    let kept = n_failed == 0 && n_ok > 0;
    Ok(if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
