//! Plays dialogues through an intent stage, as the gateway and the pipeline do: the last six turns as history, the items that were seen
//! last as the previous ones, four cards.

use anyhow::{Context, Result};

use super::set::{Label, Set};

/// Most cards of an answer, and most earlier turns that are looked at: those of the pipeline.
pub const MAX_CARDS: usize = 4;
const MAX_HISTORY: usize = 6;

/// An earlier turn, as the contract has it.
#[derive(Debug, Clone, Default)]
pub struct Turn {
    /// What was asked.
    pub user: String,
    /// What was answered: here the titles of the cards, because no words are made.
    pub assistant: String,
    /// The intent it was given.
    pub intent: String,
    /// The cards that were shown.
    pub item_ids: Vec<String>,
    /// Their type, when they have one in common; without cards, the type asked for.
    pub item_type: Option<String>,
}

/// What a stage made of a question.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The intent.
    pub intent: String,
    /// The type asked for.
    pub item_type: Option<String>,
    /// How sure it is.
    pub confidence: f32,
    /// The cards, best first.
    pub cards: Vec<Card>,
}

/// A card.
#[derive(Debug, Clone, Default)]
pub struct Card {
    /// Its id.
    pub id: String,
    /// Its type.
    pub type_name: String,
    /// Its title.
    pub title: String,
}

/// An intent stage with its content base.
pub trait Stage {
    /// Classifies a question and selects the cards. `previous` are the items that were seen last.
    ///
    /// # Errors
    /// The stage failed.
    fn read(&mut self, text: &str, history: &[Turn], previous: &[String]) -> Result<Reading>;
}

/// A question that was played.
#[derive(Debug, Clone)]
pub struct Played {
    /// The dialogue it is from.
    pub id: String,
    /// Its category.
    pub category: String,
    /// What is right.
    pub label: Label,
    /// What came.
    pub reading: Reading,
}

/// Plays every dialogue.
///
/// # Errors
/// The stage failed; the text names dialogue and question.
pub fn play(stage: &mut dyn Stage, set: &Set) -> Result<Vec<Played>> {
    let mut all = Vec::new();
    for dialogue in &set.dialogues {
        let mut history: Vec<Turn> = Vec::new();
        for label in &dialogue.turns {
            let first = history.len().saturating_sub(MAX_HISTORY);
            let recent = &history[first..];
            let seen = recent.iter().rev().find(|turn| !turn.item_ids.is_empty());
            let previous = seen.map(|turn| turn.item_ids.clone()).unwrap_or_default();
            let shown = recent.last().map_or(&[][..], |turn| &turn.item_ids);
            let right = label.after(shown);
            let mut reading = stage
                .read(&label.text, recent, &previous)
                .with_context(|| format!("{}: {:?}", dialogue.id, label.text))?;
            reading.cards.truncate(MAX_CARDS);
            // The gateway leaves out silence.
            if !label.text.trim().is_empty() {
                history.push(turn(&label.text, &reading));
            }
            all.push(Played {
                id: dialogue.id.clone(),
                category: dialogue.category.clone(),
                label: right,
                reading,
            });
        }
    }
    Ok(all)
}

fn turn(text: &str, reading: &Reading) -> Turn {
    let titles: Vec<&str> = reading.cards.iter().map(|c| c.title.as_str()).collect();
    let item_type = match reading.cards.split_first() {
        None => reading.item_type.clone(),
        Some((first, rest)) => rest
            .iter()
            .all(|card| card.type_name == first.type_name)
            .then(|| first.type_name.clone()),
    };
    Turn {
        user: text.to_owned(),
        assistant: titles.join(", "),
        intent: reading.intent.clone(),
        item_ids: reading.cards.iter().map(|card| card.id.clone()).collect(),
        item_type,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use anyhow::Result;

    use super::super::set::{Dialogue, Label, Set};
    use super::{Card, Reading, Stage, Turn, play};

    /// Shows one card more with every turn but the third, and remembers what it was told.
    #[derive(Default)]
    struct Parrot {
        n_turns: usize,
        told: Vec<(usize, Vec<String>, Option<String>)>,
    }

    impl Stage for Parrot {
        fn read(&mut self, _text: &str, history: &[Turn], previous: &[String]) -> Result<Reading> {
            let before = history.last().and_then(|turn| turn.item_type.clone());
            self.told.push((history.len(), previous.to_vec(), before));
            self.n_turns += 1;
            let n_cards = if self.n_turns == 3 { 0 } else { self.n_turns };
            let cards = (0..n_cards).map(|at| Card {
                id: format!("{}.{at}", self.n_turns),
                type_name: if at == 0 { "talk" } else { "award" }.to_owned(),
                title: String::new(),
            });
            Ok(Reading {
                intent: "list".to_owned(),
                item_type: Some("skill".to_owned()),
                confidence: 1.0,
                cards: cards.collect(),
            })
        }
    }

    #[test]
    fn the_history_is_what_the_stage_showed() {
        let label = Label {
            text: "?".to_owned(),
            intent: vec![],
            items: vec![],
            best: vec![],
            pick: None,
        };
        let set = Set {
            dialogues: vec![Dialogue {
                id: "x".to_owned(),
                category: "c".to_owned(),
                turns: vec![label; 9],
            }],
        };
        let mut stage = Parrot::default();
        let played = play(&mut stage, &set).unwrap();
        assert_eq!(played.len(), 9);
        assert!(played.iter().all(|turn| turn.reading.cards.len() <= 4));
        let lengths: Vec<usize> = stage.told.iter().map(|told| told.0).collect();
        assert_eq!(lengths, [0, 1, 2, 3, 4, 5, 6, 6, 6]);
        assert_eq!(stage.told[1].1, ["1.0"]);
        assert_eq!(stage.told[1].2.as_deref(), Some("talk"));
        assert_eq!(stage.told[2].2, None);
        // The third turn showed nothing, so the second is still the one that was seen last.
        assert_eq!(stage.told[3].1, ["2.0", "2.1"]);
        assert_eq!(stage.told[3].2.as_deref(), Some("skill"));
        let ids: BTreeSet<&String> = stage.told[8].1.iter().collect();
        assert_eq!(ids.len(), 4);
    }
}
