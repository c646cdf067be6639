//! What stages share that ask an OpenAI-compatible server instead of a model of their own.
//!
//! [`settings`] reads what an operator set, [`policy`] is the part of it about failures, [`base`] is the server's address, [`api`] asks it,
//! [`refusal`] tells every way it can refuse apart, [`failure`] has the six ways a call of any contract can fail, [`multipart`] makes
//! forms, [`sse`] reads event streams, [`voices`] reads lists of voices. How bytes travel is a [`Transport`]; in a component that is
//! `wasi`, over `wasi:http` of WASI 0.2, blocking as the contracts are.
//!
//! A server that fails is asked again ([`retry`]) and then for a while not at all: [`breaker`] is the rule, [`gate`] applies it, in a
//! store and with events that the [`surroundings`] have. Protocols other than HTTP use the gate themselves.
//!
//! Invariants: every wait has an end, every answer a size; a key is in no message and in no log line; nothing is sent again once a byte
//! of an answer was handed on.

pub mod api;
pub mod base;
pub mod breaker;
pub mod failure;
#[cfg(test)]
mod fakes;
pub mod gate;
pub mod multipart;
pub mod policy;
pub mod refusal;
pub mod retry;
mod said;
pub mod settings;
pub mod sse;
pub mod surroundings;
pub mod transport;
pub mod voices;
#[cfg(any(test, target_family = "wasm"))]
mod waiting;
mod watched;

#[cfg(target_family = "wasm")]
pub mod wasi;

pub use api::{Api, Call};
pub use base::BaseUrl;
pub use breaker::Outcome;
pub use failure::Failure;
pub use gate::{Gate, Ticket};
pub use policy::Policy;
pub use settings::{Key, Settings};
pub use surroundings::{Alone, Surroundings};
pub use transport::{Limits, Request, Response, Source, Transport, Waited};
