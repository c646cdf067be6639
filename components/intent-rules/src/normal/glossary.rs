//! Phrases and what they are in plain English words: `data/languages/*.json`.
//!
//! This is no translation, only enough that the same rules apply: the longest phrase wins, word order stays, what is not in the list stays.
//! A value may be empty, for words that have no counterpart.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::text::Token;
use crate::text::tokens::words;

/// Most words of a phrase.
const MAX_PHRASE: usize = 7;
/// Shortest word whose ending may be taken off.
const MIN_STEM: usize = 4;

/// The phrases of one language.
#[derive(Debug, Default)]
pub struct Glossary {
    /// BCP 47 tag.
    pub tag: String,
    phrases: HashMap<String, Vec<String>>,
    endings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: String,
    /// Endings that a word may have beyond its entry, longest first.
    endings: Vec<String>,
    phrases: BTreeMap<String, String>,
}

impl Glossary {
    /// Reads a file.
    ///
    /// # Errors
    /// In words, when it is broken or a phrase is too long.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(json).map_err(|e| format!("glossary: {e}"))?;
        let mut phrases = HashMap::new();
        for (phrase, meaning) in &file.phrases {
            let meaning = words(meaning);
            for spelling in [phrase.clone(), without_umlauts(phrase)] {
                let key = words(&spelling);
                if key.is_empty() || key.len() > MAX_PHRASE {
                    return Err(format!("{}: {phrase:?} is no phrase", file.language));
                }
                phrases.insert(key.join(" "), meaning.clone());
            }
        }
        Ok(Self {
            tag: file.language,
            phrases,
            endings: file.endings,
        })
    }

    /// Whether a word is an entry, or such a word with an ending.
    #[must_use]
    pub fn has_word(&self, word: &str) -> bool {
        self.meaning(word).is_some()
    }

    /// Replaces every phrase by its meaning, all of whose words get the place of the phrase.
    #[must_use]
    pub fn apply(&self, tokens: &[Token]) -> Vec<Token> {
        let mut plain = Vec::with_capacity(tokens.len());
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let Some((n, meaning)) = self.longest(tokens.get(at..).unwrap_or_default()) else {
                plain.push(token.clone());
                at += 1;
                continue;
            };
            let end = tokens.get(at + n - 1).map_or(token.end, |last| last.end);
            plain.extend(meaning.iter().map(|word| Token {
                text: word.clone(),
                start: token.start,
                end,
            }));
            at += n;
        }
        plain
    }

    fn longest(&self, tokens: &[Token]) -> Option<(usize, &[String])> {
        (1..=MAX_PHRASE.min(tokens.len())).rev().find_map(|n| {
            let run: Vec<&str> = tokens.iter().take(n).map(|t| t.text.as_str()).collect();
            let meaning = match run.as_slice() {
                [word] => self.meaning(word),
                run => self.phrases.get(&run.join(" ")),
            };
            meaning.map(|meaning| (n, meaning.as_slice()))
        })
    }

    fn meaning(&self, word: &str) -> Option<&Vec<String>> {
        self.phrases.get(word).or_else(|| {
            self.endings.iter().find_map(|ending| {
                let stem = word.strip_suffix(ending.as_str())?;
                (stem.len() >= MIN_STEM)
                    .then(|| self.phrases.get(stem))
                    .flatten()
            })
        })
    }
}

/// `erzähl` is also written `erzaehl`; the tokens drop the dots alone.
fn without_umlauts(phrase: &str) -> String {
    phrase
        .replace('ä', "ae")
        .replace('ö', "oe")
        .replace('ü', "ue")
}

#[cfg(test)]
mod tests {
    use super::Glossary;
    use crate::text::tokenize;

    #[test]
    fn the_longest_phrase_wins_and_keeps_its_place() {
        let json = r#"{"language": "de", "endings": ["en", "n"], "phrases": {
            "erzähl": "tell", "erzähl mir von": "tell me about", "der": "the", "sprache": "language", "mal": ""}}"#;
        let glossary = Glossary::from_json(json).unwrap();
        let apply = |text: &str| {
            let plain = glossary.apply(&tokenize(text));
            plain
                .iter()
                .map(|t| t.text.clone())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            apply("Erzähl mir von der COBOL Sprache"),
            "tell me about the cobol language"
        );
        assert_eq!(apply("erzaehl mal der Sprachen"), "tell the language");
        let text = "Erzähl mir von COBOL";
        let plain = glossary.apply(&tokenize(text));
        assert_eq!(&text[plain[2].start..plain[2].end], "Erzähl mir von");
        assert!(
            Glossary::from_json(r#"{"language": "de", "endings": [], "phrases": {" ": "x"}}"#)
                .is_err()
        );
    }
}
