//! A question taken apart: entities, content words, and the units that patterns match. It does not decide what is wanted.
//!
//! Every word belongs to at most one thing: a name of the content base, years, an ordinal, a count, a stop word, or a content word.

use super::Entity;
use super::pattern::{Class, Unit};
use crate::Engine;
use crate::names::{Match, Target};
use crate::text::years::Years;
use crate::text::{Token, numbers, stem};

/// Most confidence of a name whose words had to be put right.
const CORRECTED: f32 = 0.9;

/// A question taken apart.
#[derive(Debug, Default)]
pub struct Question {
    /// Everything named, in order.
    pub entities: Vec<Entity>,
    /// Content words in order, each once; names of technologies in their canonical spelling.
    pub keywords: Vec<String>,
    /// All units.
    pub units: Vec<Unit>,
    /// Units after polite beginnings (`could you please`).
    pub n_lead_in: usize,
    /// The person is mentioned, by name or pronoun.
    pub has_subject: bool,
    /// The first pronoun that may mean an item of the turn before.
    pub item_pronoun: Option<String>,
    /// Type that a verb hints at.
    pub hinted_type: Option<String>,
    /// The question asks for other items than those shown.
    pub wants_others: bool,
    /// Some content word is an everyday word, or one of the content base.
    pub has_everyday: bool,
    /// It asks for the first, the last or the greatest of several.
    pub wants_extreme: bool,
    /// It ends in a word that needs another one after it.
    pub is_cut_off: bool,
}

impl Question {
    /// Entities of one kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Entity> {
        self.entities
            .iter()
            .filter(move |entity| entity.kind == kind)
    }

    /// Whether it names something that content can be looked up by.
    #[must_use]
    pub fn names_something(&self) -> bool {
        self.entities
            .iter()
            .any(|entity| !matches!(entity.kind, "ordinal" | "count"))
    }

    /// Units without the polite beginning; all of them when nothing else was said.
    #[must_use]
    pub fn core(&self) -> &[Unit] {
        match self.units.get(self.n_lead_in..) {
            Some(core) if !core.is_empty() => core,
            _ => &self.units,
        }
    }
}

/// Takes a question apart. `n_shown` is how many items the turn before showed, for `the second one` and `the last one`.
#[must_use]
pub fn read(engine: &Engine, text: &str, n_shown: usize) -> Question {
    let tokens = engine.normaliser.tokens(text);
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let lexicon = &engine.lexicon;
    let ordinary = |word: &str| {
        lexicon.stop.contains(word)
            || lexicon.question_words.contains(word)
            || engine.index.knows(&stem(word))
    };
    let mut reader = Reader {
        engine,
        text,
        tokens: &tokens,
        words: &words,
        kinds: vec![Part::Free; words.len()],
        question: Question::default(),
    };
    for found in engine.names.find(&words, ordinary) {
        reader.name(&found);
    }
    reader.years();
    reader.numbers(n_shown);
    reader.remaining_words();
    let n_lead_in = reader.lead_in();
    reader.question.units = reader.units();
    reader.question.n_lead_in = n_lead_in;
    reader.question.is_cut_off = words
        .last()
        .is_some_and(|word| lexicon.dangling.contains(*word));
    reader.question
}

/// What a word belongs to. A span is known by its first word; the others continue it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Free,
    Span(Vec<Class>),
    Continued,
    /// Understood, but still a plain word for the patterns.
    Used,
}

/// Takes a question apart, step by step.
pub(super) struct Reader<'q> {
    pub(super) engine: &'q Engine,
    pub(super) text: &'q str,
    pub(super) tokens: &'q [Token],
    pub(super) words: &'q [&'q str],
    pub(super) kinds: Vec<Part>,
    pub(super) question: Question,
}

impl Reader<'_> {
    fn name(&mut self, found: &Match) {
        let base = &self.engine.base;
        let said = self.said(found.first, found.end);
        let confidence = if self.is_as_said(found) {
            found.confidence
        } else {
            found.confidence.min(CORRECTED)
        };
        let mut classes = Vec::new();
        let mut keywords: Vec<String> = Vec::new();
        for target in &found.targets {
            let (kind, value, class) = match *target {
                Target::Subject => {
                    self.question.has_subject = true;
                    classes.push(Class::Subject);
                    continue;
                }
                // A programmer is not what "program" asks for.
                Target::Verb(_) if self.is_doer(found) => continue,
                Target::Verb(i) => {
                    let hint = base.types.get(i).map(|t| t.name.clone());
                    self.question.hinted_type = self.question.hinted_type.take().or(hint);
                    self.kinds
                        .iter_mut()
                        .skip(found.first)
                        .take(found.end - found.first)
                        .for_each(|part| *part = Part::Used);
                    continue;
                }
                Target::Type(_) if !self.is_noun_here(found) => continue,
                Target::Type(i) => (
                    "item-type",
                    base.types.get(i).map(|t| t.name.clone()),
                    Class::Type,
                ),
                Target::Technology(i) => {
                    let name = base.technologies.get(i).map(|t| t.name.clone());
                    keywords.extend(
                        name.iter()
                            .flat_map(|name| crate::text::tokens::words(name)),
                    );
                    ("technology", name, Class::Name)
                }
                Target::Organisation(i) => (
                    "organisation",
                    base.organisations.get(i).map(|o| o.name.clone()),
                    Class::Name,
                ),
                Target::Item(i) => {
                    classes.push(Class::Item);
                    keywords.extend(
                        self.words
                            .get(found.first..found.end)
                            .into_iter()
                            .flatten()
                            .map(|word| (*word).to_owned()),
                    );
                    (
                        "item",
                        base.items.get(i).map(|item| item.id.clone()),
                        Class::Name,
                    )
                }
                Target::Period(i) => {
                    let years = base.periods.get(i).map(|p| Years {
                        from: Some(p.from_year),
                        to: Some(p.to_year),
                    });
                    ("year-range", years.map(Years::canonical), Class::Years)
                }
            };
            let Some(value) = value else { continue };
            classes.push(class);
            self.question.entities.push(Entity {
                kind,
                value,
                text: said.clone(),
                confidence,
            });
        }
        keywords.retain(|word| !self.engine.lexicon.stop.contains(word));
        self.add_keywords(keywords);
        if !classes.is_empty() {
            self.mark(found.first, found.end, classes);
        }
    }

    /// A noun for someone who does what a verb says.
    fn is_doer(&self, found: &Match) -> bool {
        let word = self.words.get(found.first).copied().unwrap_or_default();
        found.confidence < 1.0
            && ["er", "ers", "or", "ors"]
                .iter()
                .any(|end| word.ends_with(end))
    }

    /// Whether the words were said like this, and not put right or translated first.
    fn is_as_said(&self, found: &Match) -> bool {
        let run = self.words.get(found.first..found.end).unwrap_or_default();
        let said = crate::text::tokens::words(&self.said(found.first, found.end));
        said.iter().map(String::as_str).eq(run.iter().copied())
    }

    /// Words such as `talk` are nouns for a type, but also plain verbs: in the singular they need a determiner before them.
    fn is_noun_here(&self, found: &Match) -> bool {
        let Some(word) = self.words.get(found.first) else {
            return false;
        };
        if !self.engine.lexicon.stop.contains(*word) || found.end - found.first > 1 {
            return true;
        }
        let before = found
            .first
            .checked_sub(1)
            .and_then(|at| self.words.get(at))
            .copied()
            .unwrap_or("");
        matches!(
            before,
            "the"
                | "a"
                | "an"
                | "her"
                | "his"
                | "your"
                | "their"
                | "any"
                | "what"
                | "which"
                | "all"
                | "many"
                | "some"
                | "other"
                | "first"
                | "last"
                | "every"
                | "each"
                | "another"
                | "more"
                | "no"
                | "these"
                | "those"
                | "that"
        )
    }

    fn remaining_words(&mut self) {
        let lexicon = &self.engine.lexicon;
        let mut keywords = Vec::new();
        for (word, part) in self.words.iter().zip(&self.kinds) {
            self.question.has_subject |= lexicon.subject_pronouns.contains(*word);
            self.question.wants_extreme |= lexicon.earliest.contains(*word)
                || lexicon.latest.contains(*word)
                || lexicon.greatest.contains(*word);
            self.question.wants_others |= lexicon.others.contains(*word);
            if self.question.item_pronoun.is_none() && lexicon.item_pronouns.contains(*word) {
                self.question.item_pronoun = Some((*word).to_owned());
            }
            if *part == Part::Free && !lexicon.stop.contains(*word) {
                self.question.has_everyday |=
                    lexicon.common.contains(*word) || self.engine.index.knows(&stem(word));
                keywords.push((*word).to_owned());
            }
        }
        self.add_keywords(keywords);
    }

    fn add_keywords(&mut self, words: Vec<String>) {
        for word in words {
            if !self.question.keywords.contains(&word) {
                self.question.keywords.push(word);
            }
        }
    }

    /// Units taken by polite beginnings. Spans end them: a name is never politeness.
    fn lead_in(&self) -> usize {
        let mut at = 0;
        while let Some(phrase) = self.engine.lexicon.lead_ins.iter().find(|phrase| {
            self.words
                .get(at..at + phrase.len())
                .is_some_and(|run| run.iter().zip(phrase.iter()).all(|(a, b)| a == b))
                && self
                    .kinds
                    .get(at..at + phrase.len())
                    .is_some_and(|parts| parts.iter().all(|p| matches!(p, Part::Free | Part::Used)))
        }) {
            at += phrase.len();
        }
        at
    }

    fn units(&self) -> Vec<Unit> {
        let mut units: Vec<Unit> = Vec::new();
        for (word, part) in self.words.iter().zip(&self.kinds) {
            match part {
                Part::Continued => {
                    if let Some(unit) = units.last_mut() {
                        unit.text.push(' ');
                        unit.text.push_str(word);
                    }
                }
                Part::Span(classes) => units.push(Unit {
                    text: (*word).to_owned(),
                    classes: classes.clone(),
                }),
                Part::Free | Part::Used => {
                    let is_number = numbers::below_hundred(&[word]).is_some()
                        || word.bytes().all(|b| b.is_ascii_digit());
                    let classes = if self.engine.lexicon.subject_pronouns.contains(*word) {
                        vec![Class::Subject]
                    } else if is_number {
                        vec![Class::Number]
                    } else {
                        Vec::new()
                    };
                    units.push(Unit {
                        text: (*word).to_owned(),
                        classes,
                    });
                }
            }
        }
        units
    }

    pub(super) fn mark(&mut self, first: usize, end: usize, classes: Vec<Class>) {
        let mut classes = Some(classes);
        for part in self.kinds.iter_mut().take(end).skip(first) {
            *part = classes.take().map_or(Part::Continued, Part::Span);
        }
    }

    /// The words of the question between two tokens, as they were written.
    pub(super) fn said(&self, first: usize, end: usize) -> String {
        let range = self
            .tokens
            .get(first)
            .zip(end.checked_sub(1).and_then(|last| self.tokens.get(last)));
        range
            .and_then(|(a, b)| self.text.get(a.start..b.end))
            .unwrap_or_default()
            .to_owned()
    }
}
