//! The options of a stream: what a caller may ask for, checked once and turned into the numbers that the algorithms use.
//!
//! Invariant: a [`Rules`] exists only for options that passed every check, so nothing downstream checks again.

use crate::{FRAME, SAMPLE_RATE};

/// Samples in a millisecond.
const PER_MS: u64 = SAMPLE_RATE as u64 / 1000;

/// The longest minimum of speech or silence that can be asked for, in milliseconds.
pub const MAX_MINIMUM_MS: u32 = 60_000;

/// The longest padding that can be asked for, in milliseconds.
pub const MAX_PAD_MS: u32 = 10_000;

/// The lowest threshold. Below it the exit threshold that is used by default would lie above the entry threshold.
pub const MIN_THRESHOLD: f32 = 0.01;

/// How probabilities become events and segments. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// A frame at or above this probability starts speech.
    pub threshold: f32,
    /// A frame below this probability may end speech; `None` means `threshold - 0.15`, at least 0.01.
    pub neg_threshold: Option<f32>,
    /// Speech that is not longer than this is dropped.
    pub min_speech_ms: u32,
    /// Silence that ends a segment.
    pub min_silence_ms: u32,
    /// Added to both sides of a segment without overlapping its neighbours.
    pub speech_pad_ms: u32,
    /// Longer speech is split at its longest pause; `None` means no limit.
    pub max_speech_ms: Option<u32>,
}

impl Default for Options {
    /// The defaults of `get_speech_timestamps` in the silero-vad package 6.2.3.
    fn default() -> Self {
        Self {
            threshold: 0.5,
            neg_threshold: None,
            min_speech_ms: 250,
            min_silence_ms: 100,
            speech_pad_ms: 30,
            max_speech_ms: None,
        }
    }
}

/// Why options were refused.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum OptionsError {
    /// Not a number, or outside `MIN_THRESHOLD..=1`.
    #[error("threshold is {0}, expected {MIN_THRESHOLD} to 1")]
    Threshold(f32),
    /// Not a number, negative, or above the threshold, which would make the hysteresis oscillate.
    #[error("neg-threshold is {neg}, expected 0 to the threshold {threshold}")]
    NegThreshold {
        /// The value that was refused.
        neg: f32,
        /// The threshold it came with.
        threshold: f32,
    },
    /// A minimum or the padding is longer than its limit.
    #[error("{name} is {value}, at most {limit} is possible")]
    TooLong {
        /// The option, spelled as in the WIT.
        name: &'static str,
        /// The value that was refused.
        value: u32,
        /// The largest value that is accepted.
        limit: u32,
    },
    /// A maximum that leaves no room for speech between the padding of both sides.
    #[error("max-speech-ms is {value}, at least {least} is needed with this speech-pad-ms")]
    MaxSpeech {
        /// The value that was refused.
        value: u32,
        /// The smallest value that is accepted with this padding.
        least: u32,
    },
}

/// Checked options in the units of the algorithms: probabilities in double precision, times in samples.
///
/// The arithmetic is that of the reference, which holds probabilities and times in Python floats (doubles): rounding
/// differently would move a comparison that is decided by equality.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    pub(crate) threshold: f64,
    pub(crate) neg_threshold: f64,
    pub(crate) min_speech: u64,
    pub(crate) min_silence: u64,
    pub(crate) pad: u64,
    /// Speech longer than this at the start of a frame is split. Smaller than what was asked for by one frame and both
    /// paddings, so that the padded segment keeps to the limit. Not always an integer, see above.
    pub(crate) split_after: Option<f64>,
}

impl TryFrom<Options> for Rules {
    type Error = OptionsError;

    fn try_from(options: Options) -> Result<Self, OptionsError> {
        let threshold = options.threshold;
        // Written so that a NaN fails too.
        if !(MIN_THRESHOLD..=1.0).contains(&threshold) {
            return Err(OptionsError::Threshold(threshold));
        }
        if let Some(neg) = options.neg_threshold
            && !(0.0..=threshold).contains(&neg)
        {
            return Err(OptionsError::NegThreshold { neg, threshold });
        }
        for (name, value, limit) in [
            ("min-speech-ms", options.min_speech_ms, MAX_MINIMUM_MS),
            ("min-silence-ms", options.min_silence_ms, MAX_MINIMUM_MS),
            ("speech-pad-ms", options.speech_pad_ms, MAX_PAD_MS),
        ] {
            if value > limit {
                return Err(OptionsError::TooLong { name, value, limit });
            }
        }
        // Two frames: with one, what is left after the padding would be shorter than a frame and every frame a segment.
        let least = 2 * options.speech_pad_ms + 2 * (FRAME as u64 / PER_MS) as u32;
        if let Some(value) = options.max_speech_ms
            && value < least
        {
            return Err(OptionsError::MaxSpeech { value, least });
        }

        let pad = u64::from(options.speech_pad_ms) * PER_MS;
        let split_after = options.max_speech_ms.map(|ms| {
            let seconds = f64::from(ms) / 1000.0;
            f64::from(SAMPLE_RATE) * seconds - FRAME as f64 - 2.0 * pad as f64
        });
        Ok(Self {
            threshold: f64::from(threshold),
            neg_threshold: match options.neg_threshold {
                Some(neg) => f64::from(neg),
                None => (f64::from(threshold) - 0.15).max(0.01),
            },
            min_speech: u64::from(options.min_speech_ms) * PER_MS,
            min_silence: u64::from(options.min_silence_ms) * PER_MS,
            pad,
            split_after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Options)) -> Result<Rules, OptionsError> {
        let mut options = Options::default();
        change(&mut options);
        Rules::try_from(options)
    }

    #[test]
    fn defaults_are_those_of_the_reference() {
        let rules = check(|_| ()).unwrap();
        assert_eq!(
            rules,
            Rules {
                threshold: 0.5,
                neg_threshold: 0.35,
                min_speech: 4000,
                min_silence: 1600,
                pad: 480,
                split_after: None
            }
        );
    }

    #[test]
    fn exit_threshold_has_a_floor() {
        assert_eq!(check(|o| o.threshold = 0.1).unwrap().neg_threshold, 0.01);
        assert_eq!(
            check(|o| o.threshold = MIN_THRESHOLD)
                .unwrap()
                .neg_threshold,
            0.01
        );
    }

    #[test]
    fn a_limit_leaves_room_for_padding_and_the_frame_that_decides() {
        let rules = check(|o| o.max_speech_ms = Some(20_000)).unwrap();
        assert_eq!(rules.split_after, Some(320_000.0 - 512.0 - 960.0));
    }

    #[test]
    fn bad_values_are_named() {
        for threshold in [0.0, -0.5, 1.01, f32::NAN, f32::INFINITY] {
            let text = check(|o| o.threshold = threshold).unwrap_err().to_string();
            assert!(text.starts_with("threshold is "), "{text}");
        }
        for neg in [-0.1, 0.6, f32::NAN] {
            let text = check(|o| o.neg_threshold = Some(neg))
                .unwrap_err()
                .to_string();
            assert!(text.starts_with("neg-threshold is "), "{text}");
        }
        let text = check(|o| o.min_silence_ms = u32::MAX)
            .unwrap_err()
            .to_string();
        assert_eq!(
            text,
            "min-silence-ms is 4294967295, at most 60000 is possible"
        );
        assert!(check(|o| o.min_speech_ms = MAX_MINIMUM_MS + 1).is_err());
        assert!(check(|o| o.speech_pad_ms = MAX_PAD_MS + 1).is_err());
        let text = check(|o| o.max_speech_ms = Some(123))
            .unwrap_err()
            .to_string();
        assert_eq!(
            text,
            "max-speech-ms is 123, at least 124 is needed with this speech-pad-ms"
        );
        assert!(check(|o| o.max_speech_ms = Some(124)).is_ok());
        assert!(check(|o| o.max_speech_ms = Some(u32::MAX)).is_ok());
    }
}
