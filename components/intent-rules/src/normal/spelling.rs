//! Words that were mistyped, or garbled a little, put back to the nearest word that the rules or the content know.
//!
//! A word that is known stays: the rules' own words, names, the words of the content, and everyday English (`data/common.txt`), which is
//! only there to be left alone.

use std::collections::{BTreeMap, HashSet};

use crate::text::{Token, stem};

/// Shortest word that is corrected freely; a shorter one is near to too many others.
const MIN_LETTERS: usize = 4;
/// Shortest word that is corrected at all, by one letter that is missing in a word of the rules: `giv`.
const FEWEST_LETTERS: usize = 3;

/// What a word may be corrected to.
#[derive(Debug, Default)]
pub struct Speller {
    /// Words of the rules and everyday words.
    everyday: HashSet<String>,
    /// Stems of the content, whose words need no correction.
    stems: HashSet<String>,
    /// All that a word may become, by first letter, with its rank: the words of rules and names are likelier than those of texts.
    words: BTreeMap<char, Vec<(String, u8)>>,
}

impl Speller {
    /// Makes one of words of the rules, of names, of the content, and everyday words.
    #[must_use]
    pub fn new(
        rules: impl IntoIterator<Item = String>,
        names: impl IntoIterator<Item = String>,
        content: impl IntoIterator<Item = String>,
        everyday: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut ranks: BTreeMap<String, u8> = BTreeMap::new();
        let mut speller = Self::default();
        for word in rules {
            speller.everyday.insert(word.clone());
            ranks.insert(word, 0);
        }
        for word in names {
            speller.stems.insert(stem(&word));
            ranks.entry(word).or_insert(0);
        }
        for word in content {
            speller.stems.insert(stem(&word));
            ranks.entry(word).or_insert(1);
        }
        for word in everyday {
            speller.everyday.insert(word.clone());
            ranks.entry(word).or_insert(2);
        }
        for (word, rank) in ranks {
            if let Some(first) = word
                .chars()
                .next()
                .filter(|_| word.len() >= MIN_LETTERS - 1)
            {
                speller.words.entry(first).or_default().push((word, rank));
            }
        }
        speller
    }

    /// Whether a word is plain English to the rules.
    #[must_use]
    pub fn is_everyday(&self, word: &str) -> bool {
        self.everyday.contains(word)
    }

    /// Corrects what needs it, in place: words that fell apart (`a wards`), then words that are misspelled.
    pub fn correct(&self, tokens: &mut Vec<Token>) {
        let mut at = 0;
        while let Some([first, second]) = tokens.get(at..at + 2) {
            let joined = format!("{}{}", first.text, second.text);
            let is_broken = !self.is_known(&second.text) || !self.is_known(&first.text);
            if is_broken && joined.len() >= MIN_LETTERS && self.is_known(&joined) {
                let end = second.end;
                tokens.remove(at + 1);
                if let Some(token) = tokens.get_mut(at) {
                    token.text = joined;
                    token.end = end;
                }
            }
            at += 1;
        }
        for token in tokens {
            if let Some(word) = self.nearest(&token.text) {
                token.text = word.to_owned();
            }
        }
    }

    fn is_known(&self, word: &str) -> bool {
        self.everyday.contains(word) || self.stems.contains(&stem(word))
    }

    /// The word that an unknown one was probably meant to be.
    fn nearest(&self, wrong: &str) -> Option<&str> {
        let n_letters = wrong.len();
        let is_word = wrong.bytes().all(|b| b.is_ascii_lowercase());
        if n_letters < FEWEST_LETTERS || !is_word || self.is_known(wrong) {
            return None;
        }
        let most = match n_letters {
            0..=7 => 1,
            _ => 2,
        };
        let first = wrong.chars().next()?;
        let mut best: Option<(usize, u8, &str)> = None;
        for (word, rank) in self.words.get(&first)? {
            let is_too_far = word.len().abs_diff(n_letters) > most;
            if is_too_far || (n_letters < MIN_LETTERS && (*rank > 0 || word.len() <= n_letters)) {
                continue;
            }
            let distance = strsim::osa_distance(wrong, word);
            // Letters in the wrong order are the most usual mistake: "waht" is not "want".
            let cost = 2 * distance - usize::from(distance > 0 && has_same_letters(wrong, word));
            let better =
                |(least, likeliest, _): &(usize, u8, &str)| (cost, *rank) < (*least, *likeliest);
            if distance <= most && best.as_ref().is_none_or(better) {
                best = Some((cost, *rank, word));
            }
        }
        best.map(|(_, _, word)| word)
    }
}

fn has_same_letters(a: &str, b: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters = text.as_bytes().to_vec();
        letters.sort_unstable();
        letters
    };
    a.len() == b.len() && sorted(a) == sorted(b)
}

#[cfg(test)]
mod tests {
    use super::Speller;
    use crate::text::tokenize;

    #[test]
    fn mistyped_words_come_back_and_known_ones_stay() {
        let own = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let speller = Speller::new(
            own("what which build receive join difference"),
            own("navy"),
            own("education compilers moth"),
            own("month built form"),
        );
        let correct = |text: &str| {
            let mut tokens = tokenize(text);
            speller.correct(&mut tokens);
            tokens
                .into_iter()
                .map(|t| t.text)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(correct("waht did she biuld"), "what did she build");
        assert_eq!(correct("whic na vy"), "which navy");
        assert_eq!(
            correct("recieve jion nayv diffrence educaton"),
            "receive join navy difference education"
        );
        // Known words, short ones, and those that are near nothing.
        assert_eq!(
            correct("month built form mot compiler zebra"),
            "month built form mot compiler zebra"
        );
    }
}
