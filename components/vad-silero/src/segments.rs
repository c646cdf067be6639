//! Final segments from speech probabilities, one frame at a time.
//!
//! The result is that of `get_speech_timestamps` in the silero-vad package 6.2.3 with its defaults for everything that
//! [`Options`](crate::options::Options) does not name (a split needs a pause of more than 98 ms and takes the longest one). The reference
//! works on a finished list; this one keeps only what can still matter, so that a stream may be endless.
//!
//! It does not emit live events ([`crate::live`] does).
//!
//! Invariants: segments are in order, do not overlap and lie within the stream; at most [`MAX_SEGMENTS`] are kept, the oldest
//! are forgotten first; what is forgotten changes nothing in what is kept.

use std::collections::VecDeque;

use crate::{SAMPLE_RATE, options::Rules};

/// Segments that a stream remembers (1 MiB). With the default options no speech fills it in less than six hours.
pub const MAX_SEGMENTS: usize = 65_536;

/// A pause must be longer than this to be a place where speech that is too long may be split: 98 ms.
const SPLITTING_PAUSE: u64 = SAMPLE_RATE as u64 * 98 / 1000;

/// A stretch of speech in samples from the start of the stream, `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The first sample.
    pub start: u64,
    /// The sample after the last.
    pub end: u64,
}

/// The state of one stream.
#[derive(Debug)]
pub struct Segmenter {
    rules: Rules,
    /// Where the speech that is going on began.
    speech: Option<u64>,
    /// Where the silence began that may end it.
    silence: Option<u64>,
    /// The longest pause within the speech that is going on. The first of equals, as Python's `max` chooses.
    pause: Option<Segment>,
    /// Ended segments, padded but for the end of the last one, which depends on what follows.
    ended: VecDeque<Segment>,
}

impl Segmenter {
    /// A stream in which nobody speaks yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            speech: None,
            silence: None,
            pause: None,
            ended: VecDeque::new(),
        }
    }

    /// Takes the probability of the frame that begins at sample `at`. Frames come in order, without gaps.
    pub fn observe(&mut self, at: u64, probability: f32) {
        let probability = f64::from(probability);
        let loud = probability >= self.rules.threshold;
        if loud && let Some(since) = self.silence.take() {
            self.remember_pause(Segment {
                start: since,
                end: at,
            });
        }
        let Some(mut start) = self.speech else {
            if loud {
                self.speech = Some(at);
            }
            return;
        };

        if self
            .rules
            .split_after
            .is_some_and(|limit| at.saturating_sub(start) as f64 > limit)
        {
            let Some(pause) = self.pause.take() else {
                // Nowhere to split well: cut here. This frame is judged by nobody, as in the reference.
                self.end_segment(start, at);
                self.speech = None;
                self.silence = None;
                return;
            };
            // The rest goes on where the pause ended. Later, shorter pauses and a silence that is going on are forgotten.
            self.end_segment(start, pause.start);
            start = pause.end;
            self.speech = Some(start);
            self.silence = None;
        }

        if probability < self.rules.neg_threshold {
            let since = *self.silence.get_or_insert(at);
            if at.saturating_sub(since) >= self.rules.min_silence {
                if since.saturating_sub(start) > self.rules.min_speech {
                    self.end_segment(start, since);
                }
                self.speech = None;
                self.silence = None;
                self.pause = None;
            }
        }
    }

    /// Ends the stream, which had `total` samples, and hands over its segments.
    pub fn finish(&mut self, total: u64) -> Vec<Segment> {
        if let Some(start) = self.speech.take()
            && total.saturating_sub(start) > self.rules.min_speech
        {
            self.end_segment(start, total);
        }
        if let Some(last) = self.ended.back_mut() {
            last.end = (last.end + self.rules.pad).min(total);
        }
        std::mem::take(&mut self.ended).into()
    }

    fn remember_pause(&mut self, pause: Segment) {
        let length = |pause: Segment| pause.end.saturating_sub(pause.start);
        if length(pause) > SPLITTING_PAUSE
            && self
                .pause
                .is_none_or(|longest| length(pause) > length(longest))
        {
            self.pause = Some(pause);
        }
    }

    /// Adds a segment and pads the gap before it: by the padding on both sides, or half of the gap where it is too short for that.
    fn end_segment(&mut self, start: u64, end: u64) {
        let pad = match self.ended.back_mut() {
            Some(previous) => {
                let gap = start.saturating_sub(previous.end);
                let pad = self.rules.pad.min(gap / 2);
                previous.end += pad;
                pad
            }
            None => self.rules.pad.min(start),
        };
        if self.ended.len() == MAX_SEGMENTS {
            self.ended.pop_front();
        }
        self.ended.push_back(Segment {
            start: start.saturating_sub(pad),
            end,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FRAME, options::Options};

    /// Plain numbers, so that expectations can be worked out by hand: no padding, no minimum of speech.
    const BARE: Options = Options {
        threshold: 0.5,
        neg_threshold: None,
        min_speech_ms: 0,
        min_silence_ms: 100,
        speech_pad_ms: 0,
        max_speech_ms: None,
    };

    /// Each character is a frame: `#` speech, `~` between the thresholds, `.` silence. Expected in frames.
    fn check(options: Options, frames: &str, expected: &[(f64, f64)]) {
        let mut segmenter = Segmenter::new(Rules::try_from(options).unwrap());
        for (frame, kind) in frames.chars().enumerate() {
            let probability = match kind {
                '#' => 0.9,
                '~' => 0.4,
                _ => 0.1,
            };
            segmenter.observe((frame * FRAME) as u64, probability);
        }
        let found: Vec<_> = segmenter
            .finish((frames.len() * FRAME) as u64)
            .iter()
            .map(|s| (s.start as f64 / FRAME as f64, s.end as f64 / FRAME as f64))
            .collect();
        assert_eq!(found, expected, "{frames}");
    }

    #[test]
    fn nothing_gives_nothing() {
        check(BARE, "", &[]);
        check(BARE, "....~~~~~~~~....", &[]);
    }

    #[test]
    fn silence_ends_speech_where_it_began() {
        check(BARE, ".###.....", &[(1.0, 4.0)]);
        check(BARE, ".###...###", &[(1.0, 10.0)]);
        check(BARE, ".###.....###", &[(1.0, 4.0), (9.0, 12.0)]);
    }

    #[test]
    fn short_speech_is_dropped() {
        // 250 ms are 7.8 frames.
        let options = Options {
            min_speech_ms: 250,
            ..BARE
        };
        check(options, ".#######.....########.....", &[(13.0, 21.0)]);
        check(options, ".#######", &[]);
    }

    #[test]
    fn padding_stops_at_the_edges_and_in_the_middle_of_a_gap() {
        // 96 ms are 3 frames; the gap of 5 is shared.
        let options = Options {
            speech_pad_ms: 96,
            ..BARE
        };
        check(options, ".##.....###..", &[(0.0, 5.5), (5.5, 13.0)]);
        check(
            options,
            ".....##..........##.........",
            &[(2.0, 10.0), (14.0, 22.0)],
        );
    }

    #[test]
    fn long_speech_without_a_pause_is_cut_and_loses_no_more_than_the_deciding_frame() {
        // 320 ms are 10 frames, of which one is reserved: a cut as soon as more than 9 are over.
        let options = Options {
            max_speech_ms: Some(320),
            ..BARE
        };
        check(
            options,
            "#########################",
            &[(0.0, 10.0), (11.0, 21.0), (22.0, 25.0)],
        );
    }

    #[test]
    fn long_speech_is_split_at_its_longest_pause() {
        let options = Options {
            max_speech_ms: Some(640),
            min_silence_ms: 1000,
            ..BARE
        };
        check(
            options,
            "###....##.....###....####",
            &[(0.0, 9.0), (14.0, 25.0)],
        );
        // Of equal pauses the first; three frames are no pause.
        check(
            options,
            "###....###....#####...#####",
            &[(0.0, 3.0), (7.0, 27.0)],
        );
    }

    #[test]
    fn old_segments_are_forgotten_and_the_rest_is_unchanged() {
        let rules = Rules::try_from(Options {
            min_silence_ms: 0,
            speech_pad_ms: 30,
            ..BARE
        })
        .unwrap();
        let frames = 2 * (MAX_SEGMENTS as u64 + 10);
        let mut segmenter = Segmenter::new(rules);
        for frame in 0..frames {
            segmenter.observe(frame * FRAME as u64, if frame % 2 == 0 { 0.9 } else { 0.1 });
        }
        let segments = segmenter.finish(frames * FRAME as u64);
        assert_eq!(segments.len(), MAX_SEGMENTS);
        // The gap is one frame: half of it on each side, so that all segments touch.
        assert_eq!(
            segments[0],
            Segment {
                start: 20 * 512 - 256,
                end: 21 * 512 + 256
            }
        );
        assert!(segments.windows(2).all(|pair| pair[0].end == pair[1].start));
    }
}
