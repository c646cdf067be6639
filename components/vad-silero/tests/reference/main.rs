//! The detector against its reference, the silero-vad package 6.2.3, and against its own promises.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may fail in any way it likes"
)]

mod common;
mod recordings;
mod sequences;
mod streams;
