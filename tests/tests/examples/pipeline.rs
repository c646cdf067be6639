//! `pipeline-rust`: a whole turn without HTTP.

use std::fs;

use anyhow::{Context, Result, ensure};
use colloquy_tests::recordings;
use colloquy_tests::speech::{Wav, word_error_rate};

use crate::workshop::{output, program};
use crate::{Case, always};

pub(crate) const CASES: &[Case] = &[
    ("pipeline_answers_text", answers_text, always),
    ("pipeline_answers_speech", answers_speech, always),
];

/// First words of lines without repetitions in a row: the kinds of events, in order.
fn kinds(printed: &str) -> Vec<&str> {
    let mut kinds: Vec<_> = printed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    kinds.dedup();
    kinds
}

/// The first line of a kind, without the kind.
fn first<'a>(printed: &'a str, kind: &str) -> Result<&'a str> {
    let mut lines = printed.lines();
    let found = lines.find_map(|line| line.strip_prefix(kind));
    found
        .map(str::trim)
        .with_context(|| format!("no {kind} in:\n{printed}"))
}

fn answers_text() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("answer.wav");
    let printed = output(
        program("pipeline-rust")
            .arg("What did she build at Harvard?")
            .arg(&file),
    )?;
    let kinds = kinds(&printed);
    ensure!(kinds[..3] == ["intent", "item", "sentence"], "{printed}");
    ensure!(
        kinds[3] == "audio" && kinds.last() == Some(&"done"),
        "{printed}"
    );
    ensure!(!kinds.contains(&"degraded"), "{printed}");
    // The programs for the machine that stood there.
    ensure!(printed.contains("mark-i"), "{printed}");

    let answer = Wav::parse(&fs::read(&file)?)?;
    let n_samples: usize = printed
        .lines()
        .filter_map(|line| {
            line.strip_prefix("audio")?
                .split_whitespace()
                .next()?
                .parse::<usize>()
                .ok()
        })
        .sum();
    ensure!(
        answer.samples.len() == n_samples,
        "{} of {n_samples} samples",
        answer.samples.len()
    );
    ensure!(
        answer.seconds() > 1.0 && answer.loudness() > 0.01,
        "nothing to hear"
    );
    Ok(())
}

fn answers_speech() -> Result<()> {
    let jfk = recordings::jfk()?;
    let printed = output(program("pipeline-rust").arg(&jfk.path))?;
    let kinds = kinds(&printed);
    ensure!(
        kinds[..2] == ["speech-started", "speech-stopped"],
        "{printed}"
    );
    let heard = first(&printed, "transcript")?;
    ensure!(word_error_rate(&jfk.text, heard) == 0.0, "{heard}");
    // The utterance ends before the answer begins, and both end with `done`.
    let done = kinds.iter().position(|kind| *kind == "done");
    let intent = kinds.iter().position(|kind| *kind == "intent");
    ensure!(done < intent && kinds.last() == Some(&"done"), "{printed}");
    Ok(())
}
