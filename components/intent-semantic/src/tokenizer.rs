//! Text to word pieces, as BERT's uncased models were trained: cleaned, without accents and capitals, cut at spaces and punctuation, and
//! each word into the longest pieces that the vocabulary has, from its beginning.
//!
//! It follows Devlin et al., "BERT" (2019), and the tokenizers library, whose results it is tested against. One difference is on purpose:
//! `[CLS]` in a text is five characters and never a special token, because texts come from strangers.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::error::Error;

/// Longer words are unknown, without a look at their pieces.
const MAX_WORD: usize = 100;
/// What a piece starts with that goes on with a word.
const CONTINUES: &str = "##";

/// The pieces and their ids.
#[derive(Debug)]
pub struct Tokenizer {
    /// Pieces that begin a word.
    first: HashMap<String, u32>,
    /// Pieces that go on with one, without the mark.
    further: HashMap<String, u32>,
    special: Special,
}

/// Ids of special tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Special {
    /// A word that has no pieces.
    pub unknown: u32,
    /// Comes first.
    pub start: u32,
    /// Comes last.
    pub end: u32,
}

impl Tokenizer {
    /// Reads a vocabulary: one piece a line, in order of id.
    ///
    /// # Errors
    /// `unavailable` when it has not `n_pieces` different ones, or a special token is not among them.
    pub fn new(vocabulary: &str, n_pieces: usize, special: Special) -> Result<Self, Error> {
        let unusable = |why: String| Error::Unavailable(format!("vocabulary.txt: {why}"));
        let (mut first, mut further) = (HashMap::new(), HashMap::new());
        for (id, line) in (0..).zip(vocabulary.lines()) {
            match line.strip_prefix(CONTINUES) {
                Some(rest) if !rest.is_empty() => further.insert(rest.to_owned(), id),
                _ => first.insert(line.to_owned(), id),
            };
        }
        if first.len() + further.len() != n_pieces {
            let found = first.len() + further.len();
            return Err(unusable(format!(
                "{found} different pieces, expected {n_pieces}"
            )));
        }
        for id in [special.unknown, special.start, special.end] {
            if id as usize >= n_pieces {
                return Err(unusable(format!("no piece has the id {id}")));
            }
        }
        Ok(Self {
            first,
            further,
            special,
        })
    }

    /// The pieces of a text between start and end, at most `limit` in all: what is too long loses its end. The work is bounded by
    /// `limit` too, however long the text.
    #[must_use]
    pub fn encode(&self, text: &str, limit: usize) -> Vec<u32> {
        let room = limit.saturating_sub(2);
        let mut ids = vec![self.special.start];
        for word in words(text) {
            if ids.len() > room {
                break;
            }
            self.pieces(&word, &mut ids);
        }
        ids.truncate(room + 1);
        ids.push(self.special.end);
        ids
    }

    /// Adds the pieces of one word, or the unknown token when some part of it is in no piece.
    fn pieces(&self, word: &str, ids: &mut Vec<u32>) {
        let before = ids.len();
        let mut rest = word;
        if word.chars().nth(MAX_WORD).is_none() {
            while !rest.is_empty() {
                let known = if rest.len() == word.len() {
                    &self.first
                } else {
                    &self.further
                };
                let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
                let longest = ends
                    .filter_map(|end| rest.split_at_checked(end))
                    .find_map(|(piece, rest)| Some((*known.get(piece)?, rest)));
                let Some((id, shorter)) = longest else { break };
                ids.push(id);
                rest = shorter;
            }
        }
        if !rest.is_empty() {
            ids.truncate(before);
            ids.push(self.special.unknown);
        }
    }
}

/// Words and single punctuation marks of a text, in lower case and without accents.
fn words(text: &str) -> impl Iterator<Item = String> {
    let clean = text.chars().filter_map(cleaned).nfd();
    let mut letters = clean
        .filter(|c| c.general_category() != GeneralCategory::NonspacingMark)
        .flat_map(char::to_lowercase)
        .peekable();
    std::iter::from_fn(move || {
        let mut word = String::new();
        while let Some(&c) = letters.peek() {
            let alone = is_punctuation(c) || is_ideograph(c);
            if !word.is_empty() && (alone || c.is_whitespace()) {
                break;
            }
            letters.next();
            if !c.is_whitespace() {
                word.push(c);
            }
            if alone {
                break;
            }
        }
        (!word.is_empty()).then_some(word)
    })
}

/// A character without control: line breaks are spaces, other control and format characters are nothing. Code points that no character
/// has been given are kept: which they are depends on the edition of Unicode.
fn cleaned(c: char) -> Option<char> {
    let other = matches!(
        c.general_category(),
        GeneralCategory::Control | GeneralCategory::Format | GeneralCategory::PrivateUse
    );
    match c {
        '\t' | '\n' | '\r' => Some(' '),
        '\0' | char::REPLACEMENT_CHARACTER => None,
        _ if other => None,
        _ if c.is_whitespace() => Some(' '),
        _ => Some(c),
    }
}

/// ASCII signs such as `$` count, although Unicode calls them symbols.
fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || c.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// The blocks of Chinese characters, each of which is a word. Kana and Hangul are letters like others.
fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F | 0x2B740..=0x2B81F | 0x2B920..=0x2CEAF
        | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::model_folder;

    const SPECIAL: Special = Special {
        unknown: 0,
        start: 1,
        end: 2,
    };

    fn small() -> Tokenizer {
        let pieces = "[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\na\n[\n]\ncls\n";
        Tokenizer::new(pieces, 10, SPECIAL).unwrap()
    }

    #[test]
    fn words_become_their_longest_pieces() {
        let tokenizer = small();
        assert_eq!(tokenizer.encode("UNÄFFABLE a", 9), [1, 3, 4, 5, 6, 2]);
        assert_eq!(tokenizer.encode("unb a", 9), [1, 0, 6, 2]);
        assert_eq!(tokenizer.encode("", 9), [1, 2]);
        // A special token in a text is text.
        assert_eq!(tokenizer.encode("[CLS]", 9), [1, 7, 9, 8, 2]);
    }

    #[test]
    fn what_is_too_long_is_cut_before_the_end_token() {
        let tokenizer = small();
        assert_eq!(tokenizer.encode("a a a a", 4), [1, 6, 6, 2]);
        assert_eq!(tokenizer.encode("a a unaffable", 5), [1, 6, 6, 3, 2]);
        assert_eq!(tokenizer.encode(&"a ".repeat(100_000), 128).len(), 128);
    }

    #[test]
    fn a_damaged_vocabulary_is_refused() {
        for (text, n) in [("a\nb", 3), ("a\na", 2), ("a\nb", 2)] {
            let error = Tokenizer::new(text, n, SPECIAL).unwrap_err();
            assert!(error.to_string().starts_with("vocabulary.txt: "), "{error}");
        }
    }

    /// Texts of `tests/tools/golden_semantic.py`.
    #[derive(serde::Deserialize)]
    struct Golden {
        text: String,
        ids: Vec<u32>,
    }

    #[test]
    fn the_pieces_are_those_of_the_tokenizers_library() {
        let Some(folder) = model_folder() else { return };
        let vocabulary = std::fs::read_to_string(folder.join("vocabulary.txt")).unwrap();
        let special = Special {
            unknown: 100,
            start: 101,
            end: 102,
        };
        let tokenizer = Tokenizer::new(&vocabulary, 30_522, special).unwrap();
        let golden = include_str!("../../../tests/golden/semantic/tokens.json");
        let golden: Vec<Golden> = serde_json::from_str(golden).unwrap();
        assert!(golden.len() > 150);
        let wrong: Vec<_> = golden
            .iter()
            .map(|golden| (golden, tokenizer.encode(&golden.text, usize::MAX)))
            .filter(|(golden, ids)| golden.ids != *ids)
            .map(|(golden, ids)| format!("{:?}\n  {:?}\n  {ids:?}", golden.text, golden.ids))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
