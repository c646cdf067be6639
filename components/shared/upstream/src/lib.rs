//! What stages share that ask an OpenAI-compatible server instead of a model of their own.
//!
//! [`settings`] reads what an operator set, [`base`] is the server's address, [`api`] asks it and tells every way it can refuse
//! apart, [`failure`] has the six ways a call of any contract can fail, [`multipart`] makes forms. How bytes travel is a
//! [`Transport`]; in a component that is `wasi`, over `wasi:http` of WASI 0.2, blocking as the contracts are.
//!
//! Invariants: every wait has an end, every answer a size; a key is in no message and in no log line.

pub mod api;
pub mod base;
pub mod failure;
pub mod multipart;
pub mod settings;
pub mod transport;

#[cfg(target_family = "wasm")]
pub mod wasi;

pub use api::Api;
pub use base::BaseUrl;
pub use failure::Failure;
pub use settings::{Key, Settings};
pub use transport::{Limits, Request, Response, Source, Transport};
