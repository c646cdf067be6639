//! What tests share: the recordings, the converted model, and the golden transcripts of the reference implementation.
//!
//! Recordings come from `$COLLOQUY_TEST_DATA`, which `cargo xtask test` sets. Without it the tests that need them say so and pass:
//! a plain `cargo test` works on a machine that has fetched nothing. With it, a missing file is a failure.

use std::path::{Path, PathBuf};

/// What the reference made of one recording. Written by `tests/tools/golden_asr.py`.
#[derive(serde::Deserialize)]
pub(crate) struct Golden {
    pub(crate) file: String,
    pub(crate) transcript: String,
    pub(crate) timestamps: GoldenTokens,
    pub(crate) plain: GoldenTokens,
    /// The same two by a search with a beam of five.
    pub(crate) beam: Option<GoldenBeam>,
    /// For multilingual models: the most probable language.
    pub(crate) language: Option<GoldenLanguage>,
}

#[derive(serde::Deserialize)]
pub(crate) struct GoldenLanguage {
    pub(crate) tag: String,
    pub(crate) probability: f32,
}

#[derive(serde::Deserialize)]
pub(crate) struct GoldenBeam {
    pub(crate) timestamps: GoldenTokens,
    pub(crate) plain: GoldenTokens,
}

#[derive(serde::Deserialize)]
pub(crate) struct GoldenTokens {
    pub(crate) prompt: Vec<u32>,
    pub(crate) tokens: Vec<u32>,
    pub(crate) text: String,
    pub(crate) avg_logprob: f32,
    pub(crate) no_speech_prob: f32,
}

fn data_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("COLLOQUY_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("not run: COLLOQUY_TEST_DATA is not set (`cargo xtask test` sets it)");
    }
    folder
}

/// The converted model whisper-tiny.en in the checkout, when tests on recordings are to run.
pub(crate) fn model_folder() -> Option<PathBuf> {
    data_folder()?;
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/whisper-tiny.en"))
}

/// The converted model whisper-base. It is optional: without it, tests of several languages say so and pass.
pub(crate) fn multilingual_folder() -> Option<PathBuf> {
    let folder = model_folder()?.with_file_name("whisper-base");
    if !folder.join("model.json").exists() {
        println!(
            "not run: models/whisper-base is not there (`cargo xtask models --with whisper-base`)"
        );
        return None;
    }
    Some(folder)
}

/// The golden tokens of whisper-tiny.en.
pub(crate) fn golden_tokens() -> Option<Vec<Golden>> {
    data_folder()?;
    Some(
        serde_json::from_str(include_str!(
            "../../../tests/golden/asr/tokens-english.json"
        ))
        .unwrap(),
    )
}

/// The golden tokens of whisper-base.
pub(crate) fn golden_multilingual() -> Vec<Golden> {
    serde_json::from_str(include_str!(
        "../../../tests/golden/asr/tokens-multilingual.json"
    ))
    .unwrap()
}

/// A recording of the test data as samples from -1 to 1, 16 kHz.
pub(crate) fn recording(file: &str) -> Option<Vec<f32>> {
    Some(
        pcm(file)?
            .iter()
            .map(|&sample| f32::from(sample) / 32_768.0)
            .collect(),
    )
}

/// A recording of the test data as 16-bit samples, 16 kHz.
pub(crate) fn pcm(file: &str) -> Option<Vec<i16>> {
    let path = data_folder()?.join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (rate, samples) =
        wav(&bytes).unwrap_or_else(|| panic!("{} is not mono 16-bit wav", path.display()));
    Some(match rate {
        16_000 => samples,
        48_000 => third(&samples),
        _ => panic!("{} has {rate} Hz", path.display()),
    })
}

/// Rate and samples of a plain wav file.
fn wav(bytes: &[u8]) -> Option<(u32, Vec<i16>)> {
    let mut rest = bytes.strip_prefix(b"RIFF")?.get(8..)?;
    let mut rate = None;
    loop {
        let (id, after) = rest.split_first_chunk::<4>()?;
        let (size, after) = after.split_first_chunk::<4>()?;
        let body = after.get(..u32::from_le_bytes(*size) as usize)?;
        match id {
            b"fmt " if body.starts_with(&[1, 0, 1, 0]) => {
                rate = Some(u32::from_le_bytes(body[4..8].try_into().ok()?))
            }
            b"data" => {
                return Some((
                    rate?,
                    body.as_chunks::<2>()
                        .0
                        .iter()
                        .map(|s| i16::from_le_bytes(*s))
                        .collect(),
                ));
            }
            _ => {}
        }
        rest = after.get(body.len().next_multiple_of(2)..)?;
    }
}

/// Every third sample after a Hann-windowed sinc low-pass at 7.2 kHz: 48 kHz to 16 kHz, good enough for speech.
fn third(samples: &[i16]) -> Vec<i16> {
    const HALF: i32 = 48;
    let tap = |offset: i32| {
        let x = f64::from(offset) * 0.3 * std::f64::consts::PI;
        let sinc = if offset == 0 { 1.0 } else { x.sin() / x };
        sinc * 0.3
            * (0.5 + 0.5 * (std::f64::consts::PI * f64::from(offset) / f64::from(HALF + 1)).cos())
    };
    let taps: Vec<f64> = (-HALF..=HALF).map(tap).collect();
    let at = |index: i64| {
        usize::try_from(index)
            .ok()
            .and_then(|index| samples.get(index))
            .map_or(0.0, |&s| f64::from(s))
    };
    (0..samples.len() / 3)
        .map(|i| {
            taps.iter()
                .zip(0..)
                .map(|(tap, k)| tap * at(3 * i as i64 + k - i64::from(HALF)))
                .sum::<f64>() as i16
        })
        .collect()
}

/// Word error rate: edits over words, both texts in lower case without punctuation, hyphens as spaces, digits as words.
pub(crate) fn word_errors(reference: &str, heard: &str) -> (usize, usize) {
    let (reference, heard) = (words(reference), words(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, expected) in reference.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, word) in heard.iter().enumerate() {
            let substituted = diagonal + usize::from(expected != word);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    (row[heard.len()], reference.len())
}

fn words(text: &str) -> Vec<String> {
    const DIGITS: [(&str, &str); 7] = [
        ("4", "four"),
        ("5", "five"),
        ("7", "seven"),
        ("8", "eight"),
        ("10", "ten"),
        ("mr", "mister"),
        ("mrs", "missus"),
    ];
    let cleaned: String = text
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '\'' {
                c
            } else {
                ' '
            }
        })
        .collect();
    let spelled = |word: &str| {
        DIGITS
            .iter()
            .find(|(digit, _)| *digit == word)
            .map_or(word, |(_, name)| name)
            .to_owned()
    };
    cleaned.split_whitespace().map(spelled).collect()
}

#[test]
fn counts_word_errors() {
    assert_eq!(word_errors("ten of clubs", "10 of Clubs."), (0, 3));
    assert_eq!(word_errors("a b c", "a c d d"), (3, 3));
    assert_eq!(word_errors("one", ""), (1, 1));
}
