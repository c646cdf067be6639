//! Intent and content by rules and by meaning: `intent-rules` with a sentence encoder beside it.
//!
//! [`tokenizer`] and [`model`] turn a text into a vector. [`content`] and [`examples`] are what a question is compared with: the items of
//! the content base, and ways of asking. [`judge`] says what that changes about the judgement of the rules, and [`engine`] puts it all
//! together.
//!
//! It does not replace the rules. What they are certain of stays, and equal questions still get equal answers. The language is English.

pub mod content;
pub mod engine;
pub mod error;
pub mod examples;
pub mod judge;
pub mod model;
pub mod tokenizer;

#[cfg(target_family = "wasm")]
mod component;
#[cfg(test)]
mod testing;
