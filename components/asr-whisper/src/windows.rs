//! Which audio goes through the model together.
//!
//! Whisper hears at most 30 s at a time and does better on several sentences than on scraps. So the spans of speech are laid out on
//! one [`Timeline`], the silence between them shortened, and cut into [`Window`]s: as many whole spans as fit, or 30 s of a span
//! that is longer. Positions on the timeline map back to the recording.
//!
//! All positions are samples at 16 kHz. Audio outside the spans never reaches the model: gaps are filled with zeros.

use std::ops::Range;

use crate::SAMPLE_RATE;
use crate::error::Error;

/// The longest that the model hears at once.
pub const LONGEST: usize = 30 * SAMPLE_RATE;
/// Spans are put together up to this length. Less than the longest: the encoder's cost grows faster than the length, and errors with it.
const MERGED: usize = 24 * SAMPLE_RATE;
/// What is left of a pause between two spans: enough for the model to hear that there is one.
const PAUSE: usize = SAMPLE_RATE * 3 / 10;

/// A stretch of the timeline to run the model on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Positions on the timeline.
    pub range: Range<usize>,
    /// Whether speech goes on right after the end: the cut may go through a word.
    pub cut: bool,
}

/// The spans of speech one after the other.
#[derive(Debug, Clone)]
pub struct Timeline {
    spans: Vec<Placed>,
}

/// A span of the recording and its place on the timeline.
#[derive(Debug, Clone)]
struct Placed {
    source: Range<usize>,
    at: usize,
}

impl Placed {
    fn end(&self) -> usize {
        self.at + self.source.len()
    }
}

impl Timeline {
    /// Lays out spans of a recording of `samples`. No spans at all mean the whole recording.
    pub fn new(samples: usize, spans: &[Range<u64>]) -> Result<Self, Error> {
        let mut placed: Vec<Placed> = Vec::with_capacity(spans.len());
        let mut end_before = 0;
        let whole = 0..samples as u64;
        for (index, span) in if spans.is_empty() {
            std::slice::from_ref(&whole)
        } else {
            spans
        }
        .iter()
        .enumerate()
        {
            if span.start < end_before || span.end < span.start || span.end > samples as u64 {
                let why = format!(
                    "speech span {index} ({span:?}) is out of order, overlaps, or ends after the {samples} samples"
                );
                return Err(Error::InvalidInput(why));
            }
            end_before = span.end;
            // Both fit usize: they are not larger than `samples`.
            let source = span.start as usize..span.end as usize;
            let at = placed.last().map_or(0, |last| {
                last.end() + (source.start - last.source.end).min(PAUSE)
            });
            if !source.is_empty() {
                placed.push(Placed { source, at });
            }
        }
        Ok(Self { spans: placed })
    }

    /// The next window from a position on; none after the last span.
    #[must_use]
    pub fn window(&self, from: usize) -> Option<Window> {
        let mut rest = self.spans.iter().skip_while(|span| span.end() <= from);
        let first = rest.next()?;
        let start = from.max(first.at);
        if first.end() - start > LONGEST {
            return Some(Window {
                range: start..start + LONGEST,
                cut: true,
            });
        }
        let last = rest
            .take_while(|span| span.end() - start <= MERGED)
            .last()
            .unwrap_or(first);
        Some(Window {
            range: start..last.end(),
            cut: false,
        })
    }

    /// The audio of a stretch of the timeline, from -1 to 1.
    #[must_use]
    pub fn audio(&self, recording: &[i16], range: &Range<usize>) -> Vec<f32> {
        let mut audio = vec![0.0; range.len()];
        for span in &self.spans {
            let shared = range.start.max(span.at)..range.end.min(span.end());
            if shared.is_empty() {
                continue;
            }
            let source = recording
                .iter()
                .skip(span.source.start + shared.start - span.at);
            let target = audio
                .iter_mut()
                .skip(shared.start - range.start)
                .take(shared.len());
            target
                .zip(source)
                .for_each(|(target, &sample)| *target = f32::from(sample) / 32_768.0);
        }
        audio
    }

    /// Where in the recording something starts: a position in a pause belongs to the span after it.
    #[must_use]
    pub fn start_in_recording(&self, position: usize) -> usize {
        let span = self.spans.iter().find(|span| position < span.end());
        let inside = |span: &Placed| span.source.start + position.saturating_sub(span.at);
        span.map(inside)
            .or_else(|| self.spans.last().map(|last| last.source.end))
            .unwrap_or(0)
    }

    /// Where in the recording something ends: a position in a pause belongs to the span before it.
    #[must_use]
    pub fn end_in_recording(&self, position: usize) -> usize {
        let span = self
            .spans
            .iter()
            .rfind(|span| span.at < position)
            .or(self.spans.first());
        span.map_or(0, |span| {
            (span.source.start + position.saturating_sub(span.at)).min(span.source.end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: usize = SAMPLE_RATE;

    /// A timeline of spans in seconds, in a recording of 200 s.
    fn timeline(spans: &[(usize, usize)]) -> Timeline {
        let spans: Vec<_> = spans
            .iter()
            .map(|(start, end)| (start * SECOND) as u64..(end * SECOND) as u64)
            .collect();
        Timeline::new(200 * SECOND, &spans).unwrap()
    }

    fn windows(timeline: &Timeline) -> Vec<Window> {
        let mut position = 0;
        std::iter::from_fn(|| {
            timeline
                .window(position)
                .inspect(|window| position = window.range.end)
        })
        .collect()
    }

    #[test]
    fn short_spans_share_a_window_and_keep_a_short_pause() {
        let timeline = timeline(&[(1, 6), (20, 30), (60, 65), (70, 73)]);
        let pause = PAUSE;
        let second = 23 * SECOND + 3 * pause;
        assert_eq!(
            windows(&timeline),
            [Window {
                range: 0..second,
                cut: false
            }]
        );
        assert_eq!(timeline.start_in_recording(0), SECOND);
        assert_eq!(timeline.end_in_recording(5 * SECOND), 6 * SECOND);
        // In the pause after the first span, and past everything.
        assert_eq!(timeline.start_in_recording(5 * SECOND + 10), 20 * SECOND);
        assert_eq!(timeline.end_in_recording(5 * SECOND + 10), 6 * SECOND);
        assert_eq!(timeline.end_in_recording(500 * SECOND), 73 * SECOND);
        assert_eq!(timeline.start_in_recording(500 * SECOND), 73 * SECOND);
        // 2 s into the third span.
        assert_eq!(
            timeline.start_in_recording(17 * SECOND + 2 * pause),
            62 * SECOND
        );
    }

    #[test]
    fn windows_never_cut_a_span_that_fits() {
        let timeline = timeline(&[(0, 20), (25, 35), (40, 69), (70, 71)]);
        let lengths: Vec<_> = windows(&timeline)
            .iter()
            .map(|window| (window.range.len() / SECOND, window.cut))
            .collect();
        assert_eq!(lengths, [(20, false), (10, false), (29, false), (1, false)]);
    }

    #[test]
    fn long_spans_are_cut_and_continued_from_any_position() {
        let timeline = timeline(&[(0, 70), (80, 81)]);
        assert_eq!(
            timeline.window(0),
            Some(Window {
                range: 0..30 * SECOND,
                cut: true
            })
        );
        assert_eq!(
            timeline.window(28 * SECOND),
            Some(Window {
                range: 28 * SECOND..58 * SECOND,
                cut: true
            })
        );
        assert_eq!(
            timeline.window(58 * SECOND),
            Some(Window {
                range: 58 * SECOND..71 * SECOND + PAUSE,
                cut: false
            })
        );
        assert_eq!(timeline.window(71 * SECOND + PAUSE), None);
    }

    #[test]
    fn only_speech_is_heard() {
        let recording: Vec<i16> = (0..1000).collect();
        let timeline = Timeline::new(1000, &[10..20, 25..30]).unwrap();
        let heard = timeline
            .audio(&recording, &(5..18))
            .iter()
            .map(|v| v * 32_768.0)
            .collect::<Vec<_>>();
        assert_eq!(
            heard,
            [
                15.0, 16.0, 17.0, 18.0, 19.0, 0.0, 0.0, 0.0, 0.0, 0.0, 25.0, 26.0, 27.0
            ]
        );
    }

    #[test]
    fn no_spans_mean_everything_and_nothing_has_no_window() {
        let whole = Timeline::new(SECOND, &[]).unwrap();
        assert_eq!(
            whole.window(0),
            Some(Window {
                range: 0..SECOND,
                cut: false
            })
        );
        assert_eq!(Timeline::new(0, &[]).unwrap().window(0), None);
        let empty = Range { start: 3, end: 3 };
        assert_eq!(Timeline::new(9, &[empty]).unwrap().window(0), None);
    }

    #[test]
    fn wrong_spans_are_named() {
        let wrong: [&[(u64, u64)]; 5] = [
            &[(5, 4)],
            &[(0, 11)],
            &[(3, 5), (4, 6)],
            &[(5, 6), (1, 2)],
            &[(u64::MAX, u64::MAX)],
        ];
        for spans in wrong {
            let spans: Vec<_> = spans.iter().map(|&(start, end)| start..end).collect();
            let error = Timeline::new(10, &spans).unwrap_err();
            assert!(matches!(error, Error::InvalidInput(text) if text.starts_with("speech span")));
        }
    }
}
