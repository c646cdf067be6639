//! Example questions of each intent, from `data/examples.json`: what a question is near to when rules do not know it.
//!
//! They are about nobody and nothing, so that they hold for any content base. Examples of what is off topic or unsafe are there to be
//! turned down; everything else says in which way somebody asks.

use std::collections::BTreeMap;

use intent_rules::intent::classify::is_about_content;
use intent_rules::lexicon::INTENTS;

use crate::error::Error;
use crate::model::{Embed, Meaning};

const BUILT_IN: &str = include_str!("../data/examples.json");

/// The examples, with their meanings.
#[derive(Debug)]
pub struct Examples(Vec<(&'static str, Meaning)>);

/// How near a question is to the nearest example of each intent, -1 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearness(Vec<(&'static str, f32)>);

impl Examples {
    /// Embeds the examples.
    ///
    /// # Errors
    /// `internal` when the file is broken, which a test excludes; those of `embed`.
    pub fn new(embed: Embed<'_>) -> Result<Self, Error> {
        let mut examples = Vec::new();
        for (intent, text) in built_in()? {
            examples.push((intent, embed(&text)?));
        }
        Ok(Self(examples))
    }

    /// Compares a question with all of them.
    #[must_use]
    pub fn nearness(&self, question: &Meaning) -> Nearness {
        let nearest = |intent: &&'static str| {
            let of = self.0.iter().filter(|(name, _)| name == intent);
            let best = of.map(|(_, example)| example.similarity(question));
            best.reduce(f32::max).map(|value| (*intent, value))
        };
        Nearness(INTENTS.iter().filter_map(nearest).collect())
    }
}

impl Nearness {
    #[cfg(test)]
    pub(crate) fn of(near: &[(&'static str, f32)]) -> Self {
        Self(near.to_vec())
    }

    /// To the examples of one intent; -1 when it has none.
    #[must_use]
    pub fn to(&self, intent: &str) -> f32 {
        let found = self.0.iter().find(|(name, _)| *name == intent);
        found.map_or(-1.0, |(_, value)| *value)
    }

    /// To questions that content answers: the nearest of their intents, and how near.
    #[must_use]
    pub fn to_content(&self) -> (&'static str, f32) {
        let all = self.0.iter().filter(|(name, _)| is_about_content(name));
        all.max_by(|a, b| a.1.total_cmp(&b.1))
            .copied()
            .unwrap_or(("detail", -1.0))
    }
}

/// Intent and text of each example.
fn built_in() -> Result<Vec<(&'static str, String)>, Error> {
    let lists: BTreeMap<String, Vec<String>> = serde_json::from_str(BUILT_IN)
        .map_err(|error| Error::Internal(format!("examples.json: {error}")))?;
    let mut all = Vec::new();
    for (name, texts) in lists {
        let intent = INTENTS
            .iter()
            .find(|intent| **intent == name)
            .ok_or_else(|| Error::Internal(format!("examples.json: no intent {name:?}")))?;
        all.extend(texts.into_iter().map(|text| (*intent, text)));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_example_is_there_once_and_has_an_intent() {
        let all = built_in().unwrap();
        let texts: BTreeSet<&String> = all.iter().map(|(_, text)| text).collect();
        assert_eq!(texts.len(), all.len());
        for intent in ["off-topic", "unsafe", "list", "detail", "when", "count"] {
            assert!(
                all.iter().filter(|(name, _)| *name == intent).count() >= 4,
                "{intent}"
            );
        }
    }
}
