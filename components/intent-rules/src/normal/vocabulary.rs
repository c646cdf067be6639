//! Every word that is known, what kinds of word it is, and which words sound alike. Built once; kept small, because a stage is in memory as
//! often as it has instances.

use std::collections::HashSet;

use super::sounds::{fullness, sounds};
use crate::text::stem;

/// A word of the rules.
pub const RULE: u8 = 1;
/// A word of a name.
pub const NAME: u8 = 2;
/// A word of the content.
pub const CONTENT: u8 = 4;
/// An everyday word.
pub const COMMON: u8 = 8;

/// How much of a word there must be to hear.
const MIN_SOUND: f32 = 3.0;

/// The words.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// Each once, with its kinds; sorted.
    words: Vec<(Box<str>, u8)>,
    /// Hashes of the stems of names and content, and of everyday words. What is known is only ever asked for, so hashes are enough.
    stems: HashSet<u64>,
    everyday_stems: HashSet<u64>,
    /// Hash of the consonants of words of rules, names and content that are long enough to be told by ear, and the place of the word; sorted.
    heard: Vec<(u64, u32)>,
}

impl Vocabulary {
    /// Makes one of words and their kinds.
    #[must_use]
    pub fn new(all: impl IntoIterator<Item = (String, u8)>) -> Self {
        let mut vocabulary = Self::default();
        for (word, kind) in all {
            let of_word = stem(&word);
            if kind & (NAME | CONTENT) != 0 {
                vocabulary.stems.insert(hash(&of_word));
            }
            if kind == COMMON && of_word != word {
                vocabulary.everyday_stems.insert(hash(&of_word));
            }
            vocabulary.words.push((word.into_boxed_str(), kind));
        }
        vocabulary.words.sort_unstable();
        vocabulary.words.dedup_by(|later, first| {
            let is_same = later.0 == first.0;
            if is_same {
                first.1 |= later.1;
            }
            is_same
        });
        vocabulary.words.shrink_to_fit();
        for ((word, kind), at) in vocabulary.words.iter().zip(0..) {
            if kind & (RULE | NAME | CONTENT) != 0 && !word.contains(|c: char| c.is_ascii_digit()) {
                let sound = sounds(word);
                if fullness(&sound) >= MIN_SOUND {
                    vocabulary.heard.push((hash(&consonants(&sound)), at));
                }
            }
        }
        vocabulary.heard.sort_unstable();
        vocabulary
    }

    /// The kinds of a word; 0 when it is not known.
    #[must_use]
    pub fn kinds(&self, word: &str) -> u8 {
        let found = self
            .words
            .binary_search_by(|(known, _)| (**known).cmp(word));
        found
            .ok()
            .and_then(|at| self.words.get(at))
            .map_or(0, |(_, kind)| *kind)
    }

    /// Whether names or content have a word with this stem.
    #[must_use]
    pub fn has_stem(&self, stem: &str) -> bool {
        self.stems.contains(&hash(stem))
    }

    /// Whether an everyday word has this stem.
    #[must_use]
    pub fn has_everyday_stem(&self, stem: &str) -> bool {
        self.everyday_stems.contains(&hash(stem)) || self.kinds(stem) & (RULE | COMMON) != 0
    }

    /// The words that begin with a letter, in order.
    pub fn beginning(&self, letter: char) -> impl Iterator<Item = (&str, u8)> {
        let first = self
            .words
            .partition_point(|(word, _)| word.chars().next() < Some(letter));
        let words = self.words.iter().skip(first);
        words
            .take_while(move |(word, _)| word.starts_with(letter))
            .map(|(word, kind)| (&**word, *kind))
    }

    /// The words of rules, names and content with the consonants of a row of sounds, in order.
    pub fn sounding(&self, sound: &str) -> impl Iterator<Item = (&str, u8)> {
        let wanted = hash(&consonants(sound));
        let first = self.heard.partition_point(|(hash, _)| *hash < wanted);
        let alike = self.heard.iter().skip(first);
        alike
            .take_while(move |(hash, _)| *hash == wanted)
            .filter_map(|(_, at)| self.words.get(usize::try_from(*at).ok()?))
            .map(|(word, kind)| (&**word, *kind))
    }
}

/// The consonants of a row of sounds; those that are hard to tell apart are one.
fn consonants(sound: &str) -> String {
    sound
        .chars()
        .filter(|c| !c.is_lowercase())
        .map(|c| match c {
            'C' => 'S',
            'M' => 'N',
            other => other,
        })
        .collect()
}

/// FNV-1a.
fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
