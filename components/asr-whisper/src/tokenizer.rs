//! Text tokens: ids to text, and the caller's prompt to ids.
//!
//! Whisper uses GPT-2's byte-level byte pair encoding: a token is a string of bytes, not of characters, and ids are in the order in
//! which the merges were learned. So one table of byte strings is all there is: encoding merges, again and again, the neighbours
//! whose union has the lowest id. Special tokens are not text and are never made or shown here.

use std::collections::HashMap;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::error::Error;

/// The text tokens of a model by id.
pub struct Vocabulary {
    pieces: Vec<Box<[u8]>>,
    ids: HashMap<Box<[u8]>, u32>,
}

impl Vocabulary {
    /// Reads `vocabulary.bin`: for every token a little-endian u16 length and its bytes.
    pub fn read(file: &[u8]) -> Result<Self, Error> {
        let damaged = || {
            Error::Unavailable(
                "vocabulary.bin is damaged; run the model conversion again".to_owned(),
            )
        };
        let mut pieces: Vec<Box<[u8]>> = Vec::new();
        let mut rest = file;
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (piece, after) = after
                .split_at_checked(u16::from_le_bytes(*length).into())
                .ok_or_else(damaged)?;
            pieces.push(piece.into());
            rest = after;
        }
        let ids: HashMap<_, _> = pieces.iter().cloned().zip(0..).collect();
        // Without every single byte there would be text that cannot be encoded.
        let complete = (0..=u8::MAX).all(|byte| ids.contains_key([byte].as_slice()));
        if rest.is_empty() && complete && ids.len() == pieces.len() {
            Ok(Self { pieces, ids })
        } else {
            Err(damaged())
        }
    }

    /// Number of text tokens; the special tokens have the ids from here on.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Always false: a vocabulary has at least the 256 bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The text of tokens. Special tokens are left out; bytes that are no UTF-8, such as half a character, become U+FFFD.
    #[must_use]
    pub fn decode(&self, tokens: &[u32]) -> String {
        let pieces = tokens
            .iter()
            .filter_map(|&token| self.pieces.get(token as usize));
        let bytes: Vec<u8> = pieces.flat_map(|piece| piece.iter().copied()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The tokens of a text, as the model was trained to see them.
    #[must_use]
    pub fn encode(&self, text: &str) -> Vec<u32> {
        words(text)
            .flat_map(|word| self.merge(word.as_bytes()))
            .collect()
    }

    /// Byte pair encoding of one word. Quadratic, which is why [`words`] bounds their length.
    fn merge(&self, word: &[u8]) -> Vec<u32> {
        let mut cuts: Vec<usize> = (0..=word.len()).collect();
        loop {
            let unions = cuts
                .windows(3)
                .enumerate()
                .filter_map(|(at, cut)| match cut {
                    &[start, _, end] => Some((*self.ids.get(word.get(start..end)?)?, at + 1)),
                    _ => None,
                });
            match unions.min() {
                Some((_, cut)) => cuts.remove(cut),
                None => break,
            };
        }
        let pairs = cuts.windows(2).filter_map(|cut| match cut {
            &[start, end] => self.ids.get(word.get(start..end)?).copied(),
            _ => None,
        });
        pairs.collect()
    }
}

/// Longest word in bytes; what is longer is cut. Natural words never are, and merging takes time quadratic in the length.
const LONGEST_WORD: usize = 256;

/// GPT-2's split into words, its regular expression written out:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let length = rest.floor_char_boundary(word_length(rest).min(LONGEST_WORD));
        let (word, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(word)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Number,
    Space,
    Other,
}

fn kind(c: char) -> Kind {
    match c.general_category_group() {
        GeneralCategoryGroup::Letter => Kind::Letter,
        GeneralCategoryGroup::Number => Kind::Number,
        _ if c.is_whitespace() => Kind::Space,
        _ => Kind::Other,
    }
}

/// Bytes of the first word of a text that is not empty.
fn word_length(text: &str) -> usize {
    const CONTRACTIONS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
    if let Some(contraction) = CONTRACTIONS
        .iter()
        .find(|contraction| text.starts_with(**contraction))
    {
        return contraction.len();
    }
    let run = |text: &str, of: Kind| text.find(|c| kind(c) != of).unwrap_or(text.len());
    let after_space = text.strip_prefix(' ').unwrap_or(text);
    if let Some(of) = after_space
        .chars()
        .next()
        .map(kind)
        .filter(|of| *of != Kind::Space)
    {
        return text.len() - after_space.len() + run(after_space, of);
    }
    // White space only. Its last character belongs to the next word, unless nothing follows or there is just one.
    let spaces = run(text, Kind::Space);
    let last = text
        .get(..spaces)
        .and_then(|all| all.chars().next_back())
        .map_or(0, char::len_utf8);
    if spaces == text.len() || spaces == last {
        spaces
    } else {
        spaces - last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// All bytes, then some merges in the order a trained vocabulary would have them.
    fn vocabulary() -> Vocabulary {
        let bytes = (0..=u8::MAX).map(|byte| vec![byte]);
        let merges =
            ["he", "ll", " w", "hell", "hello", "or"].map(|piece| piece.as_bytes().to_vec());
        let file: Vec<u8> = bytes
            .chain(merges)
            .flat_map(|piece| [(piece.len() as u16).to_le_bytes().to_vec(), piece].concat())
            .collect();
        Vocabulary::read(&file).unwrap()
    }

    #[test]
    fn merges_the_pair_learned_first() {
        let vocabulary = vocabulary();
        assert_eq!(vocabulary.encode("hello"), [260]);
        assert_eq!(
            vocabulary.encode("hello world"),
            [260, 258, 261, u32::from(b'l'), u32::from(b'd')]
        );
        assert_eq!(vocabulary.encode(""), [] as [u32; 0]);
    }

    #[test]
    fn decoding_undoes_encoding() {
        let vocabulary = vocabulary();
        for text in [
            "hello world",
            "naïve café, 東京 🎉",
            "  two  spaces ",
            "\n\t",
            "don't we'll",
        ] {
            assert_eq!(vocabulary.decode(&vocabulary.encode(text)), text);
        }
        let long = "x".repeat(10_000);
        assert_eq!(vocabulary.decode(&vocabulary.encode(&long)), long);
    }

    #[test]
    fn special_tokens_and_half_characters_do_not_break_text() {
        let vocabulary = vocabulary();
        assert_eq!(vocabulary.decode(&[260, 50_257, u32::MAX]), "hello");
        assert_eq!(vocabulary.decode(&[u32::from(b'a'), 0xc3]), "a\u{fffd}");
    }

    #[test]
    fn splits_words_as_the_expression_does() {
        let split = |text| words(text).collect::<Vec<_>>();
        assert_eq!(
            split("I'll go, won't I?"),
            ["I", "'ll", " go", ",", " won", "'t", " I", "?"]
        );
        assert_eq!(split("in 1906!!"), ["in", " 1906", "!!"]);
        assert_eq!(split("a   b"), ["a", "  ", " b"]);
        assert_eq!(split("a\n b  "), ["a", "\n", " b", "  "]);
        assert_eq!(split("x\u{a0}y"), ["x", "\u{a0}", "y"]);
    }

    #[test]
    fn damaged_files_are_refused() {
        for file in [&[][..], &[1], &[1, 0], &[5, 0, b'a'], &[1, 0, b'a']] {
            assert!(matches!(Vocabulary::read(file), Err(Error::Unavailable(_))));
        }
    }

    #[test]
    fn encodes_the_reference_transcripts_to_the_tokens_heard() {
        let (Some(model), Some(golden)) = (testing::model_folder(), testing::golden_tokens())
        else {
            return;
        };
        let vocabulary =
            Vocabulary::read(&std::fs::read(model.join("vocabulary.bin")).unwrap()).unwrap();
        for entry in golden {
            assert_eq!(
                vocabulary.decode(&entry.plain.tokens).trim(),
                entry.plain.text
            );
            assert_eq!(
                vocabulary.encode(&format!(" {}", entry.plain.text)),
                entry.plain.tokens,
                "{}",
                entry.file
            );
        }
    }
}
