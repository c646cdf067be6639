//! Which component is which stage, and what the places allow where an application goes.

use anyhow::{Context, Result};

/// A choice of stages.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) name: &'static str,
    /// Below `dist/`; empty for `dist/` itself.
    pub(super) folder: &'static str,
    pub(super) stages: &'static [Stage],
    pub(super) limits: Option<Limits>,
}

/// A component in the place of a stage.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) component: &'static str,
    /// Folders that it reads at run time, below the root of the checkout.
    pub(super) files: &'static [&'static str],
}

/// What a hosted edge allows, and what of it is taken.
#[derive(Debug)]
pub(super) struct Limits {
    /// Of all files of an application.
    pub(super) application_mib: u64,
    /// Of all components that serve a request.
    pub(super) memory_mib: u64,
    /// The most linear memory of each component in a turn, in MiB.
    pub(super) needs: &'static [(&'static str, u64)],
}

static PROFILES: [Profile; 2] = [
    Profile {
        name: super::DEFAULT_PROFILE,
        folder: "",
        stages: &[
            stage("ingest", &[]),
            stage("vad-silero", &["models/silero-vad"]),
            stage("asr-whisper", &["models/whisper-tiny.en"]),
            stage("intent-rules", &["content"]),
            stage("llm-template", &["content"]),
            stage("tts-piper", &["models/piper-en_US-joe-medium"]),
        ],
        limits: None,
    },
    Profile {
        name: "edge",
        folder: "edge-profile",
        stages: &[
            stage("ingest", &[]),
            stage("vad-silero", &["models/silero-vad"]),
            stage("asr-remote", &[]),
            stage("intent-rules", &["content"]),
            stage("llm-template", &["content"]),
            stage("tts-openai", &[]),
        ],
        // Akamai Functions, as documented in 2026; Fermyon Cloud allows more.
        limits: Some(Limits {
            application_mib: 50,
            memory_mib: 128,
            // Measured with our host: a question of 30 s as wav of 48 kHz in stereo (5.7 MB) and an answer of 30 s, `memory_mib` of
            // each section lowered until the turn failed. That was at 11 (gateway and pipeline), 16, 7, 5, 2, 2 and 2; here is half as
            // much again, or more where other recordings and answers make more of a difference.
            needs: &[
                ("gateway", 20),
                ("pipeline", 6),
                ("ingest", 24),
                ("vad-silero", 11),
                ("asr-remote", 12),
                ("intent-rules", 6),
                ("llm-template", 4),
                ("tts-openai", 8),
                ("events-log", 2),
                ("host-unknown", 2),
            ],
        }),
    },
];

const fn stage(component: &'static str, files: &'static [&'static str]) -> Stage {
    Stage { component, files }
}

/// The profile of this name.
pub(super) fn named(name: &str) -> Result<&'static Profile> {
    let names: Vec<_> = PROFILES.iter().map(|profile| profile.name).collect();
    PROFILES
        .iter()
        .find(|profile| profile.name == name)
        .with_context(|| format!("there is no profile `{name}`, only {}", names.join(" and ")))
}
