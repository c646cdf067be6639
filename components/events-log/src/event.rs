//! The events as they are written. The names are those of the contract, and of the host's own log.

use serde::Serialize;

/// The turn that an event belongs to.
#[derive(Debug, Clone, Serialize)]
pub struct Turn {
    /// The conversation.
    pub session_id: String,
    /// The request, as in the response's `X-Request-Id`.
    pub request_id: String,
}

/// Whether a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// It is.
    Closed,
    /// It is not.
    Open,
    /// One request tries it.
    HalfOpen,
}

/// Why audio is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// Its time was over.
    Expired,
    /// Its session ended.
    SessionEnded,
    /// There was no room.
    Evicted,
}

/// Something that happened. Fields as in `colloquy:events`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[allow(
    missing_docs,
    reason = "the fields are those of the contract, which explains them"
)]
pub enum Event {
    /// A turn began.
    TurnStarted {
        #[serde(flatten)]
        turn: Turn,
    },
    /// A recording was decoded and searched for speech.
    AudioProcessed {
        #[serde(flatten)]
        turn: Turn,
        duration_ms: u32,
        speech_ms: u32,
        took_ms: u32,
    },
    /// Speech became text.
    TranscriptReady {
        #[serde(flatten)]
        turn: Turn,
        language: String,
        confidence: f32,
        n_characters: u32,
    },
    /// An answer is complete.
    ResponseGenerated {
        #[serde(flatten)]
        turn: Turn,
        intent: String,
        n_items: u32,
        item_type: Option<String>,
        first_audio_ms: Option<u32>,
        total_ms: u32,
    },
    /// A stage fell back.
    StageDegraded {
        #[serde(flatten)]
        turn: Turn,
        stage: String,
        reason: String,
    },
    /// A conversation is over.
    SessionEnded {
        session_id: String,
        n_turns: u32,
        duration_ms: u64,
    },
    /// A server was given up, is tried again, or is back.
    BreakerChanged {
        upstream: String,
        before: BreakerState,
        now: BreakerState,
        n_failures: u32,
    },
    /// Audio was stored for a session.
    AudioStored { session_id: String, n_bytes: u64 },
    /// Audio is gone.
    AudioRemoved {
        session_id: String,
        n_bytes: u64,
        reason: Removal,
        was_served: bool,
    },
    /// What had ended was removed.
    Swept {
        n_sessions: u32,
        n_audio: u32,
        is_complete: bool,
        took_ms: u32,
    },
}
