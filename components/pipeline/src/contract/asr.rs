//! Package `colloquy:asr`.

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
