//! `embed-rust` and `embed-node`: one component, two hosts.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use colloquy_tests::recordings;
use colloquy_tests::speech::word_error_rate;

use crate::workshop::{Workshop, output, program, refusal};
use crate::{Case, always};

pub(crate) const CASES: &[Case] = &[
    ("embed_rust_and_node_hear_the_same", hear_the_same, always),
    (
        "embed_rust_and_node_say_what_is_wrong",
        say_what_is_wrong,
        always,
    ),
];

fn in_rust(file: &Path) -> Command {
    let mut command = program("embed-rust");
    command.arg(file);
    command
}

fn in_node(workshop: &Workshop, file: &Path) -> Command {
    let mut command = Command::new("node");
    command
        .arg("transcribe.mjs")
        .arg(file)
        .current_dir(workshop.path());
    command
}

fn hear_the_same() -> Result<()> {
    let jfk = recordings::jfk()?;
    let workshop = Workshop::build("embed-node")?;
    let rust = output(&mut in_rust(&jfk.path))?;
    let node = output(&mut in_node(&workshop, &jfk.path))?;
    let errors = word_error_rate(&jfk.text, &rust);
    ensure!(errors == 0.0, "{errors:.2} of the words are wrong: {rust}");
    ensure!(rust == node, "Rust heard {rust:?}, Node {node:?}");
    Ok(())
}

fn say_what_is_wrong() -> Result<()> {
    let workshop = Workshop::build("embed-node")?;
    let (jfk, nothing) = (recordings::jfk()?.path, tempfile::tempdir()?);

    // A file that is not a recording.
    let page = workshop.path().join("README.md");
    for error in [
        refusal(&mut in_rust(&page))?,
        refusal(&mut in_node(&workshop, &page))?,
    ] {
        ensure!(error.contains("README.md"), "{error}");
    }
    // A folder without a model: an error of the component itself.
    let component = "dist/components/asr-whisper.wasm";
    let rust = refusal(in_rust(&jfk).arg(component).arg(nothing.path()))?;
    let node = refusal(in_node(&workshop, &jfk).arg(nothing.path()))?;
    for error in [rust, node] {
        ensure!(error.to_lowercase().contains("unavailable"), "{error}");
        ensure!(error.contains("model.json"), "{error}");
    }
    Ok(())
}
