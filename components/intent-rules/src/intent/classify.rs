//! From a question to an intent.
//!
//! Each intent gets the strength of its best rule. Small talk yields to a question in the same breath, follow-ups need something to follow,
//! and small hints about content count when no rule fits. What is unsafe always wins. A question whose words the content base does not
//! know, and that does not even mention its subject, is off topic.

use super::confidence::{Evidence, judge};
use super::pattern::Unit;
use super::question::{Question, read};
use super::{Classification, Entity, Turn, context};
use crate::Engine;
use crate::error::Error;
use crate::lexicon::{Holds, INTENTS, Rule};
use crate::select::score::Term;
use crate::text::stem;

/// Most characters of a question.
pub const MAX_CHARACTERS: usize = 4_000;
/// A rule this strong decides.
const STRONG: f32 = 0.8;
/// What a rule keeps of its strength when something else in the question speaks against it.
const YIELD: f32 = 0.4;

/// The same where it is decided whether a question is about the content at all.
const EVERYDAY_TOPIC: f32 = 0.7;
/// Fewest words of a statement that is taken for one.
const MIN_STATEMENT: usize = 4;
/// A rule this strong also knows a question that ends like a broken-off one: "what was she good at".
const SURE: f32 = 0.85;
/// What an everyday word that the content does not know counts of what another unknown word would.
const EVERYDAY: f32 = 0.3;

/// Strength of one intent.
#[derive(Debug, Clone)]
struct Candidate {
    intent: &'static str,
    strength: f32,
    item_type: Option<String>,
}

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
    let n_shown = context::last_shown(history).map_or(0, |turn| turn.item_ids.len());
    let question = read(engine, text, n_shown);
    let known_share = engine.known_share(&question.keywords);
    let mut candidates = strengths(
        engine,
        &question,
        n_shown > 0 || !history.is_empty(),
        n_shown > 0,
    );
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
    // The sort is stable, so equal strengths stay in the order of INTENTS.
    candidates.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    if let Some(at) = candidates
        .iter()
        .position(|c| c.intent == "unsafe" && c.strength >= STRONG)
    {
        candidates.swap(0, at);
    }
    let mut best = candidates.first().cloned().unwrap_or(Candidate {
        intent: "unclear",
        strength: 0.0,
        item_type: None,
    });
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
    let (confidence, factors) = judge(Evidence {
        best: best.strength,
        second: second.min(best.strength),
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

/// Whether an intent is answered from the content base.
#[must_use]
pub fn is_about_content(intent: &str) -> bool {
    matches!(
        intent,
        "about" | "list" | "detail" | "when" | "count" | "compare" | "follow-up"
    )
}

/// The strength of each intent by its rules, in the order of [`INTENTS`].
fn strengths(
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
            if rule.strength > candidate.strength
                && places.iter().any(|units| rule.pattern.matches(units))
            {
                candidate.strength = rule.strength;
                candidate.item_type.clone_from(&rule.item_type);
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
fn add_hints(
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

impl Engine {
    /// How much of the keywords the base knows, weighed by rarity, 0 to 1; 1 when there are none.
    #[must_use]
    pub fn known_share(&self, keywords: &[String]) -> f32 {
        let terms = self.terms(keywords);
        // Whether a question is about the content at all is told by every word, also the everyday ones.
        let all: f32 = terms
            .iter()
            .map(|term| term.weight.max(self.index.idf(&term.stem) * EVERYDAY_TOPIC))
            .sum();
        let known: f32 = terms
            .iter()
            .filter(|term| self.index.knows(&term.stem) || !term.also.is_empty())
            .map(|term| term.weight * term.trust)
            .sum();
        if all > 0.0 {
            (known / all).clamp(0.0, 1.0)
        } else {
            1.0
        }
    }

    /// Keywords as the index knows them: stemmed, and corrected when misspelled; each stem once.
    #[must_use]
    pub fn terms(&self, keywords: &[String]) -> Vec<Term> {
        let mut terms: Vec<Term> = Vec::new();
        for word in keywords {
            let mut term = Term {
                word: word.clone(),
                stem: stem(word),
                trust: 1.0,
                also: Vec::new(),
                weight: 0.0,
            };
            let is_everyday = self.lexicon.common.contains(word);
            if !self.index.knows(&term.stem)
                && !is_everyday
                && let Some((known, like)) = self.index.correct(&term.stem)
            {
                term.stem = known.to_owned();
                term.trust = like;
            }
            let synonyms = self.synonyms.of(&term.stem).into_iter();
            term.also = synonyms
                .filter(|stem| self.index.knows(stem))
                .map(str::to_owned)
                .collect();
            let is_known = self.index.knows(&term.stem) || !term.also.is_empty();
            let rarity = match term.also.iter().map(|stem| self.index.idf(stem)) {
                rarities if !self.index.knows(&term.stem) => rarities.reduce(f32::min),
                _ => None,
            };
            term.weight = rarity.unwrap_or_else(|| self.index.idf(&term.stem));
            if !is_known && is_everyday {
                term.weight *= EVERYDAY;
            }
            if !terms.iter().any(|other| other.stem == term.stem) {
                terms.push(term);
            }
        }
        terms
    }
}
