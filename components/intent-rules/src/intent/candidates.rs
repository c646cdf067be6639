//! What the rules say for each intent, before anything else is weighed.

use super::pattern::Unit;
use super::question::Question;
use crate::Engine;
use crate::lexicon::{Holds, INTENTS, Rule, is_about_content};

/// A rule this strong decides.
pub(super) const STRONG: f32 = 0.8;
/// What a rule keeps of its strength when something else in the question speaks against it.
const YIELD: f32 = 0.4;
/// Fewest words of a statement that is taken for one.
const MIN_STATEMENT: usize = 4;

/// Strength of one intent.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) intent: &'static str,
    pub(super) strength: f32,
    pub(super) item_type: Option<String>,
    /// Strength of the best rule that implies a type, which gave `item_type`.
    pub(super) typed: f32,
}

/// The strength of each intent by its rules, in the order of [`INTENTS`].
pub(super) fn strengths(
    engine: &Engine,
    question: &Question,
    has_history: bool,
    has_items: bool,
) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = INTENTS
        .iter()
        .map(|intent| Candidate {
            intent,
            strength: 0.0,
            item_type: None,
            typed: 0.0,
        })
        .collect();
    for rules in &engine.lexicon.intents {
        // Greetings are a polite beginning themselves, and "and" tells that something goes on, so small talk and follow-ups are looked
        // for in everything that was said.
        let (core, all) = (question.core(), question.units.as_slice());
        let places: &[&[Unit]] = match () {
            () if rules.social => &[all],
            () if rules.needs_history => &[core, all],
            () => &[core],
        };
        let Some(candidate) = candidates.iter_mut().find(|c| c.intent == rules.intent) else {
            continue;
        };
        let is_left = |rule: &&Rule| {
            rules.intent != "off-topic" || !question.speaks_against(rule.holds, has_items)
        };
        for rule in rules.rules.iter().filter(is_left) {
            let is_stronger = rule.strength > candidate.strength;
            let tells_type = rule.item_type.is_some() && rule.strength > candidate.typed;
            if (is_stronger || tells_type) && places.iter().any(|units| rule.pattern.matches(units))
            {
                candidate.strength = candidate.strength.max(rule.strength);
                if tells_type {
                    candidate.typed = rule.strength;
                    candidate.item_type.clone_from(&rule.item_type);
                }
            }
        }
        if rules.needs_history && !has_history {
            candidate.strength *= YIELD;
        }
    }
    yield_to_content(engine, question, &mut candidates);
    candidates
}

/// Small talk, help and what is off topic give way to a question about the content in the same breath.
fn yield_to_content(engine: &Engine, question: &Question, candidates: &mut [Candidate]) {
    let strong = |test: &dyn Fn(&str) -> bool| {
        candidates
            .iter()
            .any(|c| c.strength >= STRONG && test(c.intent))
    };
    let asks_content = question.names_something() || strong(&is_about_content);
    let asks = asks_content || strong(&|intent| intent == "help");
    for candidate in candidates {
        let social = engine
            .lexicon
            .intents
            .iter()
            .any(|rules| rules.social && rules.intent == candidate.intent);
        let yields = match candidate.intent {
            "help" => asks_content,
            "off-topic" => false,
            "about" => question.names_something(),
            _ => social && asks,
        };
        if yields {
            candidate.strength *= YIELD;
        }
    }
}

/// What speaks for an intent when no rule does.
pub(super) fn add_hints(
    candidates: &mut [Candidate],
    question: &Question,
    known_share: f32,
    has_items: bool,
    is_question: bool,
) {
    let mut hint = |intent: &str, strength: f32| {
        if let Some(candidate) = candidates.iter_mut().find(|c| c.intent == intent) {
            candidate.strength = candidate.strength.max(strength);
        }
    };
    if question.of_kind("item").next().is_some() || question.of_kind("technology").next().is_some()
    {
        hint("detail", 0.5);
    }
    if question.names_something() {
        hint("list", 0.45);
    }
    if !question.keywords.is_empty() && known_share >= 0.5 {
        hint("detail", 0.4);
    }
    if has_items && question.item_pronoun.is_some() {
        hint("follow-up", 0.35);
    }
    // A statement of some length is about something; mumbling is short, or no word of it is known.
    let says_something =
        is_question || (question.units.len() >= MIN_STATEMENT && question.has_everyday);
    if says_something && !question.keywords.is_empty() && known_share < 0.5 {
        hint("off-topic", 0.3);
    }
    hint("unclear", 0.2);
}

impl Question {
    /// Whether the content is named so clearly that a rule for what is off topic does not hold.
    fn speaks_against(&self, holds: Holds, has_items: bool) -> bool {
        let names_thing = self
            .of_kind("item")
            .chain(self.of_kind("technology"))
            .next();
        self.has_subject_named()
            || match holds {
                Holds::Nothing => self.names_something(),
                Holds::Organisations => names_thing.is_some(),
                // "Where can I see one?"
                Holds::Names => has_items && self.item_pronoun.is_some(),
            }
    }

    /// The subject is there, and not only as the `you` of a request to the speaker.
    fn has_subject_named(&self) -> bool {
        self.has_subject
            && self.units.iter().any(|unit| {
                !unit.text.starts_with("you")
                    && unit.classes.contains(&super::pattern::Class::Subject)
            })
    }
}
