//! Intent and content by rules and by meaning: `intent-rules` with a sentence encoder beside it.
//!
//! [`tokenizer`] and [`model`] turn a text into a vector. [`content`] holds what a question is compared with: the items of the content base.
//! [`intent`] and [`choice`] are what was learned from labelled questions: what is wanted, and which items answer it. [`judge`] says what
//! that changes about the verdict of the rules, and [`engine`] puts it all together.
//!
//! It does not replace the rules: they take the question apart, and their verdict is among what is weighed. Nothing is learned while it
//! runs, and equal questions get equal answers. The language is English.

pub mod choice;
pub mod content;
pub mod engine;
pub mod error;
pub mod intent;
pub mod judge;
pub mod model;
pub mod tokenizer;
pub mod trees;
pub mod words;

#[cfg(target_family = "wasm")]
mod component;
#[cfg(test)]
mod testing;
