//! The console in a real browser, with a recording in place of the microphone: what a person sees and hears who opens `/`.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::Host;
use colloquy_tests::{browser, python, root};
use serde::Deserialize;

use super::SharedCase;

pub(crate) const CASES: &[SharedCase] = &[(
    "console::a_person_asks_in_writing_and_out_loud",
    a_person_asks_in_writing_and_out_loud,
)];

#[derive(Debug, Deserialize)]
struct Shown {
    written: Turn,
    spoken: Turn,
    voices: usize,
}

#[derive(Debug, Deserialize)]
struct Turn {
    question: String,
    answer: String,
    notes: String,
    cards: Vec<String>,
    /// Seconds of audio played so far.
    played: f64,
}

#[expect(clippy::print_stderr, reason = "a case that is skipped says why")]
fn a_person_asks_in_writing_and_out_loud(host: &Host) -> Result<()> {
    if let Some(why) = browser::missing() {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let browser = browser::chromium().context("there is no Chromium")?;
    let (_folder, question) = python::spoken(&["What was the first compiler she wrote?"])?;
    let output = Command::new("node")
        .arg(root().join("tests/tools/console.mjs"))
        .arg(&host.url)
        .arg(browser)
        .arg(&question[0])
        .arg("5")
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the page: {errors}");
    let Shown {
        written,
        spoken,
        voices,
    } = serde_json::from_slice(&output.stdout)?;

    ensure!(
        written.question == "What did she build at Harvard?",
        "{written:?}"
    );
    ensure!(
        written.answer.contains("Harvard") && !written.cards.is_empty(),
        "{written:?}"
    );
    ensure!(
        written.played > 1.0 && written.notes.contains("first audio after"),
        "{written:?}"
    );
    ensure!(
        spoken.question.to_lowercase().contains("compiler"),
        "{spoken:?}"
    );
    ensure!(
        spoken.answer.contains("A-0") && spoken.cards.iter().any(|title| title.contains("A-0")),
        "{spoken:?}"
    );
    ensure!(spoken.played > written.played + 1.0, "{spoken:?}");
    ensure!(
        voices >= 2,
        "the default voice and those of the service, not {voices}"
    );
    Ok(())
}
