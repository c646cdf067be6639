//! From a question to an intent.
//!
//! Each intent gets the strength of its best rule. Small talk yields to a question in the same breath, follow-ups need something to follow,
//! and small hints about content count when no rule fits. What is unsafe always wins. A question whose words the content base does not
//! know, and that does not even mention its subject, is off topic.

use super::candidates::{Candidate, STRONG, add_hints, strengths};
use super::confidence::{Evidence, judge};
use super::features::{Circumstances, Features, features};
use super::question::{Question, read};
use super::{Classification, Entity, Turn, context};
use crate::Engine;
use crate::error::Error;
use crate::lexicon::INTENTS;
pub use crate::lexicon::is_about_content;
use crate::text::stem;

/// Most characters of a question.
pub const MAX_CHARACTERS: usize = 4_000;
/// A rule this strong says clearly what is wanted.
const CLEAR: f32 = 0.9;
/// A rule this strong makes its intent more likely by the factor.
const PLAIN: f32 = 0.97;
const BOOST: f32 = 3.0;
/// Most certainty that something is unclear.
const UNCLEAR: f32 = 0.3;
/// What is left of the likelihood of small talk when something of the content is named, of harm without a word of it, and of what is off
/// topic when an item is named and no rule knows better.
const DOUBT: f32 = 0.1;

/// A rule this strong also knows a question that ends like a broken-off one: "what was she good at".
const SURE: f32 = 0.85;

/// Classifies one question.
///
/// # Errors
/// `invalid-input` when the text has more than [`MAX_CHARACTERS`] characters.
pub fn classify(engine: &Engine, text: &str, history: &[Turn]) -> Result<Classification, Error> {
    let n_characters = text.chars().count();
    if n_characters > MAX_CHARACTERS {
        return Err(Error::InvalidInput(format!(
            "the question has {n_characters} characters, at most {MAX_CHARACTERS} are allowed"
        )));
    }
    let Reading {
        question,
        mut candidates,
        around,
    } = reading(engine, text, history);
    let known_share = around.known_share;
    let strengths = strengths_of(&candidates);
    let seen = features(engine, &question, around.with(&strengths));
    let rule_of = |intent: &str| {
        let mut rules = INTENTS.iter().zip(&strengths);
        rules
            .find(|(name, _)| **name == intent)
            .map_or(0.0, |(_, strength)| *strength)
    };
    let names_thing = question.names_something();
    let names = |kinds: &[&str]| {
        kinds
            .iter()
            .any(|kind| question.of_kind(kind).next().is_some())
    };
    let names_item = names(&["item"])
        || names(&["item-type"]) && names(&["year", "year-range", "organisation", "technology"]);
    // "What were the instructions punched on?" has a word of harm that is one of the content, and is about nobody here.
    let is_personal = question.units.iter().any(|unit| {
        let word = unit.text.as_str();
        matches!(
            word,
            "i" | "me" | "my" | "we" | "us" | "our" | "you" | "your" | "someone" | "somebody"
        )
    });
    let is_harmful = question.units.iter().any(|unit| {
        let is_content = !unit.classes.is_empty() || engine.index.knows(&stem(&unit.text));
        (is_personal || !is_content) && engine.lexicon.topics.of(&unit.text).any(is_harm)
    });
    // "Where did you teach mathematics?": whoever is asked, all of it is about the content. Recognisers hear "you" for "she", too.
    let is_meant = known_share >= 1.0
        && question.keywords.len() >= 2
        && question.units.iter().any(|unit| unit.text == "you");
    for (candidate, likely) in candidates.iter_mut().zip(engine.learned.likelihoods(&seen)) {
        // Who names a thing of the content is not making conversation.
        let is_idle = matches!(
            candidate.intent,
            "greeting" | "thanks" | "goodbye" | "help" | "unclear"
        );
        let is_baseless = candidate.intent == "unsafe" && !is_harmful;
        let is_named = candidate.intent == "off-topic" && (names_item || is_meant);
        let is_doubtful = is_idle && names_thing || is_baseless || is_named;
        let doubt = if is_doubtful && candidate.strength < STRONG {
            DOUBT
        } else {
            1.0
        };
        // What is said in so many words weighs more than anything else.
        let is_plain =
            matches!(candidate.intent, "when" | "count" | "compare") && candidate.strength >= PLAIN;
        candidate.strength = likely * doubt * if is_plain { BOOST } else { 1.0 };
    }
    // The sort is stable, so equal strengths stay in the order of INTENTS.
    candidates.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    let mut best = candidates.first().cloned().unwrap_or(Candidate {
        intent: "unclear",
        strength: 0.0,
        item_type: None,
        typed: 0.0,
    });
    // A follow-up that says clearly what it wants to know is that: "when was it?"
    if best.intent == "follow-up"
        && let Some(clear) = candidates.iter().find(|c| {
            matches!(c.intent, "when" | "count" | "compare") && rule_of(c.intent) >= CLEAR
        })
    {
        best.intent = clear.intent;
    }
    let second = candidates
        .iter()
        .skip(1)
        .map(|c| c.strength)
        .fold(0.0, f32::max);
    let carried = context::resolve(engine, &question, best.intent, known_share, history);
    best.intent = settle(
        best.intent,
        &question,
        known_share,
        best.strength,
        !carried.entities.is_empty() || carried.resolved,
    );
    let item_type = item_type(engine, &question, &best, carried.item_type);
    let about_content = is_about_content(best.intent) || best.intent == "unclear";
    let known_share = if best.intent == "unclear" {
        0.0
    } else {
        known_share
    };
    let entities: Vec<Entity> = question
        .entities
        .into_iter()
        .chain(carried.entities)
        .collect();
    let certainty = match best.intent {
        "unclear" => best.strength.min(UNCLEAR),
        _ => best.strength.min(1.0),
    };
    let (confidence, factors) = judge(Evidence {
        best: certainty,
        second: second.min(certainty),
        entities: &entities,
        about_content,
        known_share,
        needs_context: best.intent == "follow-up",
        has_context: carried.resolved,
    });
    Ok(Classification {
        intent: best.intent,
        item_type,
        entities,
        keywords: question.keywords,
        confidence,
        factors,
    })
}

/// What the learned part of the judgement sees of a question.
#[must_use]
pub fn seen(engine: &Engine, text: &str, history: &[Turn]) -> Features {
    let reading = reading(engine, text, history);
    let strengths = strengths_of(&reading.candidates);
    features(engine, &reading.question, reading.around.with(&strengths))
}

/// A question, what the rules say, and what is known beside it.
struct Reading {
    question: Question,
    candidates: Vec<Candidate>,
    around: Circumstances<'static>,
}

fn reading(engine: &Engine, text: &str, history: &[Turn]) -> Reading {
    let n_shown = context::last_shown(history).map_or(0, |turn| turn.item_ids.len());
    let question = read(engine, text, n_shown);
    let known_share = engine.known_share(&question.keywords);
    let mut candidates = strengths(engine, &question, !history.is_empty(), n_shown > 0);
    let is_question = question
        .core()
        .first()
        .is_some_and(|unit| engine.lexicon.question_words.contains(&unit.text));
    add_hints(
        &mut candidates,
        &question,
        known_share,
        n_shown > 0,
        is_question,
    );
    let around = Circumstances {
        has_history: !history.is_empty(),
        n_shown,
        known_share,
        held_share: engine.held_share(&question.keywords),
        rules: &[],
    };
    Reading {
        question,
        candidates,
        around,
    }
}

fn strengths_of(candidates: &[Candidate]) -> Vec<f32> {
    candidates.iter().map(|c| c.strength).collect()
}

/// Whether a topic is one of those that make a question unsafe.
fn is_harm(topic: &str) -> bool {
    matches!(
        topic,
        "weapon"
            | "drug"
            | "selfharm"
            | "violence"
            | "crime"
            | "hacking"
            | "sex"
            | "insult"
            | "hate"
            | "privacy"
            | "injection"
    )
}

/// Takes back an intent about content when there is nothing in the question that content could answer.
fn settle(
    intent: &'static str,
    question: &Question,
    known_share: f32,
    strength: f32,
    resolved: bool,
) -> &'static str {
    let knows_words = !question.keywords.is_empty() && known_share >= 0.5;
    // Years and types are no anchor among words that the content does not know: "what did Steve Jobs invent?"
    let anchor = ["item", "technology", "organisation"]
        .iter()
        .any(|kind| question.of_kind(kind).next().is_some());
    let weak_anchor = question.names_something() && (question.keywords.is_empty() || knows_words);
    let answerable = resolved || anchor || weak_anchor || question.has_subject || knows_words;
    match intent {
        "list" | "detail" | "when" | "count" | "compare" if !answerable => {
            if question.keywords.is_empty() {
                "unclear"
            } else {
                "off-topic"
            }
        }
        "about" | "list" | "detail" | "when" | "count" | "compare" | "follow-up"
            if !resolved
                && !question.names_something()
                && question.keywords.is_empty()
                && question.is_cut_off
                && strength < SURE =>
        {
            "unclear"
        }
        intent => intent,
    }
}

/// The type asked for: by a noun, else by the rule, else by a verb, else by the turn before.
fn item_type(
    engine: &Engine,
    question: &Question,
    best: &Candidate,
    carried: Option<String>,
) -> Option<String> {
    let mut named = question
        .of_kind("item-type")
        .map(|entity| entity.value.clone());
    if let Some(first) = named.next() {
        // "Talks and papers" asks for no single type.
        return named.all(|other| other == first).then_some(first);
    }
    let known = |name: &String| engine.base.types.iter().any(|t| t.name == *name);
    let by_verb = || {
        question
            .hinted_type
            .clone()
            .filter(|_| matches!(best.intent, "list" | "count"))
    };
    best.item_type
        .clone()
        .filter(known)
        .filter(|_| is_about_content(best.intent))
        .or_else(by_verb)
        .or(carried)
}
