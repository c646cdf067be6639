//! From what was typed or heard to the words that the rules know: other languages, figures of speech, spelling.
//!
//! A token keeps its place in the text whatever its word becomes, so that entities can still say how they were said. Nothing here knows
//! intents, and a word that no list knows stays as it is.

pub mod glossary;
pub mod sounds;
pub mod spelling;
pub mod vocabulary;

use crate::text::{Token, tokenize};
use glossary::Glossary;
use spelling::Speller;

/// Most words that are looked at; a longer question is judged by its beginning.
const MAX_WORDS: usize = 200;

/// Everything that turns text into known words.
#[derive(Debug)]
pub struct Normaliser {
    /// English figures of speech; always applied.
    english: Glossary,
    /// Other languages; at most one of them is applied.
    languages: Vec<Glossary>,
    speller: Speller,
}

impl Normaliser {
    /// Puts one together.
    #[must_use]
    pub fn new(english: Glossary, languages: Vec<Glossary>, speller: Speller) -> Self {
        Self {
            english,
            languages,
            speller,
        }
    }

    /// The tokens of a text, as English words.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = tokenize(text);
        tokens.truncate(MAX_WORDS);
        match self.language_of(&tokens) {
            Some(language) => tokens = language.apply(&tokens),
            None => self.speller.correct(&mut tokens),
        }
        let mut tokens = self.english.apply(&tokens);
        // A phrase may have become several words.
        tokens.truncate(MAX_WORDS);
        tokens
    }

    /// The words of [`Self::tokens`].
    #[must_use]
    pub fn words(&self, text: &str) -> Vec<String> {
        self.tokens(text)
            .into_iter()
            .map(|token| token.text)
            .collect()
    }

    /// The language that the tokens are in, as a tag; English when nothing speaks for another one.
    #[must_use]
    pub fn language(&self, text: &str) -> &str {
        self.language_of(&tokenize(text))
            .map_or("en", |language| &language.tag)
    }

    /// More words must belong to the other language alone than to English alone.
    fn language_of(&self, tokens: &[Token]) -> Option<&Glossary> {
        let is_english = |word: &str| self.speller.is_everyday(word);
        let mut best: Option<(usize, &Glossary)> = None;
        for language in &self.languages {
            let signs = tokens
                .iter()
                .filter(|token| language.has_word(&token.text) && !is_english(&token.text))
                .count();
            let against = tokens
                .iter()
                .filter(|token| is_english(&token.text) && !language.has_word(&token.text))
                .count();
            if signs > against && best.is_none_or(|(most, _)| signs > most) {
                best = Some((signs, language));
            }
        }
        best.map(|(_, language)| language)
    }
}
