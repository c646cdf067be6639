//! The turn: the only copy of the orchestration.
//!
//! Two halves, each a state machine that is pulled event by event: [`hearing`] turns audio bytes into an utterance, [`answering`] turns
//! text into an answer; and [`speaking`], the voice of the second half alone. All are written against the small traits of [`ports`]; in a component the stages stand behind them, in tests
//! fakes do. No stage knows another one, and nothing here knows HTTP.

pub mod answering;
mod cards;
pub mod contract;
pub mod fallback;
pub mod hearing;
pub mod ports;
mod rate;
pub mod sentences;
pub mod speaking;
mod voice;
pub mod words;

#[cfg(target_family = "wasm")]
mod component;

#[cfg(test)]
mod fakes;
