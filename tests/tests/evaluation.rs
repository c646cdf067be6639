//! How well the intent stage understands: `cargo xtask eval intent` as a test.
//!
//! The targets are those of `measure.rs`, on the test split, whose questions nobody looks at who changes the stage; and on the questions that
//! it was made with, where less would be a mistake in the making.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use colloquy_tests::conform::rig::Settings;
use colloquy_tests::conform::{self, Stage};
use colloquy_tests::eval::measure::missed;
use colloquy_tests::eval::play::{Played, play};
use colloquy_tests::eval::report::report;
use colloquy_tests::eval::set::Set;
use colloquy_tests::eval::shipped::Shipped;
use colloquy_tests::root;

/// What `colloquy.toml` grants.
fn rules() -> Result<Settings> {
    settings("intent-rules")
}

/// What `docs/semantic.md` says.
fn semantic() -> Result<Settings> {
    let mut settings = settings("intent-semantic")?;
    for folder in ["content", "models/all-minilm-l6-v2"] {
        let inside = format!("/{folder}");
        settings.mounts.insert(inside, root().join(folder));
    }
    settings.memory = 192 << 20;
    Ok(settings)
}

fn settings(component: &str) -> Result<Settings> {
    let file = root().join(format!("dist/components/{component}.wasm"));
    conform::settings(Stage::Intent, &file, &root().join("colloquy.toml"))
        .context("run `cargo xtask test`")
}

fn played(settings: Settings, split: &str) -> Result<Vec<Played>> {
    let mut stage = Shipped::open(settings)?;
    let file = root().join(Path::new("tests/eval/intent").join(split));
    let set = Set::read(&file, &stage.item_ids()?)?;
    ensure!(set.dialogues.len() >= 100, "the split is not complete");
    play(&mut stage, &set)
}

#[test]
fn the_rules_reach_the_targets_on_the_questions_they_were_made_with() -> Result<()> {
    for split in [
        "development.toml",
        "development-2.toml",
        "development-3.toml",
    ] {
        let played = played(rules()?, split)?;
        ensure!(missed(&played).is_empty(), "{split}: {}", report(&played));
    }
    Ok(())
}

#[test]
fn the_rules_reach_the_targets_on_questions_that_nobody_looked_at() -> Result<()> {
    // Figures only: the questions of this split are not for whoever changes the rules.
    let played = played(rules()?, "test.toml")?;
    ensure!(missed(&played).is_empty(), "{}", report(&played));
    Ok(())
}

#[test]
fn the_meanings_reach_them_too() -> Result<()> {
    let played = played(semantic()?, "test.toml")?;
    ensure!(missed(&played).is_empty(), "{}", report(&played));
    Ok(())
}
