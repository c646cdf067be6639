//! A question taken apart: entities, content words, and the units that patterns match. It does not decide what is wanted.
//!
//! Every word belongs to at most one thing: a name of the content base, years, an ordinal, a count, a stop word, or a content word.

use super::Entity;
use super::pattern::{Class, Unit};
use crate::Engine;
use crate::index::{MAX_PHRASE, phrase_stem};
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
    /// It means the time or the place of the turn before: `from then`, `there`.
    pub points_back: bool,
    /// It asks how many.
    pub asks_number: bool,
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
    reader.asides();
    for found in engine.names.find(&words, ordinary) {
        let parts = reader.kinds.get(found.first..found.end);
        if parts.is_some_and(|parts| !parts.contains(&Part::Aside)) {
            reader.name(&found);
        }
    }
    reader.short_names();
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
    /// Why someone asks, and not what: `for my school project`.
    Aside,
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
    pub(super) fn name(&mut self, found: &Match) {
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
                Target::Type(i) if self.is_cut_short(found, i) => continue,
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
                    let years = base
                        .periods
                        .get(i)
                        .map(|p| self.bounded(found, p.from_year, p.to_year));
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

    /// A period, or what was before or after it, as the word before it says.
    fn bounded(&self, found: &Match, from: i32, to: i32) -> Years {
        let word = |back: usize| {
            found
                .first
                .checked_sub(back)
                .and_then(|at| self.words.get(at))
                .copied()
        };
        let before = match word(1) {
            Some("the" | "a") => word(2),
            other => other,
        };
        let (from, to) = match before {
            Some("before") => (None, Some(from - 1)),
            Some("until" | "till") => (None, Some(to)),
            Some("after" | "following") => (Some(to + 1), None),
            Some("since") => (Some(from), None),
            _ => (Some(from), Some(to)),
        };
        Years { from, to }
    }

    /// Whether the words were said like this, and not put right or translated first.
    fn is_as_said(&self, found: &Match) -> bool {
        let run = self.words.get(found.first..found.end).unwrap_or_default();
        let said = crate::text::tokens::words(&self.said(found.first, found.end));
        said.iter().map(String::as_str).eq(run.iter().copied())
    }

    fn remaining_words(&mut self) {
        let lexicon = &self.engine.lexicon;
        let mut keywords = Vec::new();
        let mut last = "";
        for (word, part) in self.words.iter().zip(&self.kinds) {
            self.question.has_subject |= lexicon.subject_pronouns.contains(*word);
            self.question.has_subject |= pointed_at(last, word);
            self.question.asks_number |= last == "how" && *word == "many";
            self.question.points_back |= matches!(*word, "then" | "there" | "only" | "just");
            self.question.wants_extreme |= lexicon.earliest.contains(*word)
                || lexicon.latest.contains(*word)
                || lexicon.greatest.contains(*word);
            self.question.wants_others |= lexicon.others.contains(*word);
            if self.question.item_pronoun.is_none() && lexicon.item_pronouns.contains(*word) {
                self.question.item_pronoun = Some((*word).to_owned());
            }
            last = word;
            if *part == Part::Free && !lexicon.stop.contains(*word) {
                self.question.has_everyday |=
                    lexicon.common.contains(*word) || self.engine.index.knows(&stem(word));
                keywords.push((*word).to_owned());
            }
        }
        self.add_keywords(keywords);
        self.phrases();
    }

    /// Phrases of the content base whose small words would be lost.
    fn phrases(&mut self) {
        let mut found = Vec::new();
        for n in 2..=MAX_PHRASE.min(self.words.len()) {
            for (run, parts) in self.words.windows(n).zip(self.kinds.windows(n)) {
                let is_free = parts
                    .iter()
                    .all(|part| matches!(part, Part::Free | Part::Used));
                if is_free && self.engine.index.knows(&phrase_stem(run)) {
                    found.push(run.join(" "));
                }
            }
        }
        self.add_keywords(found);
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
                && self.kinds.get(at..at + phrase.len()).is_some_and(|parts| {
                    parts
                        .iter()
                        .all(|p| matches!(p, Part::Free | Part::Used | Part::Aside))
                })
        }) {
            at += phrase.len();
        }
        at
    }

    fn units(&self) -> Vec<Unit> {
        let mut units: Vec<Unit> = Vec::new();
        let mut last = "";
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
                Part::Free | Part::Used | Part::Aside => {
                    let is_number = numbers::below_hundred(&[word]).is_some()
                        || word.bytes().all(|b| b.is_ascii_digit());
                    let is_subject = self.engine.lexicon.subject_pronouns.contains(*word)
                        || pointed_at(last, word);
                    let classes = if is_subject {
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
            last = word;
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

/// "This woman", "the lady": the subject, when it is a person.
fn pointed_at(before: &str, word: &str) -> bool {
    matches!(before, "this" | "that" | "the" | "our")
        && matches!(word, "woman" | "lady" | "man" | "person" | "girl" | "guy")
}
