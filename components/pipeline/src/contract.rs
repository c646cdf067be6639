//! The data types of the WIT contracts as plain Rust, so that the turn can be tested without a component runtime.
//!
//! `component.rs` tells the bindings generator to use these types instead of its own, which is why each has exactly the fields of its WIT
//! counterpart (a difference does not compile) and why types that packages repeat (the error, `metric`, `turn`) exist once, in this file.
//! What only one package has is in a module of its name; `pipeline` itself has one for each interface.
#![expect(
    missing_docs,
    reason = "the WIT files document every field; a second copy of those texts would drift"
)]

pub mod asr;
pub mod content;
pub mod events;
pub mod ingest;
pub mod intent;
pub mod listen;
pub mod llm;
pub mod respond;
pub mod speak;
pub mod tts;
pub mod vad;

/// Why a call failed, the same in every package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    InvalidInput(String),
    Unsupported(String),
    Busy(Option<u32>),
    Deadline,
    Unavailable(String),
    Internal(String),
}

/// What runs behind a stage's interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    pub name: String,
    pub version: String,
    pub model: Option<String>,
    pub languages: Vec<String>,
    pub needs: Vec<String>,
}

/// What time may be taken for: the same in `asr`, `llm`, `listen` and `respond`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Strategy {
    Fast,
    #[default]
    Balanced,
    High,
}

/// `listen.degradation` and `respond.degradation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degradation {
    pub stage: String,
    pub reason: String,
}

/// A stretch of speech in samples at 16 kHz: `vad.segment` and `asr.span`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start_sample: u64,
    pub end_sample: u64,
}

impl Span {
    /// Length in samples.
    pub fn len(&self) -> u64 {
        self.end_sample.saturating_sub(self.start_sample)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `content.metric`, `llm.metric` and `respond.metric`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    pub label: String,
    pub value: String,
}

/// `content.score` and `respond.score`.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub total: f32,
    pub keyword: f32,
    pub technology: f32,
    pub recency: f32,
    pub impact: f32,
    pub reasons: Vec<String>,
}

/// An earlier turn: `intent.turn` and `respond.turn`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub user: String,
    pub assistant: String,
    pub intent: Option<String>,
    pub item_ids: Vec<String>,
    pub item_type: Option<String>,
}

/// A stage as both halves describe it: `listen.stage` and `respond.stage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    pub stage: String,
    pub name: String,
    pub version: String,
    pub model: Option<String>,
    pub languages: Vec<String>,
}
