//! A case as it is written in `tests/conformance/*.toml`: requests in order, and what is known of their answers beforehand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// One file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The name of the file without its ending.
    #[serde(skip)]
    pub(crate) name: String,
    /// What it is about, for people.
    #[serde(rename = "about")]
    _about: String,
    /// The requests, one after the other.
    #[serde(rename = "step")]
    pub(crate) steps: Vec<Step>,
}

/// A request and what is expected of its answer, besides being the golden one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// Method and path, such as `POST /process`. Here and in headers, `{name}` stands for a value that an earlier step saved.
    pub(crate) request: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// A JSON body.
    pub(crate) json: Option<serde_json::Value>,
    /// A body as it is.
    pub(crate) text: Option<String>,
    /// A JSON body `{"text": "aaa..."}` with a text of so many letters.
    pub(crate) letters: Option<usize>,
    /// A form with a file.
    pub(crate) upload: Option<Upload>,
    /// Name to JSON pointer: values of the answer for later steps.
    #[serde(default)]
    pub(crate) save: BTreeMap<String, String>,
    pub(crate) expect: Expect,
}

/// A multipart form: a file in the field `audio_file`, and other fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upload {
    /// A fetched recording, such as `pywhispercpp/jfk.wav`.
    pub(crate) recording: Option<String>,
    /// Digital silence at 16 kHz instead.
    pub(crate) silence_ms: Option<u32>,
    /// This text instead, as a file that is no audio.
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, String>,
}

/// What is known beforehand. Pointers are into the answer's JSON, or into the data of the last event of a stream.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) status: u16,
    /// JSON pointer to exactly this value; `{name}` stands for a saved one in texts.
    #[serde(default)]
    pub(crate) equal: BTreeMap<String, serde_json::Value>,
    /// JSON pointer to these words, in any case and with any punctuation.
    #[serde(default)]
    pub(crate) words: BTreeMap<String, String>,
    /// The ids of the cards of an answer, in any order.
    pub(crate) cards: Option<Vec<String>>,
    /// The names of the events of a stream in the order in which they first appear; the last one ends the stream.
    pub(crate) events: Option<Vec<String>>,
    /// Names of headers that the answer must have, with what they begin with.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
}

/// Values of earlier answers, by name.
#[derive(Debug, Default)]
pub(crate) struct Saved(pub(crate) BTreeMap<String, String>);

impl Saved {
    /// The text with its placeholders replaced.
    pub(crate) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }
}

/// The folder of the cases.
pub(crate) fn folder() -> PathBuf {
    colloquy_tests::root().join("tests/conformance")
}

/// All cases, by name.
pub(crate) fn all() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder())? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            cases.push(read(&path).with_context(|| path.display().to_string())?);
        }
    }
    ensure!(!cases.is_empty(), "no cases in {}", folder().display());
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(cases)
}

fn read(path: &Path) -> Result<Case> {
    let mut case: Case = toml::from_str(&std::fs::read_to_string(path)?)?;
    let name = path.file_stem().context("a file has a name")?;
    case.name = name.to_string_lossy().into_owned();
    Ok(case)
}
