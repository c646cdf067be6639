//! What the turn needs from the outside: one small trait per stage, a clock, and somewhere to tell what happened.
//!
//! Every call may block for as long as its stage works. Dropping a resource cancels its work. The rules of each call (order, failure,
//! behaviour after the end) are those of the WIT file of the stage.

use std::time::Duration;

use crate::contract::{Error, Info, Span, asr, content, events, ingest, intent, llm, tts, vad};

/// What a call to a stage gives.
pub type Result<T> = std::result::Result<T, Error>;

/// Encoded audio becomes samples.
pub trait Ingest {
    /// What runs here; returning means ready.
    fn ingest_info(&self) -> Result<Info>;
    /// Starts one recording.
    fn open_decoder(&self, limits: ingest::Limits) -> Result<Box<dyn Decoder>>;
}

/// One recording.
pub trait Decoder {
    /// Adds encoded bytes.
    fn push(&mut self, bytes: Vec<u8>) -> Result<()>;
    /// Ends the input.
    fn finish(&mut self) -> Result<ingest::Format>;
    /// The next samples, mono at 16 kHz.
    fn next(&mut self) -> Result<Option<Vec<i16>>>;
    /// Which limit was broken, after a failure for that reason.
    fn rejection(&self) -> Option<ingest::Rejection>;
}

/// Where someone speaks.
pub trait Vad {
    /// What runs here; returning means ready.
    fn vad_info(&self) -> Result<Info>;
    /// Starts a stream.
    fn open_detector(&self, options: vad::Options) -> Result<Box<dyn Detector>>;
}

/// One stream of audio.
pub trait Detector {
    /// Adds samples, returns what became certain.
    fn push(&mut self, samples: &[i16]) -> Result<Vec<vad::Event>>;
    /// Ends the stream and returns its segments.
    fn finish(&mut self) -> Result<Vec<Span>>;
}

/// Speech becomes text.
pub trait Asr {
    /// What runs here; returning means ready.
    fn asr_info(&self) -> Result<Info>;
    /// Starts to transcribe the given stretches.
    fn transcribe(
        &self,
        samples: &[i16],
        speech: &[Span],
        options: asr::Options,
    ) -> Result<Box<dyn Transcription>>;
}

/// A transcription in progress.
pub trait Transcription {
    /// The next segment, none after the last.
    fn next(&mut self) -> Result<Option<asr::Segment>>;
    /// Why the stage did not do its best, if it did not; known once `next` has returned.
    fn degraded(&self) -> Option<String>;
}

/// What someone wants to know.
pub trait Intent {
    /// What runs here; returning means ready.
    fn intent_info(&self) -> Result<Info>;
    /// Classifies one question.
    fn classify(
        &self,
        text: &str,
        history: &[crate::contract::Turn],
    ) -> Result<intent::Classification>;
}

/// What there is to tell.
pub trait Content {
    /// What runs here; returning means ready.
    fn content_info(&self) -> Result<Info>;
    /// The items for an answer.
    fn select(&self, request: content::Request) -> Result<content::Selection>;
}

/// Messages become text.
pub trait Llm {
    /// What runs here; returning means ready.
    fn llm_info(&self) -> Result<Info>;
    /// Starts an answer.
    fn generate(&self, request: llm::Request) -> Result<Box<dyn Generation>>;
}

/// Text in the making.
pub trait Generation {
    /// The next chunk; `Degraded` comes before any text, `Finished` comes once, last.
    fn next(&mut self) -> Result<Option<llm::Chunk>>;
}

/// Text becomes speech.
pub trait Tts {
    /// What runs here; returning means ready.
    fn tts_info(&self) -> Result<Info>;
    /// Starts to speak a sentence.
    fn synthesize(&self, text: &str, options: tts::Options) -> Result<Box<dyn Speech>>;
    /// The voices there are, the default one first.
    fn voices(&self) -> Result<Vec<tts::Voice>>;
}

/// Speech in the making.
pub trait Speech {
    /// Sample rate in hertz.
    fn sample_rate_hz(&self) -> u32;
    /// The next samples, none after the last.
    fn next(&mut self) -> Result<Option<Vec<i16>>>;
    /// Why the stage did not do its best, if it did not.
    fn degraded(&self) -> Option<String>;
}

/// Somewhere to tell what happened; never fails.
pub trait Events {
    /// Hands an event over.
    fn publish(&self, event: events::Event);
}

/// Time that only goes forward.
pub trait Clock {
    /// Time since an arbitrary start.
    fn now(&self) -> Duration;
}

/// Calls a stage and adds the time spent waiting for it to `spent`.
pub(crate) fn timed<C: Clock + ?Sized, T>(
    clock: &C,
    spent: &mut Duration,
    call: impl FnOnce() -> T,
) -> T {
    let before = clock.now();
    let result = call();
    *spent += clock.now().saturating_sub(before);
    result
}

/// Whole milliseconds, saturating: the unit of every report.
pub(crate) fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
