//! The intent stage reaches its targets on the test split: `cargo xtask eval intent` as a test.

use anyhow::{Context, Result, ensure};
use colloquy_tests::conform::{self, Stage};
use colloquy_tests::eval::measure::missed;
use colloquy_tests::eval::play::play;
use colloquy_tests::eval::report::report;
use colloquy_tests::eval::set::Set;
use colloquy_tests::eval::shipped::Shipped;
use colloquy_tests::root;

#[test]
fn the_intent_stage_reaches_its_targets_on_the_test_split() -> Result<()> {
    let component = root().join("dist/components/intent-rules.wasm");
    let settings = conform::settings(Stage::Intent, &component, &root().join("colloquy.toml"))
        .context("run `cargo xtask test`")?;
    let mut stage = Shipped::open(settings)?;
    let file = root().join("tests/eval/intent/test.toml");
    let set = Set::read(&file, &stage.item_ids()?)?;
    ensure!(set.dialogues.len() >= 100, "the split is not complete");
    let played = play(&mut stage, &set)?;
    // Figures only: the questions of this split are not for whoever changes the rules.
    ensure!(missed(&played).is_empty(), "{}", report(&played));
    Ok(())
}
