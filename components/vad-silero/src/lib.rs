//! Voice activity detection: where in a stream of audio someone speaks, with Silero VAD v6.2 run by tract.
//!
//! The crate is the `vad-silero` component. Samples go through four plain modules, all of them usable and tested natively:
//! [`model`] turns frames of audio into speech probabilities, [`live`] turns probabilities into events at once, [`segments`]
//! turns the same probabilities into final segments, and [`detector`] is one stream that holds the state of all three.
//! [`options`] is the only place where values from outside are checked.
//!
//! It does not decode or resample (that is `ingest`), and it knows nothing of words or turns.
//!
//! Invariants: time is counted in samples at 16 kHz from the start of the stream and never in frames outside this crate; how a
//! caller cuts its audio into pushes never changes a result; the memory of a stream is bounded however long it runs.

pub mod detector;
pub mod live;
pub mod model;
pub mod options;
pub mod segments;

#[cfg(target_family = "wasm")]
mod component;

/// Samples in one second. The model knows no other rate.
pub const SAMPLE_RATE: u32 = 16_000;

/// Samples in one frame, 32 ms: one probability each.
pub const FRAME: usize = 512;
