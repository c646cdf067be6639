//! What only tells why someone asks, and not what: `for my school project`, or a clause about the speaker beside one that asks.

use super::question::{Part, Reader};
use crate::text::stem;

/// A word of more items than this tells nothing.
const MAX_TELLING: usize = 6;
/// Most words of `for my ...`.
const MAX_ASIDE: usize = 3;

impl Reader<'_> {
    /// Marks what only tells why someone asks: a clause about the speaker beside one that asks, and `for my school project`.
    pub(super) fn asides(&mut self) {
        let is_mine = |word: &str| matches!(word, "i" | "im" | "we" | "my" | "our");
        let lexicon = &self.engine.lexicon;
        let asks = |word: &str| {
            matches!(
                word,
                "what" | "which" | "who" | "whom" | "whose" | "when" | "where" | "why" | "how"
            ) || lexicon.subject_pronouns.contains(word)
        };
        // "I keep reading the name Charles Katz. What was his part?"
        let is_telling = |word: &str| {
            (1..=MAX_TELLING).contains(&self.engine.index.postings(&stem(word)).len())
                && !lexicon.common.contains(word)
        };
        let mut bounds = vec![0];
        for (at, pair) in self.tokens.windows(2).enumerate() {
            if let [a, b] = pair
                && self
                    .text
                    .get(a.end..b.start)
                    .is_some_and(|gap| gap.contains([',', '.', ';', ':', '?', '!']))
            {
                bounds.push(at + 1);
            }
        }
        bounds.push(self.words.len());
        let clauses: Vec<(usize, usize)> = bounds
            .windows(2)
            .filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
            .collect();
        let says = |(first, end): (usize, usize), test: &dyn Fn(&str) -> bool| {
            let run = self.words.get(first..end).unwrap_or_default();
            run.iter().any(|word| test(word))
        };
        let mut marked: Vec<(usize, usize)> = Vec::new();
        for clause in &clauses {
            let others_ask = clauses
                .iter()
                .any(|other| other != clause && says(*other, &asks));
            if others_ask
                && says(*clause, &is_mine)
                && !says(*clause, &asks)
                && !says(*clause, &is_telling)
            {
                marked.push(*clause);
            }
        }
        for at in 0..self.words.len().saturating_sub(1) {
            if self.words.get(at) == Some(&"for")
                && self
                    .words
                    .get(at + 1)
                    .is_some_and(|word| matches!(*word, "my" | "our"))
            {
                let rest = self.words.get(at + 2..).unwrap_or_default();
                let n = rest
                    .iter()
                    .take(MAX_ASIDE)
                    .take_while(|word| !asks(word) && !lexicon.question_words.contains(**word))
                    .count();
                marked.push((at, at + 2 + n));
            }
        }
        for (first, end) in marked {
            if let Some(parts) = self.kinds.get_mut(first..end) {
                parts.fill(Part::Aside);
            }
        }
    }
}
