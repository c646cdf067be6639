//! The intent of a question, by what was learned from labelled ones: a linear model over its meaning, its words and the verdict of the
//! rules, with one score for each intent.
//!
//! The weights (`data/intent.json`, `data/intent.i8`) come from `training/train.py`. A row of weights belongs to each input, in this order: 1,
//! the meaning of the question as it was asked, that of its [corrected words](crate::words::corrected), the [`Signs`], and its grams.

use std::collections::{HashMap, HashSet};

use intent_rules::intent::Classification;
use intent_rules::intent::pattern::Class;
use intent_rules::intent::question::Question;
use intent_rules::lexicon::INTENTS;
use serde::Deserialize;

use crate::error::Error;
use crate::model::Meaning;
use crate::words;

const N: usize = INTENTS.len();
/// Numbers of [`Signs`].
const N_SIGNS: usize = 2 * N + 17;
/// A text by whose meaning the encoder is known that the weights were learned with.
pub const PROBE: &str = "what did she build";
/// How far a number of its meaning may be off.
const CLOSE: f32 = 0.01;
/// From how many units on length tells nothing more.
const LONG: usize = 12;

/// `data/intent.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    /// The order of the scores.
    intents: Vec<String>,
    /// Length of a meaning.
    width: usize,
    /// The first numbers of the meaning of [`PROBE`].
    probe: Vec<f32>,
    /// Words that are no stars.
    words: HashSet<String>,
    /// Grams, in the order of their rows.
    grams: Vec<String>,
    /// What each row of small numbers is multiplied with.
    scales: Vec<f32>,
}

/// The model.
#[derive(Debug)]
pub struct Learned {
    words: HashSet<String>,
    grams: HashMap<String, usize>,
    rows: Vec<[f32; N]>,
    width: usize,
    probe: Vec<f32>,
}

/// What is known of a question beside its meaning and its words.
#[derive(Debug)]
pub struct Signs<'s> {
    /// What the rules take it for.
    pub rules: &'s Classification,
    /// The question taken apart.
    pub question: &'s Question,
    /// How much of its content words the content knows.
    pub known_share: f32,
    /// Something was asked before.
    pub has_history: bool,
    /// Items were shown before.
    pub has_items: bool,
    /// How near the nearest item is, to the question as asked and to its corrected words.
    pub nearest: [f32; 2],
}

impl Learned {
    /// The built-in weights.
    ///
    /// # Errors
    /// `internal` when the files are broken, which a test excludes.
    pub fn built_in() -> Result<Self, Error> {
        let broken = |what: String| Error::Internal(format!("intent.json: {what}"));
        let description: Description = serde_json::from_str(include_str!("../data/intent.json"))
            .map_err(|e| broken(e.to_string()))?;
        let (small, rest) = include_bytes!("../data/intent.i8").as_chunks::<N>();
        let n_rows = 1 + 2 * description.width + N_SIGNS + description.grams.len();
        if description.intents != INTENTS
            || small.len() != n_rows
            || description.scales.len() != n_rows
            || !rest.is_empty()
        {
            return Err(broken(format!("{} rows instead of {n_rows}", small.len())));
        }
        let widen =
            |(row, scale): (&[u8; N], &f32)| row.map(|byte| f32::from(byte.cast_signed()) * scale);
        let first = n_rows - description.grams.len();
        Ok(Self {
            words: description.words,
            grams: description.grams.into_iter().zip(first..).collect(),
            rows: small.iter().zip(&description.scales).map(widen).collect(),
            width: description.width,
            probe: description.probe,
        })
    }

    /// The probability of each intent, in the order of [`INTENTS`].
    #[must_use]
    pub fn probabilities(
        &self,
        asked: &Meaning,
        corrected: &Meaning,
        signs: &Signs<'_>,
    ) -> [f32; N] {
        let signs_seen = signs.values();
        let dense = std::iter::once(&1.0)
            .chain(asked.values().iter().take(self.width))
            .chain(corrected.values().iter().take(self.width))
            .chain(&signs_seen);
        let mut scores = [0.0; N];
        for (value, row) in dense.zip(&self.rows) {
            add(&mut scores, *value, row);
        }
        let grams = words::grams(signs.question, &self.words);
        let rows: Vec<&[f32; N]> = grams
            .iter()
            .filter_map(|gram| self.rows.get(*self.grams.get(gram)?))
            .collect();
        #[expect(clippy::cast_precision_loss, reason = "a question has few words")]
        let each = 1.0 / (rows.len().max(1) as f32).sqrt();
        for row in rows {
            add(&mut scores, each, row);
        }
        let most = scores.iter().copied().fold(f32::MIN, f32::max);
        let weights = scores.map(|score| (score - most).exp());
        let sum: f32 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    }

    /// Whether meanings are those it was learned with, told by the meaning of [`PROBE`].
    #[must_use]
    pub fn knows(&self, probe: &Meaning) -> bool {
        let numbers = probe.values();
        numbers.len() == self.width
            && self
                .probe
                .iter()
                .zip(numbers)
                .all(|(a, b)| (a - b).abs() < CLOSE)
    }
}

fn add(scores: &mut [f32; N], value: f32, row: &[f32; N]) {
    for (score, weight) in scores.iter_mut().zip(row) {
        *score += value * weight;
    }
}

impl Signs<'_> {
    fn values(&self) -> Vec<f32> {
        let yes = |holds: bool| f32::from(u8::from(holds));
        let (rules, question) = (self.rules, self.question);
        let verdict = |value: f32| {
            INTENTS
                .iter()
                .map(move |intent| if *intent == rules.intent { value } else { 0.0 })
        };
        let names = |kinds: &[&str]| {
            let own = question.entities.iter();
            own.filter(|entity| kinds.contains(&entity.kind)).count()
        };
        let subject_is_named = question
            .units
            .iter()
            .any(|unit| !unit.text.starts_with("you") && unit.classes.contains(&Class::Subject));
        let n_units = question.units.len();
        #[expect(clippy::cast_precision_loss, reason = "at most twelve")]
        let length = n_units.min(LONG) as f32 / LONG as f32;
        let mut values: Vec<f32> = verdict(1.0).chain(verdict(rules.confidence)).collect();
        values.extend([
            self.known_share,
            yes(question.has_subject),
            yes(subject_is_named),
            yes(question.item_pronoun.is_some()),
            yes(question.wants_others),
            yes(!question.keywords.is_empty()),
            yes(names(&["item", "technology", "organisation"]) > 0),
            yes(names(&["year", "year-range"]) > 0),
            yes(names(&["item-type"]) > 0),
            yes(names(&["item"]) >= 2),
            yes(rules.entities.len() > question.entities.len()),
            yes(self.has_history),
            yes(self.has_items),
            length,
            yes(n_units <= 2),
        ]);
        values.extend(self.nearest);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_fit_the_inputs() {
        let learned = Learned::built_in().unwrap();
        assert!(learned.grams.len() > 500 && learned.words.contains("when"));
        let question = Question::default();
        let rules = Classification {
            intent: "list",
            item_type: None,
            entities: Vec::new(),
            keywords: Vec::new(),
            confidence: 0.9,
            factors: Vec::new(),
        };
        let signs = Signs {
            rules: &rules,
            question: &question,
            known_share: 1.0,
            has_history: false,
            has_items: false,
            nearest: [0.3, 0.3],
        };
        assert_eq!(signs.values().len(), N_SIGNS);
    }
}
