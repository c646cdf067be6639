//! The labelled dialogues of `tests/eval/intent/*.toml`.
//!
//! ```toml
//! [[dialogue]]
//! id = "dev-001"
//! category = "paraphrase"
//! [[dialogue.turn]]
//! text = "What did she build?"
//! intent = ["list"]    # any of these is right, the first is the usual one
//! items = ["a-0"]      # every item that answers the question; [] when no card may be shown
//! best = ["a-0"]       # those of them that answer it best; optional
//! pick = 2             # the second card that was shown before is meant, -1 is the last; optional
//! ```
//!
//! `tests/eval/intent/README.md` says how the judgements were made.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The intents of the contract, in the order of the confusion table.
pub const INTENTS: [&str; 14] = [
    "greeting",
    "thanks",
    "goodbye",
    "help",
    "about",
    "list",
    "detail",
    "when",
    "count",
    "compare",
    "follow-up",
    "off-topic",
    "unsafe",
    "unclear",
];

/// A set of dialogues.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// In the order of the file.
    #[serde(rename = "dialogue")]
    pub dialogues: Vec<Dialogue>,
}

/// Questions in a row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialogue {
    /// Unique in its set.
    pub id: String,
    /// What it tries, such as `paraphrase`.
    pub category: String,
    /// Oldest first.
    #[serde(rename = "turn")]
    pub turns: Vec<Label>,
}

/// A question and what is right.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// As it is asked.
    pub text: String,
    /// Any of these intents is right.
    pub intent: Vec<String>,
    /// Items that answer it; none when no card may be shown.
    pub items: Vec<String>,
    /// Items among them that answer it best.
    #[serde(default)]
    pub best: Vec<String>,
    /// The card of the turn before that is meant, from 1, or from -1 backwards: when there is such a card, it alone is right.
    pub pick: Option<i32>,
}

impl Label {
    /// The label when the turn before showed these cards.
    #[must_use]
    pub fn after(&self, shown: &[String]) -> Self {
        let place = self.pick.and_then(|pick| {
            let from = if pick < 0 { shown.len() } else { 0 };
            let offset = if pick < 0 { pick } else { pick - 1 };
            from.checked_add_signed(isize::try_from(offset).ok()?)
        });
        let mut label = self.clone();
        if let Some(id) = place.and_then(|at| shown.get(at)) {
            label.items = vec![id.clone()];
            label.best.clear();
        }
        label
    }

    /// The usual intent.
    #[must_use]
    pub fn usual(&self) -> &str {
        self.intent.first().map_or("", String::as_str)
    }

    /// Nothing else than turning it down is right.
    #[must_use]
    pub fn is_to_be_refused(&self) -> bool {
        self.items.is_empty()
            && self
                .intent
                .iter()
                .all(|name| matches!(name.as_str(), "off-topic" | "unsafe"))
    }
}

impl Set {
    /// Reads a set. `known` are the ids of the content base.
    ///
    /// # Errors
    /// The file is not there or not in the format, an intent or an id does not exist, or an id is used twice.
    pub fn read(file: &Path, known: &BTreeSet<String>) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Self::parse(&text, known).with_context(|| file.display().to_string())
    }

    fn parse(text: &str, known: &BTreeSet<String>) -> Result<Self> {
        let set: Self = toml::from_str(text)?;
        let mut ids = BTreeSet::new();
        for dialogue in &set.dialogues {
            let id = &dialogue.id;
            ensure!(ids.insert(id), "{id} is used twice");
            ensure!(!dialogue.turns.is_empty(), "{id} has no turn");
            for (at, label) in dialogue.turns.iter().enumerate() {
                label
                    .check(known)
                    .with_context(|| format!("{id}, turn {}", at + 1))?;
            }
        }
        Ok(set)
    }
}

impl Label {
    fn check(&self, known: &BTreeSet<String>) -> Result<()> {
        ensure!(!self.intent.is_empty(), "no intent");
        for name in &self.intent {
            ensure!(
                INTENTS.contains(&name.as_str()),
                "{name:?} is not an intent"
            );
        }
        for id in &self.items {
            ensure!(known.contains(id), "{id:?} is not an item");
        }
        let unique: BTreeSet<_> = self.items.iter().collect();
        ensure!(unique.len() == self.items.len(), "an item is named twice");
        ensure!(self.pick != Some(0), "cards are counted from 1");
        for id in &self.best {
            ensure!(
                self.items.contains(id),
                "{id:?} is among `best` and not among `items`"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Set;

    fn parse(turn: &str) -> Result<Set, String> {
        let known: BTreeSet<String> = ["a", "b"].map(str::to_owned).into();
        let text = format!("[[dialogue]]\nid = \"x\"\ncategory = \"c\"\n[[dialogue.turn]]\n{turn}");
        Set::parse(&text, &known).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn labels_are_checked() {
        let good =
            "text = \"t\"\nintent = [\"list\", \"detail\"]\nitems = [\"a\", \"b\"]\nbest = [\"b\"]";
        assert_eq!(parse(good).unwrap().dialogues[0].turns[0].usual(), "list");
        let wrong = [
            ("intent = []\nitems = []", "no intent"),
            ("intent = [\"sing\"]\nitems = []", "sing"),
            ("intent = [\"list\"]\nitems = [\"c\"]", "\"c\""),
            ("intent = [\"list\"]\nitems = [\"a\", \"a\"]", "twice"),
            (
                "intent = [\"list\"]\nitems = [\"a\"]\nbest = [\"b\"]",
                "best",
            ),
            ("intent = [\"list\"]\nitems = []\npick = 0", "from 1"),
            ("intent = [\"list\"]", "items"),
            ("intent = [\"list\"]\nitems = []\nitem = 1", "item"),
        ];
        for (fields, named) in wrong {
            let error = parse(&format!("text = \"t\"\n{fields}")).unwrap_err();
            assert!(
                error.contains("x, turn 1") || error.contains("TOML"),
                "{error}"
            );
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_pick_is_the_card_that_was_shown_or_else_what_the_file_says() {
        let items = |pick: i32, shown: &[&str]| {
            let turn = format!("text = \"t\"\nintent = [\"list\"]\nitems = [\"a\"]\npick = {pick}");
            let shown: Vec<String> = shown.iter().map(|id| (*id).to_owned()).collect();
            parse(&turn).unwrap().dialogues[0].turns[0]
                .after(&shown)
                .items
                .concat()
        };
        assert_eq!(items(1, &["x", "y", "z"]), "x");
        assert_eq!(items(2, &["x", "y", "z"]), "y");
        assert_eq!(items(-1, &["x", "y", "z"]), "z");
        assert_eq!(items(4, &["x", "y", "z"]), "a");
        assert_eq!(items(-2, &["x"]), "a");
    }

    #[test]
    fn only_what_has_no_other_right_answer_is_to_be_refused() {
        let refused = |turn: &str| {
            parse(&format!("text = \"t\"\n{turn}")).unwrap().dialogues[0].turns[0]
                .is_to_be_refused()
        };
        assert!(refused("intent = [\"off-topic\", \"unsafe\"]\nitems = []"));
        assert!(!refused(
            "intent = [\"off-topic\", \"unclear\"]\nitems = []"
        ));
        assert!(!refused("intent = [\"off-topic\"]\nitems = [\"a\"]"));
    }
}
