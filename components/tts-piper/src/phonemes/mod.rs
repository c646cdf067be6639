//! Utterances become symbols of the voice: misaki's lexicon and tagger for what is known, a small lexicon of our own, letter-to-sound for the rest.
//!
//! misaki decides by context ("the" before a vowel, "read" by tense). Its parts are used one by one: tokenizer and tagger on the whole utterance, then the
//! lexicon word by word from the end. Its own entry point, `G2P`, would do the same and also parse a second tagger that it never asks (two thirds of its load
//! time), carry British English, and look sounds up again that were given to it.
//!
//! Words that misaki does not know are compounds of known ones, or are guessed by [`Letters`]; without vowels they are spelled.

mod letters;
mod symbols;

use misaki_rs::{
    Language, Lexicon, data,
    lexicon::{PhonemeEntry, TokenContext},
    norms,
    spacy_tagger::{self, Tagger},
    spacy_tokenizer::SpacyTokenizer,
};

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

/// Stress of capitalised words and of words in capitals, as in misaki.
const CAPITAL_STRESS: (f64, f64) = (0.5, 2.0);

/// The shortest part that a compound is cut into.
const LEAST_PART: usize = 3;

/// Turns utterances into symbols. Shared by all speech of an instance.
pub struct Phonemizer {
    lexicon: Lexicon,
    tokenizer: SpacyTokenizer,
    tagger: Tagger,
    letters: Option<Letters>,
}

impl std::fmt::Debug for Phonemizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phonemizer")
            .field("letters", &self.letters.is_some())
            .finish_non_exhaustive()
    }
}

/// A piece of an utterance on its way to sounds.
enum Unit {
    Word(String),
    /// Spelled letters, with their sound.
    Letters(String, String),
    Mark(Mark),
}

impl Unit {
    fn text(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Letters(letters, _) => letters,
            Self::Mark(mark) => sign(*mark),
        }
    }
}

impl Phonemizer {
    /// Loads misaki's American English. Without `letters`, unknown words are spelled.
    #[must_use]
    pub fn new(letters: Option<Letters>) -> Self {
        let mut golds = data::load_us_gold();
        for (word, sound) in own_lexicon() {
            golds.insert(word.into(), PhonemeEntry::Simple(sound.into()));
        }
        let lexicon = Lexicon {
            lang: Language::EnglishUS,
            cap_stresses: CAPITAL_STRESS,
            golds,
            silvers: data::load_us_silver(),
        };
        Self {
            lexicon,
            tokenizer: SpacyTokenizer::new(),
            tagger: Tagger::load(),
            letters,
        }
    }

    /// The symbols of an utterance, ending in the symbol of its mark. Empty when there is nothing to say.
    #[must_use]
    pub fn symbols(&self, utterance: &Utterance) -> String {
        let units = self.units(utterance);
        let tags = self.tags(&units);
        // From the end, because a sound depends on the one that follows ("the apple").
        let mut context = TokenContext::default();
        let mut sounds: Vec<String> = Vec::with_capacity(units.len());
        for (index, unit) in units.iter().enumerate().rev() {
            let (sound, next) = match unit {
                Unit::Mark(mark) => (sign(*mark).to_owned(), TokenContext::default()),
                Unit::Letters(_, sound) => (sound.clone(), after(&context, sound, "")),
                Unit::Word(word) => {
                    let tag = tags.get(index).map_or("NN", String::as_str);
                    // Capitals are stressed, except the one that only begins the sentence.
                    let stress = if index == 0 { None } else { stress_of(word) };
                    let known = self.lexicon.get_word(word, tag, stress, Some(&context));
                    let sound = known.map_or_else(|| self.unknown(word), |(sound, _)| sound);
                    let next = after(&context, &sound, word);
                    (sound, next)
                }
            };
            context = next;
            sounds.push(sound);
        }
        let mut phonemes = String::new();
        for (unit, sound) in units.iter().zip(sounds.iter().rev()) {
            if !matches!(unit, Unit::Mark(_)) && !phonemes.is_empty() {
                phonemes.push(' ');
            }
            phonemes.push_str(sound);
        }
        let symbols = voice_symbols(&phonemes);
        let symbols = symbols.trim();
        if symbols.chars().any(char::is_alphabetic) {
            symbols.into()
        } else {
            String::new()
        }
    }

    /// The utterance cut into words that are looked up one by one, and its final mark.
    fn units(&self, utterance: &Utterance) -> Vec<Unit> {
        let mut units = Vec::new();
        for item in &utterance.items {
            match item {
                Item::Mark(mark) => units.push(Unit::Mark(*mark)),
                Item::Letters { letters, plural } => {
                    units.push(Unit::Letters(letters.clone(), spelled(letters, *plural)));
                }
                Item::Word(words) => {
                    for word in words.split(' ') {
                        // A hyphenated word is looked up whole first ("t-shirt"), then by its parts.
                        let whole = !word.contains('-') || self.sound_of(word).is_some();
                        let parts = if whole {
                            vec![word]
                        } else {
                            word.split('-').collect()
                        };
                        let said = parts
                            .into_iter()
                            .filter(|part| part.bytes().any(|b| b.is_ascii_alphabetic()));
                        units.extend(said.map(|part| Unit::Word(part.into())));
                    }
                }
            }
        }
        units.push(Unit::Mark(utterance.end.unwrap_or(Mark::Comma)));
        units
    }

    /// The part of speech of each unit, by spaCy's tokenizer and tagger as misaki has them. A word that spaCy cuts ("isn't") gets the tag of its longest piece.
    fn tags(&self, units: &[Unit]) -> Vec<String> {
        let mut text = String::new();
        let mut ends = Vec::with_capacity(units.len());
        for unit in units {
            if !matches!(unit, Unit::Mark(_)) && !text.is_empty() {
                text.push(' ');
            }
            text.push_str(unit.text());
            ends.push(text.len());
        }
        let tokens = self.tokenizer.tokenize(&text);
        let features: Vec<(String, String, bool)> = tokens
            .iter()
            .map(|token| {
                let norm = token
                    .norm
                    .clone()
                    .unwrap_or_else(|| norms::norm_of(&token.text, spacy_tagger::hash_string));
                (token.text.clone(), norm, !token.whitespace.is_empty())
            })
            .collect();
        let mut tagged = tokens.iter().zip(self.tagger.tag(&features)).peekable();
        let mut at = 0;
        let mut tags = Vec::with_capacity(units.len());
        for end in ends {
            let mut best: (usize, &str) = (0, "NN");
            while let Some((token, tag)) = tagged.next_if(|_| at < end) {
                if token.text.len() >= best.0 {
                    best = (token.text.len(), tag);
                }
                at += token.text.len() + token.whitespace.len();
            }
            tags.push(best.1.to_owned());
        }
        tags
    }

    /// The sound of a word that the lexicon does not have.
    fn unknown(&self, word: &str) -> String {
        // A possessive of an unknown name.
        let (stem, possessive) = word
            .strip_suffix("'s")
            .map_or((word, false), |stem| (stem, true));
        let sound = self
            .sound_of(stem)
            .or_else(|| self.compound(&stem.to_ascii_lowercase()))
            .unwrap_or_else(|| guess(self.letters.as_ref(), stem));
        if possessive {
            self.lexicon.append_s(&sound)
        } else {
            sound
        }
    }

    /// What misaki's lexicon says about a word by itself, inflections included.
    fn sound_of(&self, word: &str) -> Option<String> {
        self.lexicon
            .get_word(word, "NN", None, None)
            .map(|(sound, _)| sound)
    }

    /// The sound of a word made of two known ones, the first as long as possible. `word` is in small letters.
    fn compound(&self, word: &str) -> Option<String> {
        let longest = word.len().checked_sub(LEAST_PART)?;
        (LEAST_PART..=longest).rev().find_map(|cut| {
            let (first, second) = word.split_at_checked(cut)?;
            if !self.lexicon.in_gold(first) || !self.lexicon.in_gold(second) {
                return None;
            }
            Some(self.sound_of(first)? + &self.sound_of(second)?.replace('ˈ', "ˌ"))
        })
    }
}

/// What the unit before one that sounds like `sound` has to know.
fn after(context: &TokenContext, sound: &str, word: &str) -> TokenContext {
    let first = sound.chars().find(|c| symbols::is_sound(*c));
    TokenContext {
        future_vowel: first.map_or(context.future_vowel, |c| Some(symbols::is_vowel(c))),
        future_to: word.eq_ignore_ascii_case("to"),
    }
}

/// The stress that misaki gives to capitals.
fn stress_of(word: &str) -> Option<f64> {
    if word.bytes().all(|b| !b.is_ascii_uppercase()) {
        None
    } else if word.bytes().all(|b| !b.is_ascii_lowercase()) {
        Some(CAPITAL_STRESS.1)
    } else {
        Some(CAPITAL_STRESS.0)
    }
}

fn own_lexicon() -> impl Iterator<Item = (&'static str, &'static str)> {
    LEXICON
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
}

fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Comma | Mark::Dash => ",",
        Mark::Colon => ":",
        Mark::Semicolon => ";",
        Mark::Stop | Mark::Paragraph => ".",
        Mark::Question => "?",
        Mark::Exclamation => "!",
    }
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
