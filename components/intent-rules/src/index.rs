//! An inverted index over the items: which stems occur where, and how much each tells.
//!
//! A stem counts once for each item, with the weight of the best field it occurs in ([`FIELD_WEIGHTS`]). Its rarity is the inverse document
//! frequency of Robertson and Sparck Jones in the form that BM25 uses, `ln(1 + (N - n + 0.5) / (n + 0.5))`, always positive.
//! Built once for a content base and never changed.

use std::collections::{BTreeSet, HashMap};

use crate::base::ContentBase;
use crate::lexicon::Lexicon;
use crate::text::similar::{allowance, likeness};
use crate::text::stem;
use crate::text::tokens::words;

/// How much a stem counts by where it occurs: title and aliases, keywords, technologies, organisation, keywords of several everyday words,
/// summary, details.
pub const FIELD_WEIGHTS: [f32; 7] = [1.0, 0.9, 0.8, 0.7, 0.7, 0.6, 0.4];

/// Most words of a phrase, and what one counts. A phrase is a keyword or an alias of several words of which some are small: "first woman"
/// would be lost with its small word. Its stem is that of its words, with spaces between.
pub const MAX_PHRASE: usize = 5;
const PHRASE: f32 = 1.0;

/// The stem of a phrase.
#[must_use]
pub fn phrase_stem<W: AsRef<str>>(phrase: &[W]) -> String {
    let stems: Vec<String> = phrase.iter().map(|word| stem(word.as_ref())).collect();
    stems.join(" ")
}

/// An item that holds a stem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posting {
    /// Index of the item.
    pub item: usize,
    /// Weight of the best field, 0 to 1.
    pub weight: f32,
}

/// The index.
#[derive(Debug)]
pub struct Index {
    postings: HashMap<String, Vec<Posting>>,
    /// All stems, sorted, so that spelling correction has an order.
    stems: Vec<String>,
    words: Vec<String>,
    n_items: usize,
}

impl Index {
    /// Indexes a base.
    #[must_use]
    pub fn new(base: &ContentBase, lexicon: &Lexicon) -> Self {
        let mut postings: HashMap<String, Vec<Posting>> = HashMap::new();
        let mut all_words = BTreeSet::new();
        for (i, item) in base.items.iter().enumerate() {
            // A word of "tiny moment" tells less than "moth", or than a name.
            let (loose, firm): (Vec<&str>, Vec<&str>) = item
                .keywords
                .iter()
                .map(String::as_str)
                .partition(|keyword| {
                    keyword.contains(' ') && !keyword.contains(char::is_uppercase)
                });
            let fields: [Vec<&str>; 7] = [
                std::iter::once(item.title.as_str())
                    .chain(item.aliases.iter().map(String::as_str))
                    .collect(),
                firm,
                item.technologies.iter().map(String::as_str).collect(),
                item.organisation.iter().map(String::as_str).collect(),
                loose,
                vec![item.summary.as_str()],
                vec![item.details.as_str()],
            ];
            for (texts, weight) in fields.iter().zip(FIELD_WEIGHTS) {
                for word in texts
                    .iter()
                    .flat_map(|text| words(text))
                    .filter(|word| !lexicon.stop.contains(word))
                {
                    let list = postings.entry(stem(&word)).or_default();
                    all_words.insert(word);
                    // Fields come in falling weight and items in order, so the first entry of an item is its best.
                    if list.last().is_none_or(|last| last.item != i) {
                        list.push(Posting { item: i, weight });
                    }
                }
            }
        }
        for (i, item) in base.items.iter().enumerate() {
            for phrase in item
                .keywords
                .iter()
                .chain(&item.aliases)
                .map(|text| words(text))
            {
                let small = phrase
                    .iter()
                    .filter(|word| lexicon.stop.contains(*word))
                    .count();
                let is_first = |word: &String| {
                    lexicon.earliest.contains(word) || lexicon.latest.contains(word)
                };
                let is_phrase = small > 0
                    && (small < phrase.len() || phrase.len() > 2 || phrase.iter().any(is_first));
                if (2..=MAX_PHRASE).contains(&phrase.len()) && is_phrase {
                    let list = postings.entry(phrase_stem(&phrase)).or_default();
                    if list.last().is_none_or(|last| last.item != i) {
                        list.push(Posting {
                            item: i,
                            weight: PHRASE,
                        });
                    }
                }
            }
        }
        let mut stems: Vec<String> = postings.keys().cloned().collect();
        stems.sort_unstable();
        Self {
            postings,
            stems,
            words: all_words.into_iter().collect(),
            n_items: base.items.len(),
        }
    }

    /// All words, sorted.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether a stem occurs at all.
    #[must_use]
    pub fn knows(&self, stem: &str) -> bool {
        self.postings.contains_key(stem)
    }

    /// Items with a stem, in order.
    #[must_use]
    pub fn postings(&self, stem: &str) -> &[Posting] {
        self.postings.get(stem).map_or(&[], Vec::as_slice)
    }

    /// Rarity of a stem; that of a word in no item is the highest.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of items are far below 2^24"
    )]
    pub fn idf(&self, stem: &str) -> f32 {
        let n_with = self.postings(stem).len() as f32;
        ((self.n_items as f32 - n_with + 0.5) / (n_with + 0.5)).ln_1p()
    }

    /// The known stem that a misspelled one was probably meant to be, and how alike they are. Only for stems of six letters or more.
    #[must_use]
    pub fn correct(&self, wrong: &str) -> Option<(&str, f32)> {
        let n_letters = wrong.chars().count();
        if n_letters < 6 || !wrong.chars().all(char::is_alphabetic) {
            return None;
        }
        let mut best: Option<(&str, f32)> = None;
        for known in self
            .stems
            .iter()
            .filter(|s| s.len().abs_diff(wrong.len()) <= allowance(n_letters))
        {
            if let Some(like) = likeness(wrong, known)
                && best.is_none_or(|(_, most)| like > most)
            {
                best = Some((known, like));
            }
        }
        best
    }
}
