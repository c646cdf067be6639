//! The data types of the WIT contracts as plain Rust, so that the router can be tested without a component runtime.
//!
//! `component/bindings.rs` tells the bindings generator to use these types instead of its own, which is why each has exactly the fields
//! of its WIT counterpart: a difference does not compile.
#![expect(
    missing_docs,
    reason = "the WIT files document every field; a second copy of those texts would drift"
)]

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

/// `content.metric` and `respond.metric`.
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

/// An earlier turn: `respond.turn`.
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

/// Package `colloquy:content`.
pub mod content {
    use super::{Metric, Score};

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ItemType {
        pub name: String,
        pub title: String,
        pub n_items: u32,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Item {
        pub id: String,
        pub type_name: String,
        pub title: String,
        pub summary: String,
        pub details: String,
        pub organisation: Option<String>,
        pub start_year: Option<i32>,
        pub end_year: Option<i32>,
        pub technologies: Vec<String>,
        pub keywords: Vec<String>,
        pub metrics: Vec<Metric>,
        pub impact: f32,
        pub url: Option<String>,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Hit {
        pub item: Item,
        pub score: Score,
    }

    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Filter {
        pub type_name: Option<String>,
        pub technologies: Vec<String>,
        pub organisation: Option<String>,
        pub from_year: Option<i32>,
        pub to_year: Option<i32>,
    }
}

/// How much time an answer may take for its quality: the same in `listen` and `respond`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Strategy {
    Fast,
    #[default]
    Balanced,
    High,
}

impl Strategy {
    /// The name that clients and settings use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Balanced => "balanced",
            Self::High => "high",
        }
    }

    /// The strategy of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Fast, Self::Balanced, Self::High]
            .into_iter()
            .find(|strategy| strategy.name() == name)
    }
}

/// A stage that fell back: the same in `listen` and `respond`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degradation {
    pub stage: String,
    pub reason: String,
}

/// Package `colloquy:events`.
pub mod events {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Turn {
        pub session_id: String,
        pub request_id: String,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct TranscriptReady {
        pub turn: Turn,
        pub language: String,
        pub confidence: f32,
        pub n_characters: u32,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AudioProcessed {
        pub turn: Turn,
        pub duration_ms: u32,
        pub speech_ms: u32,
        pub took_ms: u32,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ResponseGenerated {
        pub turn: Turn,
        pub intent: String,
        pub n_items: u32,
        pub item_type: Option<String>,
        pub first_audio_ms: Option<u32>,
        pub total_ms: u32,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct StageDegraded {
        pub turn: Turn,
        pub stage: String,
        pub reason: String,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SessionEnded {
        pub session_id: String,
        pub n_turns: u32,
        pub duration_ms: u64,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AudioStored {
        pub session_id: String,
        pub n_bytes: u64,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Removal {
        Expired,
        SessionEnded,
        Evicted,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AudioRemoved {
        pub session_id: String,
        pub n_bytes: u64,
        pub reason: Removal,
        pub was_served: bool,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Swept {
        pub n_sessions: u32,
        pub n_audio: u32,
        pub is_complete: bool,
        pub took_ms: u32,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum BreakerState {
        Closed,
        Open,
        HalfOpen,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct BreakerChanged {
        pub upstream: String,
        pub before: BreakerState,
        pub now: BreakerState,
        pub n_failures: u32,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub enum Event {
        TurnStarted(Turn),
        AudioProcessed(AudioProcessed),
        TranscriptReady(TranscriptReady),
        ResponseGenerated(ResponseGenerated),
        StageDegraded(StageDegraded),
        SessionEnded(SessionEnded),
        BreakerChanged(BreakerChanged),
        AudioStored(AudioStored),
        AudioRemoved(AudioRemoved),
        Swept(Swept),
    }
}

pub mod speak;

/// Interface `colloquy:pipeline/listen`.
pub mod listen {
    pub use super::Degradation;
    use super::Strategy;

    #[derive(Debug, Clone, PartialEq)]
    pub struct Options {
        pub session_id: String,
        pub request_id: String,
        pub language: Option<String>,
        pub prompt: Option<String>,
        pub max_bytes: u64,
        pub min_duration_ms: u32,
        pub max_duration_ms: u32,
        pub strategy: Strategy,
        pub temperature: f32,
    }

    /// Why a recording was rejected.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Rejection {
        TooShort,
        TooLong,
        TooLarge,
        UnsupportedFormat,
        Malformed,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Segment {
        pub start_ms: u32,
        pub end_ms: u32,
        pub text: String,
        pub tokens: Vec<u32>,
        pub avg_logprob: f32,
        pub no_speech_prob: f32,
        pub temperature: f32,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Transcript {
        pub text: String,
        pub language: String,
        pub confidence: f32,
        pub duration_ms: u32,
        pub speech_ms: u32,
        pub segments: Vec<Segment>,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Report {
        pub ingest_ms: u32,
        pub vad_ms: u32,
        pub asr_ms: u32,
        pub format: String,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub enum Event {
        SpeechStarted(u32),
        SpeechStopped(u32),
        Partial(String),
        Degraded(Degradation),
        Transcript(Transcript),
        Done(Report),
    }
}

/// Interface `colloquy:host/status`.
pub mod host {
    /// One implementation of a stage.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Stage {
        pub stage: String,
        pub section: String,
        pub name: Option<String>,
        pub version: Option<String>,
        pub model: Option<String>,
        pub digest: String,
        pub is_ready: bool,
        pub reason: Option<String>,
        pub n_instances: u32,
        pub n_loaded: u32,
        pub n_busy: u32,
        pub n_waiting: u32,
        pub max_waiting: u32,
    }

    /// A key-value store; one that only the gateway knows of has no backend.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Store {
        pub name: String,
        pub backend: Option<String>,
        pub failure: Option<String>,
        pub n_bytes: Option<u64>,
        pub n_keys: Option<u64>,
        pub max_bytes: Option<u64>,
    }

    /// A server that stages ask.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Upstream {
        pub origin: String,
        pub breaker: String,
    }

    /// All of it.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Status {
        pub stages: Vec<Stage>,
        pub stores: Vec<Store>,
        pub upstreams: Vec<Upstream>,
    }
}

/// Interface `colloquy:pipeline/respond`.
pub mod respond {
    pub use super::Degradation;
    use super::{Metric, Score, Strategy, Turn};

    #[derive(Debug, Clone, PartialEq)]
    pub struct Request {
        pub session_id: String,
        pub request_id: String,
        pub text: String,
        pub language: String,
        pub history: Vec<Turn>,
        pub max_items: u32,
        pub speak: bool,
        pub voice: Option<String>,
        pub rate: f32,
        pub strategy: Strategy,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Classification {
        pub intent: String,
        pub item_type: Option<String>,
        pub confidence: f32,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Card {
        pub id: String,
        pub type_name: String,
        pub title: String,
        pub summary: String,
        pub details: String,
        pub organisation: Option<String>,
        pub start_year: Option<i32>,
        pub end_year: Option<i32>,
        pub technologies: Vec<String>,
        pub keywords: Vec<String>,
        pub metrics: Vec<Metric>,
        pub url: Option<String>,
        pub score: Score,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Items {
        pub cards: Vec<Card>,
        pub n_matching: u32,
        pub content_filter: Option<String>,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Sentence {
        pub index: u32,
        pub text: String,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Audio {
        pub sequence: u32,
        pub sentence_index: u32,
        pub sample_rate_hz: u32,
        pub samples: Vec<i16>,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Report {
        pub intent_ms: u32,
        pub llm_ms: u32,
        pub llm_first_token_ms: Option<u32>,
        pub tts_ms: u32,
        pub first_audio_ms: Option<u32>,
        pub total_ms: u32,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub enum Event {
        Intent(Classification),
        Items(Items),
        Token(String),
        Sentence(Sentence),
        Audio(Audio),
        Degraded(Degradation),
        Mentioned(Vec<String>),
        Done(Report),
    }
}
