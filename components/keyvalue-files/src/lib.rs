//! `wasi:keyvalue` in files below a folder, for hosts without a key-value store, or with one that forgets.
//!
//! One folder for each bucket, one file for each key. A value is replaced in one step, so a reader sees the old or the new one. Several
//! instances may use a folder at the same time; the last `set` wins, and no swap or sum is lost (see `lock` for what that is worth). Values do not expire, but a full bucket gives up the oldest ones.
//! It is made for a laptop and for tests: a `set` looks at every file of its bucket.

pub mod atomic;
pub mod bucket;
#[cfg(target_family = "wasm")]
mod component;
pub mod config;
pub mod error;
pub mod key;
mod lock;
pub mod store;
