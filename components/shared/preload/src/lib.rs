//! Where a component's files come from: a folder that the host mounts, or a build tool that hands them over beforehand.
//!
//! [`Files`] is either, and the code that loads a model does not know which. [`Slot`] keeps what was loaded for the life of an
//! instance, and is the implementation of the contract `colloquy:preload`. `wiping` is the allocator of every component that links
//! this crate; it keeps what was freed out of the snapshot.
//!
//! Nothing here knows what a model is, and nothing touches the generated bindings.
//!
//! Invariant: preloading uses no clock, no folder and no standard stream. wasi-libc keeps the handles that it gets from its host, and
//! another host would find those of the first in the snapshot.

mod files;
mod slot;
#[cfg(target_family = "wasm")]
mod wiping;

pub use files::{FileError, Files};
pub use slot::{Loaded, PreloadError, Slot};
