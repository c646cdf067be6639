//! Words that mean nearly the same, from `data/synonyms.txt`: what a question calls a boat, the content may call a ship.
//!
//! A line is a group. By stems, so that forms of a word need no entry. A word may be in several groups; words of different groups are not synonyms of each
//! other just because they share one.

use std::collections::{BTreeSet, HashMap};

use crate::text::stem;

const TEXT: &str = include_str!("../data/synonyms.txt");

/// The groups, by stem.
#[derive(Debug, Default)]
pub struct Synonyms {
    groups: Vec<Box<[Box<str>]>>,
    of: HashMap<String, Vec<u16>>,
}

impl Synonyms {
    /// Reads the built-in groups.
    #[must_use]
    pub fn built_in() -> Self {
        Self::from_text(TEXT)
    }

    fn from_text(text: &str) -> Self {
        let mut synonyms = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let stems: BTreeSet<String> = line.split_whitespace().map(stem).collect();
            let Ok(at) = u16::try_from(synonyms.groups.len()) else {
                break;
            };
            for stem in &stems {
                synonyms.of.entry(stem.clone()).or_default().push(at);
            }
            let group = stems.into_iter().map(String::into_boxed_str);
            synonyms.groups.push(group.collect());
        }
        synonyms
    }

    /// All words of the built-in groups.
    pub fn words() -> impl Iterator<Item = &'static str> {
        TEXT.split_whitespace()
    }

    /// The other stems of the groups that a stem is in.
    #[must_use]
    pub fn of(&self, stem: &str) -> BTreeSet<&str> {
        let groups = self.of.get(stem).into_iter().flatten();
        groups
            .filter_map(|at| self.groups.get(usize::from(*at)))
            .flat_map(|group| group.iter())
            .map(|stem| &**stem)
            .filter(|other| *other != stem)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Synonyms;

    #[test]
    fn synonyms_are_found_by_any_form_and_do_not_spread() {
        let synonyms = Synonyms::from_text("ship boat\n\nboat canoe\n");
        let of = |word: &str| {
            synonyms
                .of(&crate::text::stem(word))
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(of("ships"), ["boat"]);
        assert_eq!(of("boats"), ["cano", "ship"]);
        assert!(of("zebra").is_empty());
        assert!(Synonyms::words().count() > 200);
    }
}
