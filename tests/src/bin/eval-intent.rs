//! `cargo xtask eval intent`: the figures of an intent component over a labelled set; a target that is missed makes the exit code 1.
#![expect(
    clippy::print_stdout,
    reason = "the figures on the terminal are the purpose"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use colloquy_tests::conform::{self, Stage};
use colloquy_tests::eval::measure::missed;
use colloquy_tests::eval::play::play;
use colloquy_tests::eval::report::{failures, report};
use colloquy_tests::eval::set::Set;
use colloquy_tests::eval::shipped::Shipped;

/// Measure how well an intent component understands questions over the sample content.
#[derive(Parser)]
#[command(name = "cargo xtask eval intent", max_term_width = 100)]
struct Arguments {
    /// The labelled dialogues; tune with the development sets only
    #[arg(long, value_enum, default_value_t = Split::Test)]
    split: Split,
    /// The component to measure
    #[arg(long, value_name = "FILE")]
    component: PathBuf,
    /// A folder that it may read (repeatable). Without --mount it gets what the intent section of the configuration grants when that names this file, and content/ otherwise
    #[arg(long, value_name = "GUEST=HOST", value_parser = pair)]
    mount: Vec<(String, String)>,
    /// A variable of its environment (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,
    /// Also print every question about which something is wrong
    #[arg(long)]
    failures: bool,
    /// Only these categories (repeatable); targets are not judged then
    #[arg(long, value_name = "NAME")]
    category: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Split {
    Development,
    #[value(name = "development-2")]
    Development2,
    #[value(name = "development-3")]
    Development3,
    Test,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let root = colloquy_tests::root();
    let config = root.join("colloquy.toml");
    let mut settings = conform::settings(Stage::Intent, &arguments.component, &config)?;
    if settings.mounts.is_empty() {
        settings.mounts = [("content".to_owned(), root.join("content"))].into();
    }
    if !arguments.mount.is_empty() {
        let mounts = arguments.mount.into_iter();
        settings.mounts = mounts
            .map(|(inside, folder)| (inside, folder.into()))
            .collect();
    }
    settings.environment.extend(arguments.env);
    let mut stage = Shipped::open(settings)?;
    let file = match arguments.split {
        Split::Development => "development.toml",
        Split::Development2 => "development-2.toml",
        Split::Development3 => "development-3.toml",
        Split::Test => "test.toml",
    };
    let file = root.join("tests/eval/intent").join(file);
    let mut set = Set::read(&file, &stage.item_ids()?)?;
    let is_part = !arguments.category.is_empty();
    if is_part {
        set.dialogues
            .retain(|dialogue| arguments.category.contains(&dialogue.category));
    }
    let played = play(&mut stage, &set)?;
    if arguments.failures {
        println!("{}", failures(&played));
    }
    print!("{}", report(&played));
    Ok(if is_part || missed(&played).is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
