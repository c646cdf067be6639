//! What a question means in its conversation: `the second one`, `it`, `what else`, `what about the navy`.
//!
//! Only turns within [`REACH`] count. Something carried over never replaces what the question says itself, and is less certain.

use super::question::{self, Question};
use super::{Entity, Turn};
use crate::Engine;

/// How many turns back an item may be meant.
const REACH: usize = 3;
/// Confidence of an item meant by its place in the list.
const BY_PLACE: f32 = 0.9;
/// Confidence of an item meant by a pronoun, or by nothing at all (`tell me more`).
const BY_PRONOUN: f32 = 0.75;
/// How much less certain an entity of an earlier question is.
const CARRIED: f32 = 0.8;

/// The last turn that showed items, if it is recent enough.
#[must_use]
pub fn last_shown(history: &[Turn]) -> Option<&Turn> {
    history
        .iter()
        .rev()
        .take(REACH)
        .find(|turn| !turn.item_ids.is_empty())
}

/// What the conversation adds to a question.
#[derive(Debug, Default)]
pub struct Carried {
    /// Entities that the question only points at.
    pub entities: Vec<Entity>,
    /// Item type of the turn before, when the question goes on with it.
    pub item_type: Option<String>,
    /// The question needs earlier turns, and they were there.
    pub resolved: bool,
}

/// Resolves what a question leaves out. `known_share` is how much of its content words the base knows.
#[must_use]
pub fn resolve(
    engine: &Engine,
    question: &Question,
    intent: &str,
    known_share: f32,
    history: &[Turn],
) -> Carried {
    let Some(turn) = last_shown(history) else {
        return Carried::default();
    };
    let places: Vec<Entity> = question
        .of_kind("ordinal")
        .filter_map(|place| {
            let at = place.value.parse::<usize>().ok()?.checked_sub(1)?;
            Some(item(turn.item_ids.get(at)?, &place.text, BY_PLACE))
        })
        .collect();
    if places.is_empty() && question.of_kind("ordinal").next().is_some() {
        return Carried::default();
    }
    if !places.is_empty() {
        return Carried {
            entities: places,
            item_type: None,
            resolved: true,
        };
    }
    if question.wants_others && matches!(intent, "follow-up" | "list" | "count") {
        return others(engine, question, turn);
    }
    // "Just the awards from then."
    if question.points_back && question.of_kind("item-type").next().is_some() {
        return others(engine, question, turn);
    }
    if question.names_something() {
        return going_on(question, intent, turn);
    }
    let has_words = question.has_words(known_share);
    let says_nothing = question.keywords.is_empty() && question.item_pronoun.is_none();
    // "How many are there?" leaves out everything that the question before said.
    let says_nothing = says_nothing || question.keywords.is_empty() && question.asks_number;
    let asks_again = matches!(intent, "count" | "list") || question.asks_number;
    if says_nothing && asks_again && !question.has_subject {
        return others(engine, question, turn);
    }
    let points = match intent {
        "follow-up" => !has_words,
        // "Was she too old?" says nothing that could be looked up.
        "detail" | "when" | "compare" if question.keywords.is_empty() => true,
        "list" | "count" => question.item_pronoun.is_some() && !has_words,
        "detail" | "when" | "compare" => {
            question.item_pronoun.is_some() && (!has_words || speaks_of(engine, question, turn))
        }
        _ => false,
    };
    if !points {
        return Carried::default();
    }
    let plural = matches!(
        question.item_pronoun.as_deref(),
        Some("these" | "those" | "they" | "them" | "their" | "ones")
    ) || intent == "compare"
        || question.wants_extreme;
    let n = if plural { turn.item_ids.len() } else { 1 };
    let said = question.item_pronoun.clone().unwrap_or_default();
    let meant = turn.item_ids.iter().take(n);
    Carried {
        entities: meant.map(|id| item(id, &said, BY_PRONOUN)).collect(),
        item_type: None,
        resolved: true,
    }
}

/// `What about the navy?` goes on with the kind of item that was asked for, `how does it differ from COBOL?` with the item.
fn going_on(question: &Question, intent: &str, turn: &Turn) -> Carried {
    let go_on = intent == "follow-up"
        && question.of_kind("item-type").next().is_none()
        && question.of_kind("item").next().is_none();
    let is_other_side = intent == "compare"
        && question.item_pronoun.is_some()
        && question.of_kind("item").count() < 2;
    let other = turn
        .item_ids
        .iter()
        .find(|id| is_other_side && question.of_kind("item").all(|named| named.value != **id));
    let entities: Vec<Entity> = other
        .map(|id| item(id, "", BY_PRONOUN))
        .into_iter()
        .collect();
    Carried {
        item_type: turn.item_type.clone().filter(|_| go_on),
        resolved: intent == "follow-up" || !entities.is_empty(),
        entities,
    }
}

/// Whether the words of a question with a pronoun are as much at home in the first item shown as anywhere, or nowhere much: "when could
/// the public see it?"
fn speaks_of(engine: &Engine, question: &Question, turn: &Turn) -> bool {
    let shares = engine.shares(&engine.terms(&question.keywords));
    let most = shares.iter().copied().fold(0.0, f32::max);
    let shown = turn.item_ids.first();
    let items = engine.base().items.iter();
    let own = items
        .zip(&shares)
        .find(|(item, _)| shown.is_some_and(|id| *id == item.id))
        .map_or(0.0, |(_, share)| *share);
    own >= most * 0.7 || most < 0.5
}

impl Question {
    /// Whether most of its content words are words of the content base.
    fn has_words(&self, known_share: f32) -> bool {
        !self.keywords.is_empty() && known_share >= 0.5
    }
}

/// `What else?`: the restrictions of the question before, as far as this one has none of its own.
fn others(engine: &Engine, question: &Question, turn: &Turn) -> Carried {
    let before = question::read(engine, &turn.user, 0);
    let entities = before
        .entities
        .into_iter()
        .filter(|entity| {
            matches!(
                entity.kind,
                "technology" | "organisation" | "year" | "year-range" | "item-type"
            )
        })
        .filter(|entity| question.of_kind(entity.kind).next().is_none())
        .map(|entity| Entity {
            confidence: entity.confidence * CARRIED,
            ..entity
        })
        .collect();
    let item_type = turn
        .item_type
        .clone()
        .filter(|_| question.of_kind("item-type").next().is_none());
    Carried {
        entities,
        item_type,
        resolved: true,
    }
}

fn item(id: &str, said: &str, confidence: f32) -> Entity {
    Entity {
        kind: "item",
        value: id.to_owned(),
        text: said.to_owned(),
        confidence,
    }
}
