//! Events for a live listener: speech begins at once, and ends after enough silence.
//!
//! This is the hysteresis of the reference's `VADIterator` (silero-vad 6.2.3) with two differences that the contract asks for: the
//! exit threshold comes from the options, and padding is left to the caller. Segments are decided elsewhere
//! ([`crate::segments`]): an event can neither be dropped for being short nor split for being long, since that is known too late.
//!
//! Invariant: events alternate, beginning with a start, and their samples increase.

use crate::options::Rules;

/// What a live listener wants to know at once. Samples at 16 kHz from the start of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Speech began with the frame at this sample.
    Started(u64),
    /// Speech ended before the frame at this sample.
    Stopped(u64),
}

/// The state of one stream.
#[derive(Debug)]
pub struct Live {
    rules: Rules,
    speaking: bool,
    /// The first frame of the silence that may end the speech.
    silence: Option<u64>,
}

impl Live {
    /// A stream in which nobody speaks yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            speaking: false,
            silence: None,
        }
    }

    /// Takes the probability of the frame that begins at sample `at`.
    pub fn observe(&mut self, at: u64, probability: f32) -> Option<Event> {
        let probability = f64::from(probability);
        if probability >= self.rules.threshold {
            self.silence = None;
            if !self.speaking {
                self.speaking = true;
                return Some(Event::Started(at));
            }
        }
        if probability < self.rules.neg_threshold && self.speaking {
            let since = *self.silence.get_or_insert(at);
            if at.saturating_sub(since) >= self.rules.min_silence {
                self.speaking = false;
                self.silence = None;
                return Some(Event::Stopped(since));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FRAME, options::Options};

    fn check(options: Options, probabilities: &[f32], expected: &[Event]) {
        let mut live = Live::new(Rules::try_from(options).unwrap());
        let events: Vec<_> = probabilities
            .iter()
            .enumerate()
            .filter_map(|(frame, &p)| live.observe((frame * FRAME) as u64, p))
            .collect();
        assert_eq!(events, expected);
    }

    #[test]
    fn a_stop_comes_after_the_minimum_of_silence_and_names_its_start() {
        // 100 ms are 1600 samples: the fourth frame after the first silent one is the first that is late enough.
        let probabilities = [0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1];
        check(
            Options::default(),
            &probabilities,
            &[Event::Started(512), Event::Stopped(1024)],
        );
        check(
            Options::default(),
            &probabilities[..6],
            &[Event::Started(512)],
        );
    }

    #[test]
    fn a_frame_between_the_thresholds_neither_starts_nor_resets_the_silence() {
        check(Options::default(), &[0.4; 20], &[]);
        check(
            Options::default(),
            &[0.9, 0.1, 0.4, 0.4, 0.4, 0.4, 0.1],
            &[Event::Started(0), Event::Stopped(512)],
        );
    }

    #[test]
    fn speech_resets_the_silence() {
        let probabilities = [0.9, 0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.9];
        check(Options::default(), &probabilities, &[Event::Started(0)]);
    }

    #[test]
    fn no_minimum_means_one_frame() {
        let options = Options {
            min_silence_ms: 0,
            ..Options::default()
        };
        check(
            options,
            &[0.9, 0.1, 0.9, 0.1],
            &[
                Event::Started(0),
                Event::Stopped(512),
                Event::Started(1024),
                Event::Stopped(1536),
            ],
        );
    }
}
