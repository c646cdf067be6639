//! Whether a word that looks like a noun for a type is one, and nouns that are short for a name.

use super::question::{Part, Reader};
use crate::names::Match;
use crate::text::stem;

/// Confidence of a name that was said for short.
const SHORT: f32 = 0.9;

impl Reader<'_> {
    /// "How many languages?": a plural with nothing before it that tells which is short for the kind of things that the base knows. A
    /// word before it makes another thing of it.
    pub(super) fn short_names(&mut self) {
        for at in 0..self.words.len() {
            let is_free = self.kinds.get(at) == Some(&Part::Free);
            let short = self.words.get(at).filter(|_| is_free && self.is_bare(at));
            if let Some(target) = short.and_then(|word| self.engine.names.short_for(word)) {
                self.name(&Match {
                    first: at,
                    end: at + 1,
                    targets: vec![target],
                    confidence: SHORT,
                });
            }
        }
    }

    /// Whether only a determiner is before a word, or one and words such as `most important`.
    fn is_bare(&self, at: usize) -> bool {
        let lexicon = &self.engine.lexicon;
        let lists = [&lexicon.greatest, &lexicon.earliest, &lexicon.latest];
        let before = self.words.get(..at).unwrap_or_default().iter().rev();
        let mut before = before.skip_while(|word| {
            matches!(**word, "new" | "different") || lists.iter().any(|list| list.contains(**word))
        });
        before.next().is_some_and(|word| is_determiner(word))
    }

    /// A noun for someone who does what a verb says.
    pub(super) fn is_doer(&self, found: &Match) -> bool {
        let word = self.words.get(found.first).copied().unwrap_or_default();
        found.confidence < 1.0 && is_doer(word)
    }

    /// Only the stem is that of the noun: what is public is no publication, and a poster no post.
    pub(super) fn is_cut_short(&self, found: &Match, kind: usize) -> bool {
        let (Some(word), Some(kind)) = (
            self.words.get(found.first),
            self.engine.base.types.get(kind),
        ) else {
            return false;
        };
        let nouns = kind.synonyms.iter().chain([&kind.name, &kind.title]);
        found.confidence < 1.0
            && found.end - found.first == 1
            && nouns
                .map(|noun| noun.to_lowercase())
                .filter(|noun| stem(noun) == stem(word))
                .all(|noun| noun.len() > word.len() + 1 || (is_doer(word) && !is_doer(&noun)))
    }

    /// Words such as `talk` are nouns for a type, but also plain verbs: in the singular they need a determiner before them.
    pub(super) fn is_noun_here(&self, found: &Match) -> bool {
        let Some(word) = self.words.get(found.first) else {
            return false;
        };
        let before = found
            .first
            .checked_sub(1)
            .and_then(|at| self.words.get(at))
            .copied()
            .unwrap_or("");
        // "I study compilers": a verb.
        let is_verb = matches!(before, "i" | "you" | "we" | "they" | "he" | "she" | "to")
            && !word.ends_with('s');
        if is_verb && found.end - found.first == 1 {
            return false;
        }
        if !self.engine.lexicon.stop.contains(*word) || found.end - found.first > 1 {
            return true;
        }
        is_determiner(before)
    }
}

fn is_determiner(word: &str) -> bool {
    matches!(
        word,
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

/// A word for someone who does something.
fn is_doer(word: &str) -> bool {
    ["er", "ers", "or", "ors"]
        .iter()
        .any(|end| word.ends_with(end))
}
