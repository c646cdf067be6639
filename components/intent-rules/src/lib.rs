//! Intent rules and the content base: classification, search and ranked selection.
//!
//! A question is read once ([`intent::question`]), judged by rules and context ([`intent::classify`]), and answered with items that are
//! scored by a fixed formula ([`select::score`]). Nothing is learned while it runs and nothing is random: equal input gives equal output. It
//! needs the folder with `content.json` and nothing else. The rules are English; questions in other languages are put into English words first
//! ([`normal`]).

pub mod base;
#[cfg(target_family = "wasm")]
pub mod component;
pub mod error;
pub mod index;
pub mod intent;
pub mod lexicon;
mod name_keys;
pub mod names;
pub mod normal;
pub mod select;
pub mod synonyms;
pub mod terms;
pub mod text;
pub mod topics;

use base::{ContentBase, Item};
use colloquy_preload::Files;
use error::Error;
use index::Index;
use intent::learned::Learned;
use intent::{Classification, Turn};
use lexicon::Lexicon;
use names::Names;
use normal::Normaliser;
use normal::spelling::Speller;
use select::choose::{Hit, Request, Selection};
use select::filter::{Filter, unknown_type};
use synonyms::Synonyms;
use topics::Topics;

/// A content base with everything built over it. Never changes.
#[derive(Debug)]
pub struct Engine {
    base: ContentBase,
    lexicon: Lexicon,
    names: Names,
    index: Index,
    synonyms: Synonyms,
    normaliser: Normaliser,
    learned: Learned,
}

impl Engine {
    /// Indexes a content base.
    ///
    /// # Errors
    /// `internal` when the built-in word lists are broken, which a test excludes.
    pub fn new(base: ContentBase) -> Result<Self, Error> {
        let mut lexicon = Lexicon::built_in().map_err(Error::Internal)?;
        let synonyms = Synonyms::built_in();
        let names = Names::new(&base);
        let index = Index::new(&base, &lexicon);
        let speller = Speller::new(
            lexicon.vocabulary().cloned(),
            names.words().chain(names.keys()).cloned(),
            index.words().iter().cloned(),
            lexicon
                .common
                .iter()
                .cloned()
                .chain(Synonyms::words().chain(Topics::words()).map(str::to_owned)),
        );
        let normaliser = Normaliser::new(
            std::mem::take(&mut lexicon.english),
            std::mem::take(&mut lexicon.languages),
            speller,
        );
        Ok(Self {
            base,
            lexicon,
            names,
            index,
            synonyms,
            normaliser,
            learned: Learned::built_in().map_err(Error::Internal)?,
        })
    }

    /// Loads and indexes the `content.json` of a folder.
    ///
    /// # Errors
    /// `unavailable` with every mistake of the file.
    pub fn load(folder: &std::path::Path) -> Result<Self, Error> {
        Self::read(&Files::folder(folder))
    }

    /// Loads and indexes the `content.json` among files.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn read(files: &Files) -> Result<Self, Error> {
        Self::new(ContentBase::read(files).map_err(|error| Error::Unavailable(error.to_string()))?)
    }

    /// The content.
    #[must_use]
    pub fn base(&self) -> &ContentBase {
        &self.base
    }

    /// Classifies a question; `history` is oldest first.
    ///
    /// # Errors
    /// `invalid-input` when the text is too long.
    pub fn classify(&self, text: &str, history: &[Turn]) -> Result<Classification, Error> {
        intent::classify::classify(self, text, history)
    }

    /// What the learned part of the judgement sees of a question, for training.
    #[must_use]
    pub fn features(&self, text: &str, history: &[Turn]) -> intent::features::Features {
        intent::classify::seen(self, text, history)
    }

    /// Chooses the items for an answer.
    ///
    /// # Errors
    /// `invalid-input` for an unknown item type.
    pub fn select(&self, request: &Request) -> Result<Selection<'_>, Error> {
        self.select_near(request, &[])
    }

    /// Chooses the items for an answer, knowing how near in meaning each item is to the question: 0 to 1, in the order of the base.
    /// From one half on an item fits as if it held half of the words.
    ///
    /// # Errors
    /// As [`Engine::select`].
    pub fn select_near(&self, request: &Request, near: &[f32]) -> Result<Selection<'_>, Error> {
        select::choose::select(self, request, near)
    }

    /// Free search.
    ///
    /// # Errors
    /// `invalid-input` for an unknown item type or a text that is too long.
    pub fn search(&self, text: &str, filter: Filter, limit: usize) -> Result<Vec<Hit<'_>>, Error> {
        self.search_near(text, filter, limit, &[])
    }

    /// Free search, knowing how near in meaning each item is to the text, as in [`Engine::select_near`].
    ///
    /// # Errors
    /// As [`Engine::search`].
    pub fn search_near(
        &self,
        text: &str,
        filter: Filter,
        limit: usize,
        near: &[f32],
    ) -> Result<Vec<Hit<'_>>, Error> {
        select::choose::search(self, text, filter, limit, near)
    }

    /// Items of one type, or of all, in the order of the base.
    ///
    /// # Errors
    /// `invalid-input` for an unknown item type.
    pub fn items(
        &self,
        type_name: Option<&str>,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<&Item>, Error> {
        if let Some(name) = type_name
            && !self.base.types.iter().any(|t| t.name == name)
        {
            return Err(unknown_type(&self.base, name));
        }
        let wanted = |item: &&Item| type_name.is_none_or(|name| self.base.type_name(item) == name);
        Ok(self
            .base
            .items
            .iter()
            .filter(wanted)
            .skip(offset)
            .take(limit)
            .collect())
    }

    /// One item.
    #[must_use]
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.base.items.iter().find(|item| item.id == id)
    }
}
