//! The words and phrases that the rules know, read from `data/`.
//!
//! They are English, and the same for every content base; what belongs to one content base (names, aliases, synonyms of types) is in
//! its `content.json`. The files are part of the component, so a broken one is a defect of the build, which a test catches.

use std::collections::HashSet;

use serde::Deserialize;

use crate::intent::pattern::Pattern;
use crate::normal::glossary::Glossary;
use crate::text::stem;
use crate::text::tokens::words;
use crate::topics::Topics;

/// The intents, in the order that decides between rules of equal strength.
pub const INTENTS: [&str; 14] = [
    "unsafe",
    "greeting",
    "thanks",
    "goodbye",
    "help",
    "about",
    "when",
    "count",
    "compare",
    "list",
    "detail",
    "follow-up",
    "off-topic",
    "unclear",
];

/// Whether an intent is answered from the content base.
#[must_use]
pub fn is_about_content(intent: &str) -> bool {
    matches!(
        intent,
        "about" | "list" | "detail" | "when" | "count" | "compare" | "follow-up"
    )
}

/// The word lists and rules, ready to use.
#[derive(Debug)]
pub struct Lexicon {
    /// Words that carry no content.
    pub stop: HashSet<String>,
    /// Pronouns that mean the person the content is about.
    pub subject_pronouns: HashSet<String>,
    /// Pronouns that mean an item of the turn before.
    pub item_pronouns: HashSet<String>,
    /// Words that begin a question or a request.
    pub question_words: HashSet<String>,
    /// Words that ask for the beginning.
    pub earliest: HashSet<String>,
    /// Words that ask for the end.
    pub latest: HashSet<String>,
    /// Words that ask for what mattered most.
    pub greatest: HashSet<String>,
    /// Words that ask for anything but what was shown.
    pub others: HashSet<String>,
    /// Type nouns that mean only some items of the type, those that hold the noun: a medal is an award, and not every award is one.
    pub kinds: HashSet<String>,
    /// Names of types whose items are no events: they do not answer what was done in a year.
    pub abilities: HashSet<String>,
    /// Words that a finished question rarely ends in.
    pub dangling: HashSet<String>,
    /// Phrases before the question proper, longest first.
    pub lead_ins: Vec<Vec<String>>,
    /// The rules of each intent.
    pub intents: Vec<IntentRules>,
    /// Everyday words, which are no misspelled names.
    pub common: HashSet<String>,
    /// English figures of speech.
    pub english: Glossary,
    /// Other languages.
    pub languages: Vec<Glossary>,
    /// Words by what they are about.
    pub topics: Topics,
    /// Words of lists and rules.
    asking: HashSet<String>,
}

/// All rules of one intent.
#[derive(Debug)]
pub struct IntentRules {
    /// One of [`INTENTS`].
    pub intent: &'static str,
    /// Small talk: yields when the same words also ask for content.
    pub social: bool,
    /// Means nothing without an earlier turn.
    pub needs_history: bool,
    /// What people say.
    pub rules: Vec<Rule>,
}

/// One way of saying it.
#[derive(Debug)]
pub struct Rule {
    /// What must match.
    pub pattern: Pattern,
    /// How sure it is, 0 to 1.
    pub strength: f32,
    /// Item type that it implies, when the content base has a type of that name.
    pub item_type: Option<String>,
    /// For what is off topic: which names of the content base in the same question do not speak against it.
    pub holds: Holds,
}

/// How firmly something off topic is off topic. The subject of the content always speaks against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Any name speaks against it.
    #[default]
    Nothing,
    /// Organisations, years and types do not: the navy of today.
    Organisations,
    /// No name does: the price of a compiler.
    Names,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WordsFile {
    stop: Vec<String>,
    subject_pronouns: Vec<String>,
    item_pronouns: Vec<String>,
    question_words: Vec<String>,
    earliest: Vec<String>,
    latest: Vec<String>,
    greatest: Vec<String>,
    others: Vec<String>,
    kinds: Vec<String>,
    dangling: Vec<String>,
    abilities: Vec<String>,
    lead_ins: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    intents: Vec<IntentFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IntentFile {
    intent: String,
    #[serde(default)]
    social: bool,
    #[serde(default)]
    needs_history: bool,
    rules: Vec<RuleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    say: String,
    strength: f32,
    #[serde(rename = "type")]
    item_type: Option<String>,
    #[serde(default)]
    holds: Holds,
}

impl Lexicon {
    /// Reads the built-in data.
    ///
    /// # Errors
    /// In words, when a data file is broken.
    pub fn built_in() -> Result<Self, String> {
        Self::from_json(
            include_str!("../data/words.json"),
            include_str!("../data/rules.json"),
        )
    }

    fn from_json(words_json: &str, rules_json: &str) -> Result<Self, String> {
        let file: WordsFile =
            serde_json::from_str(words_json).map_err(|e| format!("words.json: {e}"))?;
        let rules: RulesFile =
            serde_json::from_str(rules_json).map_err(|e| format!("rules.json: {e}"))?;
        let mut lead_ins: Vec<Vec<String>> =
            file.lead_ins.iter().map(|phrase| words(phrase)).collect();
        lead_ins.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        // What asks for the first or the most says nothing about content.
        let cues = [&file.earliest, &file.latest, &file.greatest, &file.others];
        let cues: Vec<String> = cues.into_iter().flatten().cloned().collect();
        let mut lexicon = Self {
            stop: file.stop.into_iter().chain(cues).collect(),
            subject_pronouns: file.subject_pronouns.into_iter().collect(),
            item_pronouns: file.item_pronouns.into_iter().collect(),
            question_words: file.question_words.into_iter().collect(),
            earliest: file.earliest.into_iter().collect(),
            latest: file.latest.into_iter().collect(),
            greatest: file.greatest.into_iter().collect(),
            others: file.others.into_iter().collect(),
            kinds: file.kinds.iter().map(|word| stem(word)).collect(),
            abilities: file.abilities.into_iter().collect(),
            dangling: file.dangling.into_iter().collect(),
            lead_ins,
            intents: rules
                .intents
                .into_iter()
                .map(intent)
                .collect::<Result<_, _>>()?,
            common: include_str!("../data/common.txt")
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            english: Glossary::from_json(include_str!("../data/languages/en.json"))?,
            languages: [
                include_str!("../data/languages/de.json"),
                include_str!("../data/languages/es.json"),
                include_str!("../data/languages/fr.json"),
            ]
            .into_iter()
            .map(Glossary::from_json)
            .collect::<Result<_, _>>()?,
            topics: Topics::built_in()?,
            asking: HashSet::new(),
        };
        lexicon.asking = lexicon.vocabulary().cloned().collect();
        Ok(lexicon)
    }

    /// Whether a word is one that people ask with, whatever the content: it is in a list or in a rule.
    #[must_use]
    pub fn asks_with(&self, word: &str) -> bool {
        self.asking.contains(word)
    }

    /// Whether a word is a small one, which says how something is asked and not what.
    #[must_use]
    pub fn is_small(&self, word: &str) -> bool {
        self.stop.contains(word) || self.question_words.contains(word)
    }

    /// Every word of the lists and rules.
    pub fn vocabulary(&self) -> impl Iterator<Item = &String> {
        let lists = [
            &self.stop,
            &self.subject_pronouns,
            &self.item_pronouns,
            &self.question_words,
            &self.earliest,
            &self.latest,
            &self.greatest,
            &self.others,
        ];
        let rules = self.intents.iter().flat_map(|rules| &rules.rules);
        lists
            .into_iter()
            .flatten()
            .chain(self.lead_ins.iter().flatten())
            .chain(rules.flat_map(|rule| rule.pattern.words()))
    }
}

fn intent(file: IntentFile) -> Result<IntentRules, String> {
    let intent = INTENTS
        .iter()
        .find(|name| **name == file.intent)
        .ok_or_else(|| format!("rules.json: unknown intent {}", file.intent))?;
    let rules = file
        .rules
        .into_iter()
        .map(|rule| {
            if !(0.0..=1.0).contains(&rule.strength) {
                return Err(format!(
                    "rules.json: strength of {:?} is outside 0 to 1",
                    rule.say
                ));
            }
            let pattern = Pattern::parse(&rule.say)
                .map_err(|e| format!("rules.json: {:?}: {e}", rule.say))?;
            Ok(Rule {
                pattern,
                strength: rule.strength,
                item_type: rule.item_type,
                holds: rule.holds,
            })
        })
        .collect::<Result<_, String>>()?;
    Ok(IntentRules {
        intent,
        social: file.social,
        needs_history: file.needs_history,
        rules,
    })
}

#[cfg(test)]
mod tests {
    use super::{INTENTS, Lexicon};

    #[test]
    fn the_data_files_are_sound_and_cover_every_intent() {
        let lexicon = Lexicon::built_in().unwrap();
        for intent in INTENTS.iter().filter(|intent| **intent != "unclear") {
            assert!(
                lexicon
                    .intents
                    .iter()
                    .any(|rules| rules.intent == *intent && !rules.rules.is_empty()),
                "{intent}"
            );
        }
        assert!(lexicon.stop.len() > 200);
    }

    #[test]
    fn a_broken_rule_is_named() {
        let words = include_str!("../data/words.json");
        let rules =
            r#"{"intents":[{"intent":"list","rules":[{"say":"what {thing}","strength":0.5}]}]}"#;
        assert!(
            Lexicon::from_json(words, rules)
                .unwrap_err()
                .contains("{thing}")
        );
        let rules = r#"{"intents":[{"intent":"sing","rules":[]}]}"#;
        assert!(
            Lexicon::from_json(words, rules)
                .unwrap_err()
                .contains("sing")
        );
    }
}
