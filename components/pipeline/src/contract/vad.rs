//! Package `colloquy:vad`.

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
