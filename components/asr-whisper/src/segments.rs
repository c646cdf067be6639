//! From the tokens of one window to segments with times, and to where the next window starts.
//!
//! A transcript with timestamps reads `<0.00> text <2.40><2.40> text <5.00>`. Text after the last timestamp is unfinished: at the
//! end of speech it is a segment of its own, but where a window cuts speech it is heard again from its start in the next window.

use crate::SAMPLE_RATE;
use crate::decode::Attempt;
use crate::model::Tokens;

/// Samples between two timestamps: 20 ms.
const STEP: usize = SAMPLE_RATE / 50;
/// What follows the last timestamp of a finished transcript is heard again when it is at least this long.
const REST: usize = SAMPLE_RATE;
/// The next window starts at least this much later, so that every window makes progress.
const PROGRESS: usize = SAMPLE_RATE / 2;

/// Text between two timestamps.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Samples from the start of the window.
    pub start: usize,
    /// Samples from the start of the window; none when no timestamp followed.
    pub end: Option<usize>,
    /// Text tokens, at least one.
    pub tokens: Vec<u32>,
    /// Mean log-probability of these tokens.
    pub mean_logprob: f32,
}

/// Splits a transcript at its timestamps. Times are within the window's `length`.
#[must_use]
pub fn split(tokens: &Tokens, attempt: &Attempt, length: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut start, mut text, mut sum) = (0, Vec::new(), 0.0);
    let mut close = |start: usize, end: Option<usize>, text: &mut Vec<u32>, sum: &mut f32| {
        if !text.is_empty() {
            let mean_logprob = std::mem::take(sum) / text.len() as f32;
            pieces.push(Piece {
                start,
                end,
                tokens: std::mem::take(text),
                mean_logprob,
            });
        }
    };
    for (&token, &logprob) in attempt.tokens.iter().zip(&attempt.logprobs) {
        if tokens.is_timestamp(token) {
            let time = ((token - tokens.timestamp_begin) as usize * STEP).min(length);
            close(start, Some(time), &mut text, &mut sum);
            start = time;
        } else if tokens.is_text(token) {
            text.push(token);
            sum += logprob;
        }
    }
    close(start, None, &mut text, &mut sum);
    pieces
}

/// Where to listen again, in samples from the start of the window, when the transcript does not reach its end. Takes away the piece
/// that will be heard again. `cut`: whether speech goes on after the window.
pub fn resume(
    tokens: &Tokens,
    attempt: &Attempt,
    pieces: &mut Vec<Piece>,
    length: usize,
    cut: bool,
) -> Option<usize> {
    let last = pieces.last()?;
    let position = if cut {
        match last.end {
            // The unfinished piece is all there is: nothing would be left to show for this window.
            None if pieces.len() == 1 => return None,
            None => last.start,
            Some(end) => end,
        }
    } else {
        // Two timestamps at the end announce another segment, which did not come.
        let announced = matches!(attempt.tokens.as_slice(), [.., before, last] if tokens.is_timestamp(*before) && tokens.is_timestamp(*last));
        last.end.filter(|end| announced && end + REST <= length)?
    };
    if position < PROGRESS || position >= length {
        return None;
    }
    if last.end.is_none() {
        pieces.pop();
    }
    Some(position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Stop;
    use crate::model::tests::tokens;

    const SECOND: usize = SAMPLE_RATE;
    const LENGTH: usize = 10 * SECOND;

    /// An attempt from a readable form: numbers are text tokens, numbers in seconds are timestamps.
    fn attempt(text: &str) -> Attempt {
        let token = |word: &str| match word.strip_suffix('s') {
            Some(seconds) => {
                tokens().timestamp_begin + (seconds.parse::<f32>().unwrap() * 50.0).round() as u32
            }
            None => word.parse().unwrap(),
        };
        let tokens: Vec<u32> = text.split_whitespace().map(token).collect();
        let logprobs = tokens.iter().map(|&token| -(token as f32)).collect();
        Attempt {
            tokens,
            logprobs,
            stop: Stop::EndOfText,
            temperature: 0.0,
        }
    }

    fn pieces(text: &str) -> Vec<(usize, Option<usize>, Vec<u32>, f32)> {
        let pieces = split(&tokens(), &attempt(text), LENGTH);
        pieces
            .into_iter()
            .map(|piece| (piece.start, piece.end, piece.tokens, piece.mean_logprob))
            .collect()
    }

    #[track_caller]
    fn resumes(text: &str, cut: bool, expected: Option<usize>, left: usize) {
        let attempt = attempt(text);
        let mut pieces = split(&tokens(), &attempt, LENGTH);
        assert_eq!(
            resume(&tokens(), &attempt, &mut pieces, LENGTH, cut),
            expected
        );
        assert_eq!(pieces.len(), left);
    }

    #[test]
    fn splits_at_timestamps() {
        let first = (0, Some(2 * SECOND), vec![1, 3], -2.0);
        assert_eq!(pieces("0s 1 3 2s"), vec![first.clone()]);
        assert_eq!(
            pieces("0s 1 3 2s 2.5s 4 5s"),
            [
                first.clone(),
                (5 * SECOND / 2, Some(5 * SECOND), vec![4], -4.0)
            ]
        );
        assert_eq!(
            pieces("0s 1 3 2s 2s 4"),
            [first, (2 * SECOND, None, vec![4], -4.0)]
        );
        assert_eq!(pieces("0s"), []);
        assert_eq!(pieces(""), []);
    }

    #[test]
    fn times_stay_in_the_window_and_special_tokens_out_of_the_text() {
        assert_eq!(pieces("0s 1 12 20s"), [(0, Some(LENGTH), vec![1], -1.0)]);
    }

    #[test]
    fn a_cut_window_continues_after_its_last_whole_piece() {
        resumes("0s 1 4s 4s 5 9s", true, Some(9 * SECOND), 2);
        resumes("0s 1 4s 4s 5", true, Some(4 * SECOND), 1);
        resumes("0s 1 4s 4s", true, Some(4 * SECOND), 1);
        // Nothing whole, nothing at all, and nothing left.
        resumes("0s 1", true, None, 1);
        resumes("0s", true, None, 0);
        resumes("0s 1 10s", true, None, 1);
        resumes("0s 1 0.2s 0.2s 3", true, None, 2);
    }

    #[test]
    fn a_whole_window_is_heard_again_only_when_more_was_announced() {
        resumes("0s 1 4s 4s", false, Some(4 * SECOND), 1);
        resumes("0s 1 9.5s 9.5s", false, None, 1);
        resumes("0s 1 4s", false, None, 1);
        resumes("0s 1 4s 4s 5", false, None, 2);
    }
}
