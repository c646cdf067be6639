//! What the learned part of the judgement sees of a question: its shape, not its content.
//!
//! Names, types, years and the subject are only known by their class, and so are the words of the content base (`<k>`). What is left are
//! the words that people ask with, alone and in rows of two and three, the topics they touch (`data/topics.txt`), what the rules think,
//! what came before, and how much of the question the content base knows. So weights that were learned over one content base hold for
//! another one.

use super::pattern::{Class, Unit};
use super::question::Question;
use crate::Engine;
use crate::text::stem;

/// What rows of two and of more words count beside a single one: they are rarer, so less is known of each.
const PAIR: f32 = 0.85;
const LONGER: f32 = 0.7;
/// Most units that are looked at.
const MAX_UNITS: usize = 60;

/// What is known beside the question itself.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'c> {
    /// There was an earlier turn.
    pub has_history: bool,
    /// How many items the turn before showed.
    pub n_shown: usize,
    /// Share of the content words that the base knows.
    pub known_share: f32,
    /// How much the item that holds most of the content words holds of them.
    pub held_share: f32,
    /// Strength of the best rule of each intent, in the order of [`crate::lexicon::INTENTS`].
    pub rules: &'c [f32],
}

impl<'c> Circumstances<'c> {
    /// The same with these strengths.
    #[must_use]
    pub fn with(self, rules: &'c [f32]) -> Self {
        Self { rules, ..self }
    }
}

/// Features by name, with their values.
pub type Features = Vec<(String, f32)>;

/// The features of a question.
#[must_use]
pub fn features(engine: &Engine, question: &Question, around: Circumstances<'_>) -> Features {
    let mut found = Found::default();
    let core = tokens(engine, question.core());
    found.rows("w", &core, 3);
    let bones: Vec<String> = core.iter().map(|token| bone(engine, token)).collect();
    found.rows("b", &bones, 3);
    found.words(engine, question);
    found.shape(question, around, &core);
    found.rules(around.rules);
    found.0.sort_by(|a, b| a.0.cmp(&b.0));
    found.0.dedup_by(|a, b| a.0 == b.0);
    found.0
}

#[derive(Default)]
struct Found(Features);

impl Found {
    fn is(&mut self, name: String) {
        self.0.push((name, 1.0));
    }

    /// Words alone and in rows, and what the question begins and ends with.
    fn rows(&mut self, mark: &str, tokens: &[String], most: usize) {
        let mut bounded = vec!["^".to_owned()];
        bounded.extend(tokens.iter().cloned());
        bounded.push("$".to_owned());
        for n in 1..=most {
            for row in bounded.windows(n) {
                if n > 1 || !matches!(row, [edge] if edge == "^" || edge == "$") {
                    let value = match n {
                        1 => 1.0,
                        2 => PAIR,
                        _ => LONGER,
                    };
                    self.0.push((format!("{mark} {}", row.join(" ")), value));
                }
            }
        }
        for row in bounded.windows(3) {
            if let [first, _, last] = row {
                self.0.push((format!("{mark} {first} .. {last}"), LONGER));
            }
        }
    }

    /// What single words are about.
    fn words(&mut self, engine: &Engine, question: &Question) {
        for unit in question.units.iter().take(MAX_UNITS) {
            let plain = unit.classes.is_empty();
            let known = !plain || engine.index.knows(&stem(&unit.text));
            for topic in engine.lexicon.topics.of(&unit.text) {
                let mark = if known { "known" } else { "topic" };
                self.is(format!("{mark} {topic}"));
                self.is(format!(
                    "{mark} {topic} subject {}",
                    u8::from(question.has_subject)
                ));
            }
        }
    }

    fn shape(&mut self, question: &Question, around: Circumstances<'_>, tokens: &[String]) {
        let n_of = |kinds: &[&str]| {
            let named = question.entities.iter();
            named.filter(|e| kinds.contains(&e.kind)).count().min(2)
        };
        let names = n_of(&["item", "technology", "organisation"]);
        let (types, years) = (n_of(&["item-type"]), n_of(&["year", "year-range"]));
        let subject = u8::from(question.has_subject);
        let known = match around.known_share {
            _ if question.keywords.is_empty() => "none",
            share if share < 0.15 => "strange",
            share if share < 0.5 => "some",
            share if share < 0.9 => "most",
            _ => "all",
        };
        let held = match around.held_share {
            share if share < 0.01 => 0,
            share if share < 0.35 => 1,
            share if share < 0.65 => 2,
            _ => 3,
        };
        let n_words = question.keywords.len().min(4);
        let before = match (around.has_history, around.n_shown) {
            (false, _) => "new",
            (true, 0) => "after",
            (true, 1) => "one",
            (true, _) => "several",
        };
        let pronoun = u8::from(question.item_pronoun.is_some());
        let length = match tokens.len() {
            0..=2 => "2",
            3..=4 => "4",
            5..=7 => "7",
            8..=12 => "12",
            _ => "more",
        };
        self.is("bias".to_owned());
        self.is(format!("names {names}"));
        self.is(format!("types {types}"));
        self.is(format!("years {years}"));
        self.is(format!("subject {subject}"));
        self.is(format!("known {known}"));
        self.is(format!("known {known} words {n_words}"));
        self.is(format!("held {held}"));
        self.is(format!("held {held} subject {subject} names {names}"));
        self.is(format!(
            "subject {subject} names {names} types {types} years {years}"
        ));
        self.is(format!("known {known} subject {subject} names {names}"));
        self.is(format!("before {before}"));
        self.is(format!("before {before} length {length}"));
        self.is(format!("before {before} known {known}"));
        self.is(format!("before {before} pronoun {pronoun} known {known}"));
        self.is(format!("before {before} names {names} subject {subject}"));
        if let Some(first) = tokens.first() {
            self.is(format!("before {before} ^ {first}"));
        }
        self.is(format!("length {length}"));
        if question.is_cut_off {
            self.is("cut off".to_owned());
        }
        if question.wants_others {
            self.is(format!("others before {before}"));
        }
        if question.wants_extreme {
            self.is("extreme".to_owned());
        }
        if question.hinted_type.is_some() {
            self.is("verb".to_owned());
            self.is(format!("verb subject {subject}"));
        }
    }

    fn rules(&mut self, strengths: &[f32]) {
        for (intent, strength) in crate::lexicon::INTENTS.iter().zip(strengths) {
            if *strength > 0.25 {
                self.0.push((format!("rule {intent}"), *strength));
            }
            if *strength >= 0.9 {
                self.is(format!("sure {intent}"));
            }
        }
        let best = strengths.iter().zip(crate::lexicon::INTENTS).fold(
            (0.0, "unclear"),
            |best, (strength, intent)| {
                if *strength > best.0 {
                    (*strength, intent)
                } else {
                    best
                }
            },
        );
        self.is(format!("best {}", best.1));
    }
}

/// Units as the learned part knows them; words of the content in a row are one, the last.
fn tokens(engine: &Engine, units: &[Unit]) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for unit in units.iter().take(MAX_UNITS) {
        let token = token(engine, unit);
        if token.starts_with("<k") && tokens.last().is_some_and(|last| last.starts_with("<k")) {
            tokens.pop();
        }
        tokens.push(token);
    }
    tokens
}

/// A token when only small words are looked at: what a content word is does not matter, but whether there are several.
fn bone(engine: &Engine, token: &str) -> String {
    if token.starts_with('<') || engine.lexicon.is_small(token) {
        token.to_owned()
    } else {
        format!("<w{}>", plural(token))
    }
}

/// An ending for what is many.
fn plural(word: &str) -> &'static str {
    let is_plural = word.len() > 3
        && word.ends_with('s')
        && !word.ends_with("ss")
        && !word.ends_with("us")
        && !word.ends_with("is");
    if is_plural { "s" } else { "" }
}

fn token(engine: &Engine, unit: &Unit) -> String {
    for (class, name) in [
        (Class::Subject, "<subject>"),
        (Class::Name, "<name>"),
        (Class::Type, "<type>"),
        (Class::Years, "<years>"),
        (Class::Ordinal, "<place>"),
        (Class::Count, "<count>"),
        (Class::Number, "<number>"),
    ] {
        if unit.classes.contains(&class) {
            // "Who are you" is not "who is she".
            let is_you = class == Class::Subject && unit.text.starts_with("you");
            return match class {
                Class::Subject if is_you => "<you>".to_owned(),
                Class::Type => format!("<type{}>", plural(&unit.text)),
                _ => name.to_owned(),
            };
        }
    }
    if engine.lexicon.asks_with(&unit.text) || !engine.index.knows(&stem(&unit.text)) {
        unit.text.clone()
    } else {
        format!("<k{}>", plural(&unit.text))
    }
}
