//! Events as JSON lines on standard error, for hosts without an event bus.
//!
//! It keeps nothing, counts nothing and never fails. A line holds no text that anybody spoke: the events have none.

#[cfg(target_family = "wasm")]
mod component;
pub mod event;
pub mod line;
