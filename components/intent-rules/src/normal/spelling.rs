//! Words that were mistyped, or garbled a little, put back to the nearest word that the rules or the content know.
//!
//! A word that is known stays: the rules' own words, names, the words of the content, and everyday English (`data/common.txt`), which is
//! only there to be left alone.

use super::sounds::{fullness, sounds, unlikeness};
use super::vocabulary::{COMMON, CONTENT, NAME, RULE, Vocabulary};
use crate::text::{Token, stem};

/// Shortest word that is corrected freely; a shorter one is near to too many others.
const MIN_LETTERS: usize = 4;
/// Shortest word that is corrected at all, by one letter that is missing in a word of the rules: `giv`.
const FEWEST_LETTERS: usize = 3;

/// Most parts that a word is put together from, and the largest share of what is heard that may differ.
const MAX_PARTS: usize = 3;
const MAX_UNLIKE: f32 = 0.12;

/// What a word may be corrected to.
#[derive(Debug, Default)]
pub struct Speller {
    known: Vocabulary,
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
        let rules = rules.into_iter().map(|word| (word, RULE));
        let names = names.into_iter().map(|word| (word, NAME));
        let content = content.into_iter().map(|word| (word, CONTENT));
        let everyday = everyday.into_iter().map(|word| (word, COMMON));
        Self {
            known: Vocabulary::new(rules.chain(names).chain(content).chain(everyday)),
        }
    }

    /// Whether a word is plain English to the rules.
    #[must_use]
    pub fn is_everyday(&self, word: &str) -> bool {
        self.known.kinds(word) & (RULE | COMMON) != 0
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
        self.rejoin(tokens);
        for token in tokens {
            let word = match self.nearest(&token.text) {
                Some((word, rank)) if rank < 2 => Some(word),
                near => self.same_sound(&token.text).or(near.map(|(word, _)| word)),
            };
            if let Some(word) = word {
                token.text = word.to_owned();
            }
        }
    }

    /// Puts words together that sound like one word of the rules or of the content: `come pewter`.
    fn rejoin(&self, tokens: &mut Vec<Token>) {
        for n in (2..=MAX_PARTS).rev() {
            let mut at = 0;
            while let Some(run) = tokens.get(at..at + n) {
                let is_odd = |token: &Token| {
                    token.text.len() >= FEWEST_LETTERS
                        && !self.is_known(&token.text)
                        && self.nearest(&token.text).is_none()
                };
                let joined: String = run.iter().map(|token| token.text.as_str()).collect();
                let word = run
                    .iter()
                    .any(is_odd)
                    .then(|| self.heard_as(&joined, MAX_UNLIKE, false))
                    .flatten();
                if let (Some(word), Some(last)) = (word, run.last()) {
                    let (word, end) = (word.to_owned(), last.end);
                    tokens.drain(at + 1..at + n);
                    if let Some(token) = tokens.get_mut(at) {
                        token.text = word;
                        token.end = end;
                    }
                }
                at += 1;
            }
        }
    }

    fn is_wanted(&self, word: &str) -> bool {
        self.known.kinds(word) & (RULE | NAME | CONTENT) != 0 || self.known.has_stem(&stem(word))
    }

    /// The word that an everyday word, or one that is none at all, sounds like: `metal` for `medal`.
    fn same_sound(&self, word: &str) -> Option<&str> {
        if self.is_wanted(word) {
            return None;
        }
        // An everyday word may be meant as it is.
        if self.is_everyday(word) {
            self.heard_as(word, 0.0, true)
        } else {
            self.heard_as(word, MAX_UNLIKE, false)
        }
    }

    fn heard_as(&self, said: &str, most: f32, only_names: bool) -> Option<&str> {
        if said.contains(|c: char| !c.is_ascii_lowercase()) {
            return None;
        }
        let sound = sounds(said);
        let share = |word: &str| {
            let other = sounds(word);
            unlikeness(&sound, &other) / fullness(&other)
        };
        let alike = self.known.sounding(&sound);
        alike
            .filter(|(_, kind)| kind & NAME != 0 || !only_names)
            .map(|(word, _)| (word, share(word)))
            .filter(|(_, share)| *share <= most)
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(word, _)| word)
    }

    fn is_known(&self, word: &str) -> bool {
        let stem = stem(word);
        self.is_everyday(word)
            || self.known.has_stem(&stem)
            || (word.len() > MIN_LETTERS && self.known.has_everyday_stem(&stem))
    }

    /// The word that an unknown one was probably meant to be, and its rank.
    fn nearest(&self, wrong: &str) -> Option<(&str, u8)> {
        let n_letters = wrong.len();
        let is_word = wrong.bytes().all(|b| b.is_ascii_lowercase());
        if n_letters < FEWEST_LETTERS || !is_word || self.is_known(wrong) {
            return None;
        }
        let sound = sounds(wrong);
        let most = match n_letters {
            0..=7 => 1,
            _ => 2,
        };
        let may_sound = n_letters > 5 && most == 1;
        let first = wrong.chars().next()?;
        let mut best: Option<(usize, u8, &str)> = None;
        for (word, kind) in self.known.beginning(first) {
            let rank = rank(kind);
            if word.len() < FEWEST_LETTERS {
                continue;
            }
            let is_too_far = word.len().abs_diff(n_letters) > most + usize::from(may_sound);
            if is_too_far
                || (n_letters < MIN_LETTERS
                    && (rank > 0 || (word.len() <= n_letters && !has_same_letters(wrong, word))))
            {
                continue;
            }
            let distance = strsim::osa_distance(wrong, word);
            // What sounds the same may be written quite differently: "lektcher".
            let is_near =
                distance <= most || (may_sound && distance == most + 1 && sounds(word) == sound);
            // Letters in the wrong order are the most usual mistake: "waht" is not "want".
            let cost = 2 * distance - usize::from(distance > 0 && has_same_letters(wrong, word));
            let better =
                |(least, likeliest, _): &(usize, u8, &str)| (cost, rank) < (*least, *likeliest);
            if is_near && best.as_ref().is_none_or(better) {
                best = Some((cost, rank, word));
            }
        }
        best.map(|(_, rank, word)| (word, rank))
    }
}

/// How likely a word is meant, 0 for most: the words of rules and names are likelier than those of texts.
fn rank(kind: u8) -> u8 {
    match kind {
        kind if kind & (RULE | NAME) != 0 => 0,
        kind if kind & CONTENT != 0 => 1,
        _ => 2,
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
