//! Speech synthesis by an OpenAI-compatible server: `POST {base}/v1/audio/speech`.
//!
//! Text goes out, audio comes in while it is made: [`speech`] drives an answer, [`audio`] tells what it is, [`wav`] reads a header in
//! whatever pieces it comes, [`samples`] makes samples of bytes, [`mp3`] decodes frame by frame, [`voices`](colloquy_upstream::voices) and [`config`] are what an
//! operator sets. How requests travel is `colloquy-upstream`'s business.
//!
//! Servers are asked for `pcm`, `wav` or `mp3`. One that sends another of them than it was asked for is recognised by its first bytes and
//! understood, except for raw samples, which nothing distinguishes from noise. Other compressed formats are refused by name.

pub mod audio;
pub mod config;
pub mod samples;
pub mod speech;
pub mod wav;

pub use colloquy_mp3 as mp3;

#[cfg(target_family = "wasm")]
mod component;
