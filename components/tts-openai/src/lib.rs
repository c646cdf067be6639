//! Speech synthesis by an OpenAI-compatible server: `POST {base}/v1/audio/speech`.
//!
//! Text goes out, audio comes in while it is made: [`speech`] drives an answer, [`wav`] reads a header in whatever pieces it comes,
//! [`samples`] makes samples of bytes, [`voices`] and [`config`] are what an operator sets. How requests travel is
//! `colloquy-upstream`'s business.
//!
//! Servers are asked for `pcm` or `wav`. One that sends something else than it was asked for is recognised by its first bytes: a wav is
//! read anyway, mp3 and the other compressed formats are refused by name (they come with the server-side encoder of a later version).

pub mod config;
pub mod samples;
pub mod speech;
pub mod voices;
pub mod wav;

#[cfg(target_family = "wasm")]
mod component;
