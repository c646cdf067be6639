//! Signs that a transcript is made up.
//!
//! Whisper fails in a few ways that can be seen in its output alone: it repeats itself, it never ends, or it is unsure of every
//! token. The thresholds for the first and last are those of openai/whisper; the limit on the number of tokens and the search for
//! repetition while decoding were measured on this implementation, because a loop costs a second of computing before the
//! compression ratio could show it.

use super::{Attempt, Stop};

/// Text that zlib makes this many times smaller repeats itself.
const HIGHEST_COMPRESSION: f32 = 2.4;
/// Lowest mean log-probability of a transcript worth believing.
const LOWEST_MEAN_LOGPROB: f32 = -1.0;
/// Nobody speaks more tokens in a second; fast speech has about 6.
const TOKENS_PER_SECOND: f32 = 12.0;
/// Room for timestamps and short exclamations.
const TOKENS_AT_LEAST: f32 = 24.0;
/// A loop is this many equal stretches in a row that have at least [`LOOP_TOKENS`] tokens together.
const LOOP_TIMES: usize = 4;
const LOOP_TOKENS: usize = 16;
/// Longest stretch that is looked for.
const LOOP_LONGEST: usize = 12;
/// zlib's default level, as the threshold was chosen with it.
const ZLIB_LEVEL: u8 = 6;

/// Most tokens that `seconds` of speech can have.
#[must_use]
pub fn most_tokens(seconds: f32) -> usize {
    (seconds * TOKENS_PER_SECOND + TOKENS_AT_LEAST) as usize
}

/// Whether an attempt, its text given, can be believed.
#[must_use]
pub fn believable(attempt: &Attempt, text: &str) -> bool {
    attempt.stop == Stop::EndOfText
        && !repetitive(text)
        && attempt.mean_logprob() >= LOWEST_MEAN_LOGPROB
}

/// Whether a text compresses too well to be speech.
#[must_use]
pub fn repetitive(text: &str) -> bool {
    let compressed = miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), ZLIB_LEVEL);
    text.len() as f32 / compressed.len() as f32 > HIGHEST_COMPRESSION
}

/// Whether the tokens end in a loop.
#[must_use]
pub fn repeats(tokens: &[u32]) -> bool {
    (1..=LOOP_LONGEST).any(|length| {
        let span = length * LOOP_TIMES.max(LOOP_TOKENS.div_ceil(length));
        // A tail is periodic when it equals itself shifted by one period.
        tokens
            .len()
            .checked_sub(span)
            .and_then(|start| tokens.get(start..))
            .is_some_and(|tail| {
                tail.iter()
                    .zip(tail.iter().skip(length))
                    .all(|(token, shifted)| token == shifted)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_loops_of_any_length_and_nothing_else() {
        assert!(repeats(&[7; 16]));
        assert!(!repeats(&[7; 15]));
        assert!(repeats(&[
            1, 9, 5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 8
        ]));
        assert!(!repeats(&[5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 9]));
        let sentence: Vec<u32> = (0..12).collect();
        assert!(repeats(&sentence.repeat(4)));
        assert!(!repeats(&sentence.repeat(3)));
        assert!(!repeats(&[]));
    }

    #[test]
    fn speech_is_not_repetitive_and_loops_are() {
        assert!(!repetitive(
            "Ever tried, ever failed. No matter, try again. Fail again. Fail better."
        ));
        assert!(!repetitive(""));
        assert!(repetitive(&"Thank you very much. ".repeat(10)));
    }

    #[test]
    fn each_sign_alone_is_enough() {
        let good = Attempt {
            tokens: vec![1, 2],
            logprobs: vec![-0.5, -0.7, -0.1],
            stop: Stop::EndOfText,
            temperature: 0.0,
        };
        assert!(believable(&good, "fine"));
        assert!(!believable(
            &Attempt {
                stop: Stop::Limit,
                ..good.clone()
            },
            "fine"
        ));
        assert!(!believable(
            &Attempt {
                logprobs: vec![-1.5],
                ..good.clone()
            },
            "fine"
        ));
        assert!(!believable(&good, &"la ".repeat(99)));
    }
}
