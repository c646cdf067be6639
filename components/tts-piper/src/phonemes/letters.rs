//! How an unknown word may sound: the letter-to-sound network of g2p_en (Apache-2.0), run by hand.
//!
//! One GRU reads the letters, another writes ARPAbet phonemes, greedily. 0.83 million parameters, well below a millisecond a word, so there is no
//! reason for a graph. The file comes from `models/convert/g2p.py`, which describes its layout.

use tract_onnx::prelude::f16;

/// Longer words are cut; the network was trained on shorter ones.
const MAX_LETTERS: usize = 40;
/// The network writes no more phonemes than this, like its original.
const MAX_PHONEMES: usize = 20;

const MAGIC: &[u8; 8] = b"CLQYG2P1";
/// Ids of the letters: padding, unknown, end of word, then a to z.
const UNKNOWN: usize = 1;
const END_OF_WORD: usize = 2;
const FIRST_LETTER: usize = 3;
/// Ids of the phonemes: padding, unknown, start, end, then [`PHONEMES`].
const START: usize = 2;
const END: usize = 3;
const FIRST_PHONEME: usize = 4;

/// ARPAbet with stress, in the order of the network's output.
const PHONEMES: [&str; 70] = [
    "AA0", "AA1", "AA2", "AE0", "AE1", "AE2", "AH0", "AH1", "AH2", "AO0", "AO1", "AO2", "AW0",
    "AW1", "AW2", "AY0", "AY1", "AY2", "B", "CH", "D", "DH", "EH0", "EH1", "EH2", "ER0", "ER1",
    "ER2", "EY0", "EY1", "EY2", "F", "G", "HH", "IH0", "IH1", "IH2", "IY0", "IY1", "IY2", "JH",
    "K", "L", "M", "N", "NG", "OW0", "OW1", "OW2", "OY0", "OY1", "OY2", "P", "R", "S", "SH", "T",
    "TH", "UH0", "UH1", "UH2", "UW", "UW0", "UW1", "UW2", "V", "W", "Y", "Z", "ZH",
];

/// A dense layer, row-major.
#[derive(Debug)]
struct Dense {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    fn apply(&self, input: &[f32]) -> impl Iterator<Item = f32> {
        self.weight
            .chunks_exact(input.len())
            .zip(&self.bias)
            .map(move |(row, bias)| row.iter().zip(input).map(|(w, x)| w * x).sum::<f32>() + bias)
    }
}

/// A gated recurrent unit; gates in the order reset, update, new.
#[derive(Debug)]
struct Gru {
    input: Dense,
    state: Dense,
}

impl Gru {
    fn step(&self, input: &[f32], state: &mut [f32]) {
        let from_input: Vec<f32> = self.input.apply(input).collect();
        let from_state: Vec<f32> = self.state.apply(state).collect();
        let size = state.len();
        let gate = |values: &[f32], index: usize| values.get(index).copied().unwrap_or_default();
        for (i, cell) in state.iter_mut().enumerate() {
            let reset = sigmoid(gate(&from_input, i) + gate(&from_state, i));
            let update = sigmoid(gate(&from_input, size + i) + gate(&from_state, size + i));
            let new =
                (gate(&from_input, 2 * size + i) + reset * gate(&from_state, 2 * size + i)).tanh();
            *cell = (1.0 - update) * new + update * *cell;
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The network.
#[derive(Debug)]
pub struct Letters {
    size: usize,
    letters: Vec<f32>,
    reader: Gru,
    phonemes: Vec<f32>,
    writer: Gru,
    output: Dense,
}

impl Letters {
    /// Reads the converted weights.
    ///
    /// # Errors
    /// What is wrong with `bytes`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let rest = bytes.strip_prefix(MAGIC).ok_or("wrong magic number")?;
        let (sizes, rest) = rest.split_at_checked(12).ok_or("too short")?;
        let mut sizes = sizes
            .as_chunks()
            .0
            .iter()
            .map(|size| u32::from_le_bytes(*size) as usize);
        let (letters, phonemes, size) = (
            sizes.next().unwrap_or(0),
            sizes.next().unwrap_or(0),
            sizes.next().unwrap_or(0),
        );
        if letters != FIRST_LETTER + 26
            || phonemes != FIRST_PHONEME + PHONEMES.len()
            || !(1..=1024).contains(&size)
        {
            return Err("unexpected sizes");
        }
        let mut values = rest
            .as_chunks()
            .0
            .iter()
            .map(|half| f16::from_le_bytes(*half).to_f32());
        let gru = 3 * size * (2 * size + 2);
        if rest.len() != 2 * (letters * size + phonemes * size + 2 * gru + phonemes * (size + 1)) {
            return Err("wrong length");
        }
        let mut take = |count: usize| values.by_ref().take(count).collect::<Vec<f32>>();
        let unit = |take: &mut dyn FnMut(usize) -> Vec<f32>| {
            let (input, state) = (take(3 * size * size), take(3 * size * size));
            Gru {
                input: Dense {
                    weight: input,
                    bias: take(3 * size),
                },
                state: Dense {
                    weight: state,
                    bias: take(3 * size),
                },
            }
        };
        Ok(Self {
            size,
            letters: take(letters * size),
            reader: unit(&mut take),
            phonemes: take(phonemes * size),
            writer: unit(&mut take),
            output: Dense {
                weight: take(phonemes * size),
                bias: take(phonemes),
            },
        })
    }

    /// ARPAbet phonemes of a word. Case does not matter; what is no letter from a to z counts as unknown.
    #[must_use]
    pub fn arpabet(&self, word: &str) -> Vec<&'static str> {
        let names = self.ids(word).into_iter().map(|id| {
            id.checked_sub(FIRST_PHONEME)
                .and_then(|index| PHONEMES.get(index))
        });
        names.flatten().copied().collect()
    }

    /// The phonemes of a word as the network numbers them.
    pub(crate) fn ids(&self, word: &str) -> Vec<usize> {
        let mut state = vec![0.0; self.size];
        let ids = word
            .bytes()
            .take(MAX_LETTERS)
            .map(|byte| match byte.to_ascii_lowercase() {
                letter @ b'a'..=b'z' => FIRST_LETTER + usize::from(letter - b'a'),
                _ => UNKNOWN,
            });
        for id in ids.chain([END_OF_WORD]) {
            self.reader.step(self.row(&self.letters, id), &mut state);
        }
        let mut spoken = Vec::new();
        let mut last = START;
        for _ in 0..MAX_PHONEMES {
            self.writer.step(self.row(&self.phonemes, last), &mut state);
            let best = self
                .output
                .apply(&state)
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(&b.1));
            last = best.map_or(END, |(id, _)| id);
            if last == END {
                break;
            }
            spoken.push(last);
        }
        spoken
    }

    fn row<'a>(&self, table: &'a [f32], id: usize) -> &'a [f32] {
        table
            .get(id * self.size..(id + 1) * self.size)
            .unwrap_or_default()
    }
}

/// ARPAbet in the alphabet of misaki, stress before its vowel.
#[must_use]
pub fn to_misaki(arpabet: &[&str]) -> String {
    let mut out = String::new();
    for phoneme in arpabet {
        let (name, stress) = match phoneme.as_bytes() {
            [.., digit @ b'0'..=b'2'] => (phoneme.trim_end_matches(['0', '1', '2']), *digit),
            _ => (*phoneme, b'0'),
        };
        out.push_str(match stress {
            b'1' => "ˈ",
            b'2' => "ˌ",
            _ => "",
        });
        out.push_str(match name {
            "AA" => "ɑ",
            "AE" => "æ",
            "AH" if stress == b'0' => "ə",
            "AH" => "ʌ",
            "AO" => "ɔ",
            "AW" => "W",
            "AY" => "I",
            "B" => "b",
            "CH" => "ʧ",
            "D" => "d",
            "DH" => "ð",
            "EH" => "ɛ",
            "ER" if stress == b'0' => "əɹ",
            "ER" => "ɜɹ",
            "EY" => "A",
            "F" => "f",
            "G" => "ɡ",
            "HH" => "h",
            "IH" => "ɪ",
            "IY" => "i",
            "JH" => "ʤ",
            "K" => "k",
            "L" => "l",
            "M" => "m",
            "N" => "n",
            "NG" => "ŋ",
            "OW" => "O",
            "OY" => "Y",
            "P" => "p",
            "R" => "ɹ",
            "S" => "s",
            "SH" => "ʃ",
            "T" => "t",
            "TH" => "θ",
            "UH" => "ʊ",
            "UW" => "u",
            "V" => "v",
            "W" => "w",
            "Y" => "j",
            "Z" => "z",
            "ZH" => "ʒ",
            _ => "",
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arpabet_becomes_misaki() {
        assert_eq!(to_misaki(&["HH", "AA1", "P", "ER0"]), "hˈɑpəɹ");
        assert_eq!(to_misaki(&["K", "AH0", "M", "P", "AY1", "L"]), "kəmpˈIl");
        assert_eq!(to_misaki(&["JH", "AH1", "JH", "UW2", "EY"]), "ʤˈʌʤˌuA");
    }

    #[test]
    fn damaged_weights_are_refused() {
        assert_eq!(Letters::from_bytes(b"").unwrap_err(), "wrong magic number");
        assert_eq!(Letters::from_bytes(MAGIC).unwrap_err(), "too short");
        let mut bytes = MAGIC.to_vec();
        for size in [29u32, 74, 256] {
            bytes.extend(size.to_le_bytes());
        }
        assert_eq!(Letters::from_bytes(&bytes).unwrap_err(), "wrong length");
        bytes[8] = 1;
        assert_eq!(Letters::from_bytes(&bytes).unwrap_err(), "unexpected sizes");
    }
}
