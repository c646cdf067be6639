//! The data types of the WIT contracts as plain Rust, so that the turn can be tested without a component runtime.
//!
//! `component.rs` tells the bindings generator to use these types instead of its own, which is why each has exactly the fields of its WIT
//! counterpart (a difference does not compile) and why types that packages repeat (the error, `metric`, `turn`) exist once here.
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

/// Package `colloquy:ingest`.
pub mod ingest {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Limits {
        pub max_bytes: u64,
        pub min_duration_ms: u32,
        pub max_duration_ms: u32,
        pub min_sample_rate_hz: u32,
        pub max_sample_rate_hz: u32,
        pub max_channels: u16,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Format {
        pub container: String,
        pub codec: String,
        pub sample_rate_hz: u32,
        pub n_channels: u16,
    }

    /// Why a recording was rejected; `listen.rejection` is the same.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Rejection {
        TooShort,
        TooLong,
        TooLarge,
        UnsupportedFormat,
        Malformed,
    }
}

/// Package `colloquy:vad`.
pub mod vad {
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Options {
        pub threshold: f32,
        pub neg_threshold: Option<f32>,
        pub min_speech_ms: u32,
        pub min_silence_ms: u32,
        pub speech_pad_ms: u32,
        pub max_speech_ms: Option<u32>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Event {
        SpeechStarted(u64),
        SpeechStopped(u64),
    }
}

/// Package `colloquy:asr`.
pub mod asr {
    use super::Strategy;

    #[derive(Debug, Clone, PartialEq)]
    pub struct Options {
        pub language: Option<String>,
        pub prompt: Option<String>,
        pub temperature: f32,
        pub max_tokens: Option<u32>,
        pub strategy: Strategy,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Segment {
        pub start_ms: u32,
        pub end_ms: u32,
        pub text: String,
        pub tokens: Vec<u32>,
        pub language: String,
        pub confidence: f32,
        pub avg_logprob: f32,
        pub no_speech_prob: f32,
        pub temperature: f32,
    }
}

/// Package `colloquy:intent`.
pub mod intent {
    #[derive(Debug, Clone, PartialEq)]
    pub struct Entity {
        pub kind: String,
        pub value: String,
        pub text: String,
        pub confidence: f32,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Factor {
        pub name: String,
        pub value: f32,
        pub weight: f32,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Classification {
        pub intent: String,
        pub item_type: Option<String>,
        pub entities: Vec<Entity>,
        pub keywords: Vec<String>,
        pub confidence: f32,
        pub factors: Vec<Factor>,
    }
}

/// Package `colloquy:content`.
pub mod content {
    use super::{Metric, Score};

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

    #[derive(Debug, Clone, PartialEq)]
    pub struct Selection {
        pub hits: Vec<Hit>,
        pub n_matching: u32,
        pub applied: Filter,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Entity {
        pub kind: String,
        pub value: String,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Request {
        pub text: String,
        pub intent: String,
        pub item_type: Option<String>,
        pub entities: Vec<Entity>,
        pub keywords: Vec<String>,
        pub previous_item_ids: Vec<String>,
        pub limit: u32,
    }
}

/// Package `colloquy:llm`.
pub mod llm {
    use super::{Metric, Strategy};

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Role {
        System,
        User,
        Assistant,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Message {
        pub role: Role,
        pub content: String,
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
        pub metrics: Vec<Metric>,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Request {
        pub messages: Vec<Message>,
        pub cards: Vec<Card>,
        pub n_matching: u32,
        pub intent: String,
        pub item_type: Option<String>,
        pub language: String,
        pub max_tokens: u32,
        pub temperature: f32,
        pub strategy: Strategy,
    }

    /// `finished` with what the turn has a use for: the ids of the cards that were talked about.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Chunk {
        Degraded(String),
        Text(String),
        Finished(Option<Vec<String>>),
    }
}

/// Package `colloquy:tts`.
pub mod tts {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Voice {
        pub name: String,
        pub display_name: String,
        pub gender: String,
        pub locale: String,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Options {
        pub voice: Option<String>,
        pub rate: f32,
    }
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

/// Interface `colloquy:pipeline/speak`.
pub mod speak {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Voice {
        pub name: String,
        pub display_name: String,
        pub gender: String,
        pub locale: String,
        pub engine: String,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub struct Request {
        pub request_id: String,
        pub text: String,
        pub voice: Option<String>,
        pub rate: f32,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Audio {
        pub sample_rate_hz: u32,
        pub samples: Vec<i16>,
    }
}
