//! Interface `colloquy:pipeline/listen`.

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
