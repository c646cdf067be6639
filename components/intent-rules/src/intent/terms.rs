//! Content words of a question as the index knows them, and how much of them the content base knows.

use crate::Engine;
use crate::index::phrase_stem;
use crate::select::score::Term;

/// The same where it is decided whether a question is about the content at all.
const EVERYDAY_TOPIC: f32 = 0.7;
/// What an everyday word that the content does not know counts of what another unknown word would.
const EVERYDAY: f32 = 0.3;

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
                stem: phrase_stem(&word.split(' ').collect::<Vec<_>>()),
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
