//! Speech recognition by an OpenAI-compatible server: `POST {base}/v1/audio/transcriptions`.
//!
//! Samples and spans of speech come in, segments of text go out: [`timeline`] puts what is to be heard together, [`wav`] makes a file
//! of it, [`answer`] reads what the server says, [`languages`] knows its names of languages, [`transcription`] drives them,
//! [`config`] is what an operator sets. How requests travel is `colloquy-upstream`'s business.
//!
//! Only audio inside the spans of speech leaves the machine. A server gives less than the contract asks for: `max-tokens` cannot be
//! passed on, and one that tells no probabilities gives confidence 0, because nothing is known.

pub mod answer;
pub mod config;
pub mod languages;
pub mod timeline;
pub mod transcription;
pub mod wav;

#[cfg(target_family = "wasm")]
mod component;

/// Samples a second, everywhere in this crate.
pub const SAMPLE_RATE: usize = 16_000;
