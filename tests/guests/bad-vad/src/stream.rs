//! One stream: how loud each frame is, and the segments that follow from it.

use crate::bindings::exports::colloquy::vad::vad::{Event, Options, Segment};

const FRAME: usize = 512;
const PER_MS: u64 = 16;
/// The level that certainly is speech, as a root mean square of samples.
const LOUD: f64 = 600.0;

#[derive(Default)]
pub(crate) struct Stream {
    enter: f32,
    leave: f32,
    min_speech: u64,
    min_silence: u64,
    pad: u64,
    max_speech: Option<u64>,
    rest: Vec<i16>,
    pushed: u64,
    frame: u64,
    speaking: Option<u64>,
    quiet_since: Option<u64>,
    segments: Vec<Segment>,
    pub(crate) events: Vec<Event>,
    pub(crate) probabilities: Vec<f32>,
    pub(crate) finished: Option<Vec<Segment>>,
}

impl Stream {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            enter: options.threshold,
            leave: options
                .neg_threshold
                .unwrap_or((options.threshold - 0.15).max(0.01)),
            min_speech: u64::from(options.min_speech_ms) * PER_MS,
            min_silence: u64::from(options.min_silence_ms) * PER_MS,
            pad: u64::from(options.speech_pad_ms) * PER_MS,
            max_speech: options.max_speech_ms.map(|ms| u64::from(ms) * PER_MS),
            ..Self::default()
        }
    }

    pub(crate) fn push(&mut self, samples: &[i16]) {
        self.pushed += samples.len() as u64;
        self.rest.extend_from_slice(samples);
        let rest = std::mem::take(&mut self.rest);
        let frames = rest.chunks_exact(FRAME);
        self.rest = frames.remainder().to_vec();
        frames.for_each(|frame| self.judge(frame));
    }

    /// Completes the last frame with zeros.
    pub(crate) fn fill_up(&mut self) {
        if !self.rest.is_empty() {
            let mut frame = std::mem::take(&mut self.rest);
            frame.resize(FRAME, 0);
            self.judge(&frame);
        }
    }

    fn judge(&mut self, frame: &[i16]) {
        let power: f64 = frame.iter().map(|&sample| f64::from(sample).powi(2)).sum();
        let loudness = ((power / FRAME as f64).sqrt() / LOUD).min(1.0) as f32;
        self.probabilities.push(loudness);
        let (start, end) = (self.frame * FRAME as u64, (self.frame + 1) * FRAME as u64);
        self.frame += 1;
        let Some(since) = self.speaking else {
            if loudness >= self.enter {
                self.speaking = Some(start);
                self.events.push(Event::SpeechStarted(start));
            }
            return;
        };
        if loudness < self.leave {
            let quiet = *self.quiet_since.get_or_insert(start);
            if end - quiet >= self.min_silence {
                self.keep(since, quiet);
                self.events.push(Event::SpeechStopped(quiet));
                (self.speaking, self.quiet_since) = (None, None);
                return;
            }
        } else if loudness >= self.enter {
            self.quiet_since = None;
        }
        if self.max_speech.is_some_and(|most| end - since >= most) {
            self.keep(since, end);
            (self.speaking, self.quiet_since) = (Some(end), None);
        }
    }

    fn keep(&mut self, start: u64, end: u64) {
        if end > start && end - start >= self.min_speech {
            self.segments.push(Segment {
                start_sample: start,
                end_sample: end,
            });
        }
    }

    pub(crate) fn finish(&mut self) -> Vec<Segment> {
        if let Some(segments) = &self.finished {
            return segments.clone();
        }
        self.fill_up();
        if let Some(since) = self.speaking {
            self.keep(since, self.pushed);
        }
        let bare = std::mem::take(&mut self.segments);
        let mut padded = Vec::with_capacity(bare.len());
        let mut before = 0;
        for (at, segment) in bare.iter().enumerate() {
            let end = segment.end_sample.min(self.pushed);
            // Half of a pause belongs to each of its neighbours.
            let next = bare
                .get(at + 1)
                .map_or(self.pushed, |next| end + (next.start_sample - end) / 2);
            let segment = Segment {
                start_sample: segment.start_sample.saturating_sub(self.pad).max(before),
                end_sample: end.saturating_add(self.pad).min(next),
            };
            before = segment.end_sample;
            padded.push(segment);
        }
        self.finished = Some(padded.clone());
        padded
    }
}
