//! Speech recognition with Whisper, run by tract.
//!
//! Samples and spans of speech come in, segments of text go out, one window of at most 30 s at a time:
//!
//! [`windows`] lays the spans out and cuts windows -> [`mel`] makes features -> [`model`] runs encoder and decoder ->
//! [`decode`] picks tokens and judges the result -> [`segments`] splits it at timestamps -> [`tokenizer`] turns ids into text.
//! [`transcription`] drives them, [`language`] decides on the language first, [`strategy`] how much work a text may take.
//!
//! Nothing here knows about components: `component.rs` is the only file that touches the generated bindings. The model files are
//! made by `models/convert/whisper.py`, which documents their layout.

pub mod decode;
pub mod error;
pub mod language;
pub mod mel;
pub mod model;
pub mod segments;
pub mod strategy;
pub mod tokenizer;
pub mod transcription;
pub mod windows;

#[cfg(target_family = "wasm")]
mod component;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod testing;

/// Samples a second, everywhere in this crate.
pub const SAMPLE_RATE: usize = 16_000;
