//! Answers by a language model behind an OpenAI-compatible server: `POST {base}/v1/chat/completions`, streamed.
//!
//! [`prompt`] makes messages of persona, items, history and question; [`generation`] drives an answer; [`delta`] reads one event of it;
//! [`speech`] makes text for the ear of what a model writes, and finds the line in which it names its items ([`items`]). [`config`] and
//! [`persona`] are what an operator sets. How requests travel, and when a server is asked again, is `colloquy-upstream`'s business.
//!
//! Invariants: the answer does not depend on where the stream is cut; nothing is spoken that is not for the ear: no thoughts, no
//! markup, no line of items; an answer has a length, whatever the server sends.

pub mod config;
pub mod delta;
pub mod generation;
pub mod items;
pub mod languages;
pub mod persona;
pub mod prompt;
pub mod request;
pub mod speech;

#[cfg(target_family = "wasm")]
mod component;
