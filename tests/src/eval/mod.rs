//! How well an intent stage understands: labelled dialogues, played as the pipeline plays them, and what came of them in figures.
//!
//! `cargo xtask eval intent` runs it. The stage is the shipped component, so every stage that keeps the contract can be measured. The
//! answers are the system's own: what a question refers to is what this stage showed before, not what it should have shown.
//!
//! There are two sets. Rules and weights are tuned on `development`; `test` is only ever run as a whole, and nobody looks into it to
//! make a rule.
//!
//! Reading order: [`set`] is the labels, [`play`] the conversation, [`measure`] the figures and what each means, [`report`] the text.

pub mod measure;
pub mod play;
pub mod report;
pub mod set;
pub mod shipped;
