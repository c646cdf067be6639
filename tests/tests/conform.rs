//! The conformance suite itself: our stages keep their contracts, and so does one in another language; for each promise that a stage
//! breaks on purpose, exactly the checks of that promise fail.
#![allow(
    clippy::indexing_slicing,
    reason = "a wrong index in test code is a failed test"
)]
#![allow(
    clippy::print_stdout,
    reason = "the harness shows it when a test fails"
)]

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use colloquy_tests::conform::rig::Settings;
use colloquy_tests::conform::verdict::{Unmet, Verdict};
use colloquy_tests::conform::{self, Check, Stage};
use colloquy_tests::host::{Host, stage};
use colloquy_tests::root;

/// Memory for CPython inside of a component; this stage does with 14, and the one in Rust has 128 in `colloquy.toml`.
const PYTHON_MIB: usize = 64;

fn settings(stage: Stage, file: &str) -> Result<Settings> {
    let file = root().join("dist").join(file);
    conform::settings(stage, &file, &root().join("colloquy.toml")).context("run `cargo xtask test`")
}

/// Runs the suite; every line of it is in the output of a failed test.
fn verdicts(stage: Stage, settings: Settings) -> Result<Vec<(Check, Verdict)>> {
    conform::run(stage, settings, "", |check, verdict| {
        println!("{}: {verdict:?}", check.name)
    })
}

/// Nothing fails, and with the recordings there, next to nothing is left undecided.
fn keeps_its_contract(stage: Stage, settings: Settings) -> Result<()> {
    ensure!(
        settings.recordings.is_some(),
        "no recordings: run `cargo xtask test`"
    );
    let verdicts = verdicts(stage, settings)?;
    let undecided: Vec<_> = verdicts
        .iter()
        .filter(|(_, verdict)| matches!(verdict, Err(Unmet::Skipped(_))))
        .collect();
    ensure!(
        conform::failed(&verdicts).is_empty(),
        "{:?}",
        conform::failed(&verdicts)
    );
    ensure!(undecided.is_empty(), "{undecided:?}");
    Ok(())
}

macro_rules! ours {
    ($($name:ident: $stage:ident $component:literal),*) => { $(
        #[test]
        fn $name() -> Result<()> {
            keeps_its_contract(Stage::$stage, settings(Stage::$stage, concat!("components/", $component, ".wasm"))?)
        }
    )* };
}
ours!(
    ingest_keeps_its_contract: Ingest "ingest",
    vad_keeps_its_contract: Vad "vad-silero",
    asr_keeps_its_contract: Asr "asr-whisper",
    intent_keeps_its_contract: Intent "intent-rules",
    llm_keeps_its_contract: Llm "llm-template",
    tts_keeps_its_contract: Tts "tts-piper"
);

/// Not the stage of the configuration, so it is given here what `docs/semantic.md` says.
#[test]
fn intent_by_meaning_keeps_its_contract() -> Result<()> {
    let mut settings = settings(Stage::Intent, "components/intent-semantic.wasm")?;
    for folder in ["content", "models/all-minilm-l6-v2"] {
        let inside = format!("/{folder}");
        settings.mounts.insert(inside, root().join(folder));
    }
    settings.memory = 192 << 20;
    keeps_its_contract(Stage::Intent, settings)
}

fn bad_vad(fault: &str) -> Result<Settings> {
    let mut settings = settings(Stage::Vad, "tests/bad-vad.wasm")?;
    settings.environment.insert("FAULT".into(), fault.into());
    Ok(settings)
}

#[test]
fn a_stage_without_a_model_passes_too() -> Result<()> {
    keeps_its_contract(Stage::Vad, bad_vad("none")?)
}

/// Each fault with the checks that find it.
const FAULTS: &[(&str, &[&str])] = &[
    ("name", &["describes itself"]),
    ("version", &["describes itself the same each time"]),
    ("range", &["gives one probability for each frame"]),
    (
        "order",
        &[
            "gives segments in order, without overlap, within the stream",
            "splits speech that is longer than asked for",
            "refuses options out of range",
        ],
    ),
    ("again", &["gives the same segments when finished again"]),
    ("empty", &["hears nothing in an empty stream"]),
    (
        "chunks",
        &[
            "gives one probability for each frame",
            "gives events in order, in turns",
            "gives the same for any chunking",
            "gives the same for any chunking of a recording",
            "keeps two streams apart",
        ],
    ),
    (
        "end",
        &["refuses samples after the end", "works again after errors"],
    ),
    (
        "case",
        &["refuses options out of range", "works again after errors"],
    ),
    ("hang", &["takes ten minutes at once, and not more"]),
];

#[test]
fn every_broken_promise_is_found() -> Result<()> {
    for (fault, expected) in FAULTS {
        let mut settings = bad_vad(fault)?;
        if *fault == "hang" {
            settings.deadline = Duration::from_secs(20);
        }
        let verdicts = verdicts(Stage::Vad, settings)?;
        let failed = conform::failed(&verdicts);
        ensure!(
            failed == *expected,
            "{fault}: expected {expected:?}, got {failed:?}"
        );
    }
    Ok(())
}

/// The stage that attacks the host in the system tests takes any request, which its contract forbids.
#[test]
fn a_stage_that_takes_anything_is_found() -> Result<()> {
    let verdicts = verdicts(Stage::Llm, settings(Stage::Llm, "tests/hostile-llm.wasm")?)?;
    let expected = [
        "refuses a request without messages",
        "refuses a request whose last message is not the user's",
        "works again after errors",
    ];
    ensure!(
        conform::failed(&verdicts) == expected,
        "{:?}",
        conform::failed(&verdicts)
    );
    Ok(())
}

#[test]
fn another_kind_of_stage_is_told_so() -> Result<()> {
    let verdicts = verdicts(
        Stage::Tts,
        settings(Stage::Tts, "components/llm-template.wasm")?,
    )?;
    let failed = conform::failed(&verdicts);
    ensure!(failed.len() == Stage::Tts.checks().len(), "{failed:?}");
    Ok(())
}

fn python() -> PathBuf {
    root().join("dist/examples/intent-python.wasm")
}

#[test]
fn a_stage_in_python_keeps_its_contract() -> Result<()> {
    let mut settings = settings(Stage::Intent, "examples/intent-python.wasm")?;
    settings
        .mounts
        .insert("/content".into(), root().join("content"));
    settings.memory = PYTHON_MIB << 20;
    keeps_its_contract(Stage::Intent, settings)
}

#[test]
fn a_stage_in_python_answers_through_our_host() -> Result<()> {
    let component = python().canonicalize().context("run `cargo xtask test`")?;
    let host = Host::configured(|config| {
        let intent = stage(config, "intent")?;
        intent.insert("component".into(), component.display().to_string().into());
        intent.insert("memory_mib".into(), i64::try_from(PYTHON_MIB)?.into());
        Ok(())
    })?;
    let answer = host.ask("What did she build at Harvard?", None)?;
    ensure!(
        answer["stages"]["intent"]
            .as_str()
            .is_some_and(|name| name.starts_with("intent-python@")),
        "{answer}"
    );
    let items = answer["items"].as_array().context("items")?;
    ensure!(!items.is_empty(), "{answer}");
    for item in items {
        ensure!(
            item["organisation"]
                .as_str()
                .is_some_and(|name| name.contains("Harvard")),
            "{item}"
        );
    }
    let words = answer["response"].as_str().context("response")?;
    let named = items.iter().any(|item| {
        item["title"]
            .as_str()
            .is_some_and(|title| words.contains(title))
    });
    ensure!(named, "{answer}");
    let found = host.get_json("/content/search?q=compiler")?;
    ensure!(found.to_string().contains("compiler"), "{found}");
    ensure!(
        host.ask("Hello there", None)?["items"] == serde_json::json!([]),
        "cards for a greeting"
    );
    Ok(())
}

#[test]
fn a_stage_in_a_few_lines_of_rust_keeps_its_contract() -> Result<()> {
    let verdicts = verdicts(
        Stage::Llm,
        settings(Stage::Llm, "tests/best-card-llm.wasm")?,
    )?;
    let left: Vec<_> = verdicts
        .iter()
        .filter(|(_, verdict)| verdict.is_err())
        .collect();
    // It has no tokens to count.
    ensure!(
        matches!(left.as_slice(), [(check, Err(Unmet::Skipped(_)))] if check.name.contains("tokens")),
        "{left:?}"
    );
    Ok(())
}

/// The page shows both stages in full. In the workspace, the one in Rust finds its contract elsewhere and is empty for other targets.
#[test]
fn the_page_shows_the_stages_as_they_are() -> Result<()> {
    let page = std::fs::read_to_string(root().join("docs/write-your-own-stage.md"))?;
    let python = std::fs::read_to_string(root().join("examples/intent-python/stage.py"))?;
    let rust = std::fs::read_to_string(root().join("tests/guests/best-card-llm/src/lib.rs"))?;
    let rust = rust
        .replace("#![cfg(target_family = \"wasm\")]\n", "")
        .replace("../../../wit", "wit");
    for (language, source) in [("python", python), ("rust", rust)] {
        let shown = format!("```{language}\n{source}```\n");
        ensure!(
            page.contains(&shown),
            "the {language} listing in the page is not the source"
        );
    }
    Ok(())
}
