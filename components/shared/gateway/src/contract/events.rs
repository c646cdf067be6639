//! Package `colloquy:events`.

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
