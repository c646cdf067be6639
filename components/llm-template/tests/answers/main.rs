//! Answers as a listener hears them: rules that every answer keeps, how things are said, and a dozen answers word for word.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod always;
mod languages;
mod mistakes;
mod reviewed;
mod support;
mod wording;
