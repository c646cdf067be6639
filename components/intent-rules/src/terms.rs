//! Content words of a question as the index knows them, and how much of them the content base and its items hold.
//!
//! Reading a question and choosing items for it both build on this.

use crate::Engine;
use crate::index::{Index, Posting, phrase_stem};

/// What an everyday word that the content does not know counts of what another unknown word would.
const EVERYDAY: f32 = 0.3;
/// The same where it is decided whether a question is about the content at all.
const EVERYDAY_TOPIC: f32 = 0.7;
/// How much a synonym counts of what the word itself would.
const SYNONYM: f32 = 0.7;

/// A keyword of the question as the index knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The word as said.
    pub word: String,
    /// Its stem, corrected when it was misspelled.
    pub stem: String,
    /// 1, or less when it was corrected.
    pub trust: f32,
    /// Stems of synonyms that the base knows.
    pub also: Vec<String>,
    /// How much it counts among the terms of a question: its rarity, less for an everyday word that the base does not know.
    pub weight: f32,
}

impl Term {
    /// How much each item holds of it: the weight of the best field of the word or of a synonym.
    #[must_use]
    pub fn held(&self, index: &Index) -> Vec<Posting> {
        let mut held: Vec<Posting> = Vec::new();
        let own = std::iter::once((&self.stem, self.trust));
        let others = self.also.iter().map(|stem| (stem, SYNONYM));
        for (stem, share) in own.chain(others) {
            for posting in index.postings(stem) {
                let weight = posting.weight * share;
                match held.iter_mut().find(|other| other.item == posting.item) {
                    Some(other) => other.weight = other.weight.max(weight),
                    None => held.push(Posting { weight, ..*posting }),
                }
            }
        }
        held
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
            .filter(|term| self.is_known(term))
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
            let is_known = self.is_known(&term);
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

    /// Whether the base knows a term, or a synonym of it.
    pub(crate) fn is_known(&self, term: &Term) -> bool {
        self.index.knows(&term.stem) || !term.also.is_empty()
    }

    /// Share of the keywords that the item holds which holds most of them; 0 when there are none.
    #[must_use]
    pub fn held_share(&self, keywords: &[String]) -> f32 {
        let shares = self.shares(&self.terms(keywords));
        shares.into_iter().fold(0.0, f32::max)
    }

    /// Share of the terms, by their weight, that each item holds anywhere, in the order of the base.
    pub(crate) fn shares(&self, terms: &[Term]) -> Vec<f32> {
        let all: f32 = terms.iter().map(|term| term.weight).sum();
        let mut shares = vec![0.0_f32; self.base.items.len()];
        for term in terms {
            for posting in term.held(&self.index) {
                if let Some(share) = shares.get_mut(posting.item) {
                    *share += term.weight / all;
                }
            }
        }
        shares
    }
}
