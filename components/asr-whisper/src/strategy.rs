//! How much work a transcript may take: which search finds it, and when it is heard again.
//!
//! The caller names a strategy with each call; the width of the search is a setting of the stage. Which model answers is the host's
//! choice, made before this stage is asked.

use crate::decode::{Attempt, Stop, guard};
use crate::error::Error;

/// The setting that gives the beam of [`Strategy::High`].
pub const BEAM: &str = "ASR_BEAM";
/// What the setting is where there is none: openai/whisper and faster-whisper take five.
pub const USUAL_BEAM: usize = 5;
/// The widest beam. Each hypothesis takes a decoder step of its own, and the memory of one.
pub const WIDEST_BEAM: usize = 8;

/// What matters more, the time or the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Greedy, and heard again only where decoding had to be cut off: a loop is no text.
    Fast,
    /// Greedy, and heard again where the text is doubtful.
    #[default]
    Balanced,
    /// A search over this many hypotheses, and heard again where the text is doubtful.
    High {
        /// From 1, which is greedy, to [`WIDEST_BEAM`].
        beam: usize,
    },
}

impl Strategy {
    /// How many hypotheses are followed at temperature 0. Above it tokens are sampled, as in openai/whisper.
    #[must_use]
    pub fn beam(self) -> usize {
        match self {
            Self::Fast | Self::Balanced => 1,
            Self::High { beam } => beam,
        }
    }

    /// Whether an attempt, its text given, is good enough to be the last.
    #[must_use]
    pub fn accepts(self, attempt: &Attempt, text: &str) -> bool {
        match self {
            Self::Fast => attempt.stop == Stop::EndOfText,
            Self::Balanced | Self::High { .. } => guard::believable(attempt, text),
        }
    }
}

/// The beam that a setting asks for.
pub fn beam(setting: Option<&str>) -> Result<usize, Error> {
    let Some(text) = setting.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(USUAL_BEAM);
    };
    text.parse()
        .ok()
        .filter(|beam| (1..=WIDEST_BEAM).contains(beam))
        .ok_or_else(|| {
            Error::Unavailable(format!(
                "{BEAM} must be a number from 1 to {WIDEST_BEAM}, is `{text}`"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(stop: Stop, logprob: f32) -> Attempt {
        Attempt {
            tokens: vec![1],
            logprobs: vec![logprob],
            stop,
            temperature: 0.0,
        }
    }

    #[test]
    fn only_high_searches_and_only_fast_takes_what_is_doubtful() {
        let high = Strategy::High { beam: 5 };
        let strategies = [Strategy::Fast, Strategy::Balanced, high];
        assert_eq!(strategies.map(Strategy::beam), [1, 1, 5]);
        let accepts = |attempt: &Attempt, text: &str| {
            strategies.map(|strategy| strategy.accepts(attempt, text))
        };
        let sure = attempt(Stop::EndOfText, -0.2);
        assert_eq!(accepts(&sure, "fine"), [true; 3]);
        assert_eq!(accepts(&sure, &"la ".repeat(99)), [true, false, false]);
        let unsure = attempt(Stop::EndOfText, -1.5);
        assert_eq!(accepts(&unsure, "fine"), [true, false, false]);
        for stop in [Stop::Limit, Stop::Repetition] {
            assert_eq!(accepts(&attempt(stop, -0.2), "fine"), [false; 3]);
        }
    }

    #[test]
    fn a_beam_has_limits() {
        assert_eq!(beam(None), Ok(5));
        assert_eq!(beam(Some("")), Ok(5));
        assert_eq!(beam(Some(" 1 ")), Ok(1));
        assert_eq!(beam(Some("8")), Ok(8));
        for wrong in ["0", "9", "-1", "five", "2.5", "99999999999999999999"] {
            let why = format!("ASR_BEAM must be a number from 1 to 8, is `{wrong}`");
            assert_eq!(beam(Some(wrong)), Err(Error::Unavailable(why)));
        }
    }
}
