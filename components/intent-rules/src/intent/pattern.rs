//! The little pattern language of `data/rules.json`.
//!
//! A pattern is a row of slots. Each slot offers alternatives, separated by `|`, and matches one unit of the question:
//! a word; `{name}` (a technology, organisation or item), `{item}`, `{type}`, `{years}`, `{ordinal}`, `{count}`, `{number}` or
//! `{subject}`.
//! A slot that offers `*` may also be absent or stretch over up to [`MAX_GAP`] units of any kind, so `*` alone is a gap, and `the|*`
//! reads "usually the". `^` pins the pattern to the start of the question (after its lead-in), `$` to the end. Without them it may match
//! anywhere.

/// Most units that a `*` skips.
pub const MAX_GAP: usize = 5;

/// What a unit of the question is besides its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A technology, organisation or item.
    Name,
    /// An item, by its own name; also a [`Class::Name`].
    Item,
    /// A noun for an item type.
    Type,
    /// Years.
    Years,
    /// A place in the list shown before.
    Ordinal,
    /// A wanted number of items.
    Count,
    /// The person the content is about.
    Subject,
    /// A number, in words or digits.
    Number,
}

/// A word, or several that belong to one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its words, joined by spaces.
    pub text: String,
    /// Empty for a plain word.
    pub classes: Vec<Class>,
}

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    slots: Vec<Slot>,
    from_start: bool,
    to_end: bool,
}

#[derive(Debug, Default)]
struct Slot {
    words: Vec<String>,
    classes: Vec<Class>,
    gap: bool,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// In words, when a class is unknown or the pattern has no slot.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pattern = Self {
            slots: Vec::new(),
            from_start: false,
            to_end: false,
        };
        for part in text.split_whitespace() {
            match part {
                "^" => pattern.from_start = true,
                "$" => pattern.to_end = true,
                _ => pattern.slots.push(Slot::parse(part)?),
            }
        }
        if pattern.slots.is_empty() {
            Err("the pattern is empty".to_owned())
        } else {
            Ok(pattern)
        }
    }

    /// Its plain words.
    pub fn words(&self) -> impl Iterator<Item = &String> {
        self.slots.iter().flat_map(|slot| &slot.words)
    }

    /// Whether the pattern occurs in a question.
    #[must_use]
    pub fn matches(&self, units: &[Unit]) -> bool {
        let last_start = if self.from_start { 0 } else { units.len() };
        (0..=last_start).any(|start| {
            units
                .get(start..)
                .is_some_and(|rest| self.matches_at(rest, &self.slots))
        })
    }

    fn matches_at(&self, units: &[Unit], slots: &[Slot]) -> bool {
        let Some((slot, later)) = slots.split_first() else {
            return !self.to_end || units.is_empty();
        };
        if let Some((unit, rest)) = units.split_first()
            && slot.accepts(unit)
            && self.matches_at(rest, later)
        {
            return true;
        }
        slot.gap
            && (0..=MAX_GAP.min(units.len())).any(|n| {
                units
                    .get(n..)
                    .is_some_and(|rest| self.matches_at(rest, later))
            })
    }
}

impl Slot {
    fn parse(text: &str) -> Result<Self, String> {
        let mut slot = Self::default();
        for choice in text.split('|') {
            match choice {
                "*" => slot.gap = true,
                "{name}" => slot.classes.push(Class::Name),
                "{item}" => slot.classes.push(Class::Item),
                "{type}" => slot.classes.push(Class::Type),
                "{years}" => slot.classes.push(Class::Years),
                "{ordinal}" => slot.classes.push(Class::Ordinal),
                "{count}" => slot.classes.push(Class::Count),
                "{subject}" => slot.classes.push(Class::Subject),
                "{number}" => slot.classes.push(Class::Number),
                "" => return Err("an alternative is empty".to_owned()),
                word if word.contains(['{', '}']) => return Err(format!("unknown class {word}")),
                word => slot.words.push(word.to_owned()),
            }
        }
        Ok(slot)
    }

    fn accepts(&self, unit: &Unit) -> bool {
        self.words.contains(&unit.text)
            || self
                .classes
                .iter()
                .any(|class| unit.classes.contains(class))
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Pattern, Unit};

    fn units(text: &str) -> Vec<Unit> {
        text.split_whitespace()
            .map(|word| match word {
                "COBOL" => Unit {
                    text: "cobol".to_owned(),
                    classes: vec![Class::Name],
                },
                "she" => Unit {
                    text: "she".to_owned(),
                    classes: vec![Class::Subject],
                },
                word => Unit {
                    text: word.to_owned(),
                    classes: Vec::new(),
                },
            })
            .collect()
    }

    #[test]
    fn patterns_match_words_classes_gaps_and_edges() {
        let cases = [
            ("what is|was {name}", "so what was COBOL then", true),
            ("what is|was {name}", "what was it", false),
            ("what is the|* {name} $", "what is COBOL", true),
            ("what is the|* {name} $", "what is the famous COBOL", true),
            ("what is the|* {name} $", "what is COBOL made of", false),
            ("^ hello", "hello she", true),
            ("^ hello", "oh hello", false),
            ("did {subject} * win", "did she ever manage to win", true),
            ("did {subject} * win", "did she a b c d e f win", false),
            ("end $", "the end", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                Pattern::parse(pattern).unwrap().matches(&units(text)),
                expected,
                "{pattern} / {text}"
            );
        }
        assert!(Pattern::parse("  ").is_err());
        assert!(Pattern::parse("a||b").is_err());
    }

    #[test]
    fn many_gaps_stay_cheap() {
        // Backtracking is bounded: slots are few and a gap is short. This would hang if it were not.
        let pattern = Pattern::parse("* a|* * b|* * c|* zzz").unwrap();
        assert!(!pattern.matches(&units(&"x ".repeat(200))));
    }
}
