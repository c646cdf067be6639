//! Utterances become symbols of the voice: misaki's lexicon and tagger for what is known, a small lexicon of our own, letter-to-sound for the rest.
//!
//! misaki decides by context ("the" before a vowel, "read" by tense), so it gets whole utterances. Words that it does not know are given to it with
//! their sound, in its own notation `[word](/sound/)`: compounds from their parts, short words without vowels as letters, others from [`Letters`].
//! The text stage lets no bracket through, so nobody else can write that notation.

mod letters;
mod symbols;

use std::sync::Arc;

use misaki_rs::{Fallback, G2P, Language, Lexicon, fallback::FallbackError, lexicon::PhonemeEntry};

pub use letters::{Letters, to_misaki};
pub use symbols::voice_symbols;

use crate::text::{Item, Mark, Utterance};

/// Our additions to the lexicon.
const LEXICON: &str = include_str!("lexicon.txt");

/// How the letters A to Z are called, with their main stress.
const LETTER_NAMES: [&str; 26] = [
    "ˈA",
    "bˈi",
    "sˈi",
    "dˈi",
    "ˈi",
    "ˈɛf",
    "ʤˈi",
    "ˈAʧ",
    "ˈI",
    "ʤˈA",
    "kˈA",
    "ˈɛl",
    "ˈɛm",
    "ˈɛn",
    "ˈO",
    "pˈi",
    "kjˈu",
    "ˈɑɹ",
    "ˈɛs",
    "tˈi",
    "jˈu",
    "vˈi",
    "dˈʌbᵊljˌu",
    "ˈɛks",
    "wˈI",
    "zˈi",
];

/// The shortest part that a compound is cut into.
const LEAST_PART: usize = 3;

/// Turns utterances into symbols. Shared by all speech of an instance.
pub struct Phonemizer {
    g2p: G2P,
    letters: Option<Arc<Letters>>,
}

impl std::fmt::Debug for Phonemizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phonemizer")
            .field("letters", &self.letters.is_some())
            .finish_non_exhaustive()
    }
}

/// For words that misaki meets and we did not expect to be unknown.
struct Unknown(Option<Arc<Letters>>);

impl Fallback for Unknown {
    fn phonemize(&self, word: &str) -> Result<String, FallbackError> {
        Ok(guess(self.0.as_deref(), word))
    }
}

impl Phonemizer {
    /// Loads misaki's American English. Without `letters`, unknown words are spelled.
    #[must_use]
    pub fn new(letters: Option<Letters>) -> Self {
        let letters = letters.map(Arc::new);
        let mut g2p = G2P::with_fallback(
            Language::EnglishUS,
            Some(Box::new(Unknown(letters.clone()))),
        );
        for (word, sound) in own_lexicon() {
            g2p.lexicon
                .golds
                .insert(word.into(), PhonemeEntry::Simple(sound.into()));
        }
        Self { g2p, letters }
    }

    /// The symbols of an utterance, ending in the symbol of its mark. Empty when there is nothing to say.
    ///
    /// # Errors
    /// What misaki reports, as text.
    pub fn symbols(&self, utterance: &Utterance) -> Result<String, String> {
        let marked = self.marked(utterance);
        let (phonemes, _) = self.g2p.g2p(&marked).map_err(|error| error.to_string())?;
        let symbols = voice_symbols(&phonemes);
        let symbols = symbols.trim();
        Ok(if symbols.chars().any(char::is_alphabetic) {
            symbols.into()
        } else {
            String::new()
        })
    }

    /// The utterance as text for misaki.
    fn marked(&self, utterance: &Utterance) -> String {
        let mut text = String::new();
        for item in &utterance.items {
            match item {
                Item::Mark(mark) => text.push(sign(*mark)),
                Item::Letters { letters, plural } => {
                    text.push_str(if text.is_empty() { "" } else { " " });
                    // A single letter may be a word whose sound misaki changes afterwards ("a", "I"); X is none.
                    let shown = if letters.len() == 1 { "X" } else { letters };
                    text.push_str(&with_sound(shown, &spelled(letters, *plural)));
                }
                Item::Word(words) => {
                    for word in words
                        .split(' ')
                        .filter(|word| word.bytes().any(|b| b.is_ascii_alphabetic()))
                    {
                        text.push_str(if text.is_empty() { "" } else { " " });
                        text.push_str(&self.word(word));
                    }
                }
            }
        }
        text.push(utterance.end.map_or(',', sign));
        text
    }

    /// A word as misaki takes it: as it is when it is known, with its sound otherwise.
    fn word(&self, word: &str) -> String {
        let lexicon = &self.g2p.lexicon;
        if word.contains('-') && sound_of(lexicon, word).is_none() {
            // misaki joins the parts of a hyphenated word, but knows only known ones.
            let parts: Vec<String> = word
                .split('-')
                .filter(|part| !part.is_empty())
                .map(|part| self.word(part))
                .collect();
            let joint = if parts.iter().any(|part| part.starts_with('[')) {
                " "
            } else {
                "-"
            };
            return parts.join(joint);
        }
        if sound_of(lexicon, word).is_some() {
            return word.into();
        }
        // A possessive of an unknown name.
        let (stem, ending) = word
            .strip_suffix("'s")
            .map_or((word, ""), |stem| (stem, "'s"));
        let mut sound = sound_of(lexicon, stem)
            .or_else(|| compound(lexicon, &stem.to_ascii_lowercase()))
            .unwrap_or_else(|| guess(self.letters.as_deref(), stem));
        if !ending.is_empty() {
            sound = lexicon.append_s(&sound);
        }
        with_sound(word, &sound)
    }
}

/// A word and its sound in misaki's notation. Misaki must see one token, so only letters stay, and capitals only where they do not cut it.
fn with_sound(word: &str, sound: &str) -> String {
    let mut letters = word.chars().filter(char::is_ascii_alphabetic);
    let capitals = word.bytes().all(|b| b.is_ascii_uppercase());
    let first = letters.next();
    let rest: String = if capitals {
        letters.collect()
    } else {
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    format!(
        "[{}{rest}](/{sound}/)",
        first.map(String::from).unwrap_or_default()
    )
}

fn own_lexicon() -> impl Iterator<Item = (&'static str, &'static str)> {
    LEXICON
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
}

fn sign(mark: Mark) -> char {
    match mark {
        Mark::Comma | Mark::Dash => ',',
        Mark::Colon => ':',
        Mark::Semicolon => ';',
        Mark::Stop | Mark::Paragraph => '.',
        Mark::Question => '?',
        Mark::Exclamation => '!',
    }
}

/// What misaki's lexicon says about a word by itself, inflections included.
fn sound_of(lexicon: &Lexicon, word: &str) -> Option<String> {
    lexicon
        .get_word(word, "NN", None, None)
        .map(|(sound, _)| sound)
}

/// Letters by their names; the last one carries the main stress.
fn spelled(letters: &str, plural: bool) -> String {
    let count = letters.len();
    let mut sound: String = letters
        .bytes()
        .enumerate()
        .filter_map(|(index, letter)| {
            let name =
                LETTER_NAMES.get(usize::from(letter.to_ascii_uppercase().checked_sub(b'A')?))?;
            Some(if index + 1 == count {
                (*name).to_owned()
            } else {
                name.replace('ˈ', "ˌ")
            })
        })
        .collect();
    if plural {
        sound.push_str(if sound.ends_with(['s', 'ʧ']) {
            "ᵻz"
        } else if sound.ends_with('f') {
            "s"
        } else {
            "z"
        });
    }
    sound
}

/// The sound of a word made of two known ones, the first as long as possible. `word` is in small letters.
fn compound(lexicon: &Lexicon, word: &str) -> Option<String> {
    let longest = word.len().checked_sub(LEAST_PART)?;
    (LEAST_PART..=longest).rev().find_map(|cut| {
        let (first, second) = word.split_at_checked(cut)?;
        if !lexicon.in_gold(first) || !lexicon.in_gold(second) {
            return None;
        }
        let (first, second) = (sound_of(lexicon, first)?, sound_of(lexicon, second)?);
        Some(first + &second.replace('ˈ', "ˌ"))
    })
}

/// The sound of an unknown word: letter names for what has no vowel, the network otherwise.
fn guess(letters: Option<&Letters>, word: &str) -> String {
    let plain: String = word
        .chars()
        .filter(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_lowercase();
    let vowels = plain.bytes().any(|b| b"aeiouy".contains(&b));
    match letters {
        Some(letters) if vowels => to_misaki(&letters.arpabet(&plain)),
        _ => spelled(&plain, false),
    }
}

#[cfg(test)]
mod tests;
