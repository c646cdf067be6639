//! Conformance: whether a component keeps the contract of a stage, whoever made it and in whatever language.
//!
//! `cargo xtask conform STAGE FILE.wasm` runs it. Each check is one promise that the WIT files under `wit/deps/` write down; nothing here
//! knows an implementation, so that an asr need not be Whisper. What is not checked: how good the results are (that a speech recogniser
//! understands is for its own tests), and limits whose proof would take minutes, such as the 65,536 segments that a vad remembers.
//!
//! Reading order: [`rig`] runs the component, [`verdict`] is what a check says, [`common`] is checked of every stage, then one file for
//! each stage.

mod asr;
pub(crate) mod bindings;
pub mod common;
mod content;
mod ingest;
mod intent;
mod llm;
mod llm_input;
pub mod rig;
mod section;
pub mod signals;
pub mod surroundings;
mod tts;
mod vad;
pub mod verdict;

use std::fmt;
use std::str::FromStr;

use rig::{Rig, Settings};
use verdict::{Unmet, Verdict};

pub use section::settings;

/// One promise of a contract.
#[derive(Clone, Copy)]
pub struct Check {
    /// In words, as it is printed.
    pub name: &'static str,
    /// Tries it.
    pub run: fn(&mut Rig) -> Verdict,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a stage's file is made of.
const fn check(name: &'static str, run: fn(&mut Rig) -> Verdict) -> Check {
    Check { name, run }
}

/// The kinds of stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Bytes to samples.
    Ingest,
    /// Samples to speech.
    Vad,
    /// Speech to text.
    Asr,
    /// Questions to intents, and the content base.
    Intent,
    /// Cards to answers.
    Llm,
    /// Text to speech.
    Tts,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Ingest,
        Self::Vad,
        Self::Asr,
        Self::Intent,
        Self::Llm,
        Self::Tts,
    ];

    /// As in `colloquy.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Vad => "vad",
            Self::Asr => "asr",
            Self::Intent => "intent",
            Self::Llm => "llm",
            Self::Tts => "tts",
        }
    }

    /// Its promises, in the order they are tried.
    #[must_use]
    pub fn checks(self) -> Vec<Check> {
        match self {
            Self::Ingest => ingest::CHECKS.to_vec(),
            Self::Vad => vad::CHECKS.to_vec(),
            Self::Asr => asr::CHECKS.to_vec(),
            Self::Intent => [intent::CHECKS, content::CHECKS].concat(),
            Self::Llm => llm::CHECKS.to_vec(),
            Self::Tts => tts::CHECKS.to_vec(),
        }
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|stage| stage.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{text:?} is not a stage; they are {names}")
        })
    }
}

/// Runs every check of a stage, or those whose name contains `only`, and tells each verdict as soon as it is known.
///
/// # Errors
/// The component cannot be loaded at all.
pub fn run(
    stage: Stage,
    settings: Settings,
    only: &str,
    mut tell: impl FnMut(&Check, &Verdict),
) -> anyhow::Result<Vec<(Check, Verdict)>> {
    let mut rig = Rig::open(settings)?;
    let mut verdicts = Vec::new();
    for check in stage
        .checks()
        .into_iter()
        .filter(|check| check.name.contains(only))
    {
        let verdict = (check.run)(&mut rig);
        // Whatever a check leaves open when it ends early must not disturb the next one.
        if verdict.is_err() {
            rig.fresh();
        }
        tell(&check, &verdict);
        verdicts.push((check, verdict));
    }
    Ok(verdicts)
}

/// The names of the checks that failed.
#[must_use]
pub fn failed(verdicts: &[(Check, Verdict)]) -> Vec<&'static str> {
    let failed = verdicts
        .iter()
        .filter(|(_, verdict)| matches!(verdict, Err(Unmet::Failed { .. })));
    failed.map(|(check, _)| check.name).collect()
}
