//! Rules and meaning together.
//!
//! The rules judge and choose first. Meaning changes their judgement in the cases of [`crate::judge`], and chooses items where the rules
//! know a question to be about the content and find no item that holds its words: the keyword part of an item's score (see
//! `intent_rules::select::score`) is then its nearness in meaning, if that is more. Where the rules find items, those stay: a filter or a
//! name says more than a likeness.

use std::cell::RefCell;
use std::path::Path;

use colloquy_preload::Files;
use intent_rules::Engine;
use intent_rules::intent::{Classification, Turn, question};
use intent_rules::select::choose::{Hit, Request, Selection};
use intent_rules::select::filter::Filter;
use intent_rules::text::tokens::words;

use crate::content::{Calibration, Items};
use crate::error::Error;
use crate::examples::Examples;
use crate::judge::{Signs, Thresholds, reconsider};
use crate::model::{Encoder, Meaning};

/// Rules, a content base, and the meanings of what is in it.
#[derive(Debug)]
pub struct Semantic {
    rules: Engine,
    encoder: Encoder,
    examples: Examples,
    items: Items,
    thresholds: Thresholds,
    calibration: Calibration,
    /// The last text with its meaning: a question is classified, and then items are selected for it.
    last: RefCell<Option<(String, Meaning)>>,
}

impl Semantic {
    /// Embeds the content of the rules.
    ///
    /// # Errors
    /// `internal` when the engine fails.
    pub fn new(rules: Engine, encoder: Encoder) -> Result<Self, Error> {
        let embed = |text: &str| encoder.meaning(text);
        let (examples, items) = (Examples::new(&embed)?, Items::new(rules.base(), &embed)?);
        Ok(Self::of(rules, encoder, examples, items))
    }

    /// Loads a folder with `content.json` and one with the model.
    ///
    /// # Errors
    /// `unavailable` for what is wrong with the content or the model.
    pub fn load(content: &Path, model: &Path) -> Result<Self, Error> {
        // The content first: it is read in no time, and what is wrong with it is told before the model is loaded.
        let rules = Engine::load(content)?;
        Self::new(rules, Encoder::load(model)?)
    }

    /// Loads the model of `files` and the content below `/content`, as hosts mount it.
    #[cfg(target_family = "wasm")]
    pub(crate) fn read(files: &Files) -> Result<Self, Error> {
        let rules = Engine::load(&Path::new("/").join(intent_rules::component::FOLDER))?;
        Self::new(rules, Encoder::read(files)?)
    }

    /// Loads content and model of one set of files, without asking for the time.
    ///
    /// # Errors
    /// As [`Semantic::load`].
    pub fn preload(files: &Files) -> Result<Self, Error> {
        let (rules, encoder) = (Engine::read(files)?, Encoder::read(files)?);
        let embed = |text: &str| encoder.meaning_at_once(text);
        let (examples, items) = (Examples::new(&embed)?, Items::new(rules.base(), &embed)?);
        Ok(Self::of(rules, encoder, examples, items))
    }

    fn of(rules: Engine, encoder: Encoder, examples: Examples, items: Items) -> Self {
        Self {
            rules,
            encoder,
            examples,
            items,
            thresholds: Thresholds::default(),
            calibration: Calibration::default(),
            last: RefCell::new(None),
        }
    }

    /// The same with other thresholds, for evaluations.
    #[must_use]
    pub fn with(self, thresholds: Thresholds, calibration: Calibration) -> Self {
        Self {
            thresholds,
            calibration,
            ..self
        }
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &Engine {
        &self.rules
    }

    /// Classifies a question; `history` is oldest first.
    ///
    /// # Errors
    /// As [`Engine::classify`]; `internal` when the model fails.
    pub fn classify(&self, text: &str, history: &[Turn]) -> Result<Classification, Error> {
        let found = self.rules.classify(text, history)?;
        // Where meaning changes nothing, none is asked for.
        if matches!(
            found.intent,
            "greeting" | "thanks" | "goodbye" | "help" | "about" | "follow-up" | "unsafe"
        ) || text.trim().is_empty()
        {
            return Ok(found);
        }
        let meaning = self.meaning(text)?;
        let similarities = self.items.similarities(&meaning);
        let question = question::read(&self.rules, text, 0);
        let signs = Signs {
            item: similarities.into_iter().fold(-1.0, f32::max),
            examples: &self.examples.nearness(&meaning),
            has_subject: question.has_subject,
            names_something: found.entities.iter().any(|entity| {
                matches!(
                    entity.kind,
                    "item" | "technology" | "organisation" | "year" | "year-range"
                )
            }),
            has_strange_name: self.has_strange_name(text),
            known_share: self.rules.known_share(&found.keywords),
        };
        Ok(reconsider(found, &signs, &self.thresholds))
    }

    /// Chooses the items for an answer.
    ///
    /// # Errors
    /// As [`Engine::select`]; `internal` when the model fails.
    pub fn select(&self, request: &Request) -> Result<Selection<'_>, Error> {
        let by_rules = self.rules.select(request)?;
        if !by_rules.hits.is_empty()
            || !intent_rules::intent::classify::is_about_content(&request.intent)
            || request.limit == 0
            || request.text.trim().is_empty()
            || self.has_strange_name(&request.text)
        {
            return Ok(by_rules);
        }
        let near = self.near(&request.text)?;
        self.rules.select_near(request, &near)
    }

    /// Free search: by words and by meaning.
    ///
    /// # Errors
    /// As [`Engine::search`]; `internal` when the model fails.
    pub fn search(&self, text: &str, filter: Filter, limit: usize) -> Result<Vec<Hit<'_>>, Error> {
        // Everything is asked for, or more than is possible: the rules know what to say.
        if text.trim().is_empty()
            || text.chars().count() > intent_rules::intent::classify::MAX_CHARACTERS
        {
            return self.rules.search(text, filter, limit);
        }
        // Items that are far away are no results.
        let near: Vec<f32> = self.near(text)?;
        let near: Vec<f32> = near
            .into_iter()
            .map(|share| if share < 0.5 { 0.0 } else { share })
            .collect();
        self.rules.search_near(text, filter, limit, &near)
    }

    fn near(&self, text: &str) -> Result<Vec<f32>, Error> {
        let similarities = self.items.similarities(&self.meaning(text)?);
        Ok(self.calibration.near(&similarities))
    }

    fn meaning(&self, text: &str) -> Result<Meaning, Error> {
        if let Some((known, meaning)) = &*self.last.borrow()
            && known == text
        {
            return Ok(meaning.clone());
        }
        let meaning = self.encoder.meaning(text)?;
        *self.last.borrow_mut() = Some((text.to_owned(), meaning.clone()));
        Ok(meaning)
    }

    /// Whether a text holds a name, a word with a capital that does not begin a sentence, which is neither the subject's nor a word of
    /// the content.
    fn has_strange_name(&self, text: &str) -> bool {
        let subject = &self.rules.base().subject;
        let own: Vec<String> = std::iter::once(&subject.name)
            .chain(&subject.aliases)
            .flat_map(|name| words(name))
            .collect();
        let mut begins = true;
        text.split_whitespace().any(|said| {
            let is_name = !begins && said.starts_with(char::is_uppercase);
            begins = said.ends_with(['.', '?', '!', ':']);
            is_name
                && words(said).into_iter().any(|word| {
                    word.chars().count() > 1
                        && !own.contains(&word)
                        && self.rules.known_share(&[word]) == 0.0
                })
        })
    }
}
