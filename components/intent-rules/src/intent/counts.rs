//! Years, places in a list and wanted numbers of items in a question.

use super::Entity;
use super::pattern::Class;
use super::question::{Part, Reader};
use crate::text::{numbers, years};

/// Confidence of a number or a year that was said in so many words.
const CERTAIN: f32 = 1.0;

impl Reader<'_> {
    pub(super) fn years(&mut self) {
        let century = self.engine.base.span().map_or(1900, |(oldest, newest)| {
            if oldest >= 2000 || newest < 1900 {
                newest / 100 * 100
            } else {
                1900
            }
        });
        for found in years::find(self.text, self.tokens, century) {
            let free = self.kinds.get(found.first..found.end).is_some_and(|parts| {
                parts
                    .iter()
                    .all(|part| matches!(part, Part::Free | Part::Used))
            });
            if !free {
                continue;
            }
            let kind = if found.years.from == found.years.to {
                "year"
            } else {
                "year-range"
            };
            let text = self.said(found.first, found.end);
            self.question.entities.push(Entity {
                kind,
                value: found.years.canonical(),
                text,
                confidence: CERTAIN,
            });
            self.mark(found.first, found.end, vec![Class::Years]);
        }
    }

    pub(super) fn numbers(&mut self, n_shown: usize) {
        for at in 0..self.words.len() {
            let Some(word) = self
                .words
                .get(at)
                .copied()
                .filter(|_| self.kinds.get(at) == Some(&Part::Free))
            else {
                continue;
            };
            let next = self.words.get(at + 1).copied();
            let before = at
                .checked_sub(1)
                .and_then(|b| self.words.get(b))
                .copied()
                .unwrap_or("");
            if let Some(place) = self.place(word, before, next, at, n_shown) {
                let text = self.said(at, at + 1);
                self.question.entities.push(Entity {
                    kind: "ordinal",
                    value: place.to_string(),
                    text,
                    confidence: CERTAIN,
                });
                self.mark(at, at + 1, vec![Class::Ordinal]);
            } else if let Some(n) = numbers::cardinal(word)
                && (self.is_type(at + 1)
                    || matches!(before, "top" | "best" | "name" | "any" | "first" | "last"))
                && word != "one"
            {
                let text = self.said(at, at + 1);
                self.question.entities.push(Entity {
                    kind: "count",
                    value: n.to_string(),
                    text,
                    confidence: CERTAIN,
                });
                self.mark(at, at + 1, vec![Class::Count]);
            }
        }
    }

    /// Which of the items shown is meant. Without items shown, `first` and `last` speak of time and not of a list.
    fn place(
        &self,
        word: &str,
        before: &str,
        next: Option<&str>,
        at: usize,
        n_shown: usize,
    ) -> Option<u32> {
        let shown = u32::try_from(n_shown).ok().filter(|n| *n > 0)?;
        let of_these = next == Some("of")
            && matches!(
                self.words.get(at + 2).copied(),
                Some("these" | "those" | "them")
            );
        let alone = next.is_none()
            || of_these
            || matches!(next, Some("one" | "item" | "card" | "thing" | "please"));
        // "Which came first" asks for an order, not for a place.
        let alone = alone && matches!(before, "the" | "" | "about" | "and" | "or" | "on" | "her");
        let number = numbers::ordinal(word).or(match word {
            "last" | "latter" => Some(shown),
            "former" => Some(1),
            _ => None,
        });
        if let Some(number) = number {
            let listed = before == "the" && self.is_type(at + 1);
            return (alone || listed || matches!(word, "former" | "latter")).then_some(number);
        }
        (matches!(before, "number" | "option" | "item" | "card")
            && self.words.get(at.wrapping_sub(2)) != Some(&"the"))
        .then(|| numbers::cardinal(word))
        .flatten()
    }

    fn is_type(&self, at: usize) -> bool {
        matches!(self.kinds.get(at), Some(Part::Span(classes)) if classes.contains(&Class::Type))
    }
}
