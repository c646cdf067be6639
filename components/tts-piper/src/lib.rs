//! Speech synthesis with Piper voices (VITS), run by tract.
//!
//! In reading order: `text` (written text to words), `phonemes` (words to symbols of the voice), `voice` (the model's folder), `encoder` (symbols to
//! statistics and durations, with `spline` and `noise`), `flow` and `decoder` (frames to samples in windows, over `frames`), `speech` (all of it, lazily).
//! `component` is the glue to the `tts` interface.
//!
//! The default voice is `en_US-joe-medium`. Its recordings are in the public domain (CC0), but it was fine-tuned from a voice whose data licence could not
//! be checked; the weights are fetched by `cargo xtask models`, never shipped.

#[cfg(target_family = "wasm")]
mod component;
mod decoder;
mod encoder;
mod flow;
mod frames;
mod noise;
pub mod phonemes;
pub mod speech;
mod spline;
pub mod text;
pub mod voice;

#[cfg(test)]
mod golden;
