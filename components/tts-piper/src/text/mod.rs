//! From written text to what is said: cleaning, reading, and cutting into utterances.
//!
//! Pure functions over strings; nothing here knows phonemes. The order is `clean` (characters), `reading` (tokens; with the rules in `quantities`,
//! `spelling` and the data in `tables`), `utterances` (pieces short enough to be synthesized one after the other).

mod clean;
mod item;
mod numbers;
mod quantities;
mod reading;
mod spelling;
mod tables;
mod utterances;

pub use item::{Item, Mark};
pub use utterances::Utterance;

/// Reads `text` into utterances, in order. Text without anything to say gives none.
#[must_use]
pub fn read(text: &str) -> Vec<Utterance> {
    utterances::cut(reading::read(&clean::clean(text)))
}

#[cfg(test)]
mod tests;
