//! One stream of audio: samples in any chunking go in, events, probabilities and segments come out.
//!
//! It cuts the samples into frames, runs the model on as many at once as there are, and feeds each probability to [`Live`] and
//! [`Segmenter`]. It has no opinion of its own about what speech is.
//!
//! Invariants: every complete frame is judged within the `push` that completes it (a live listener waits for nothing), so cutting
//! the audio differently changes neither probabilities nor segments; memory is bounded by [`MAX_PUSH`], [`BATCH`],
//! [`MAX_PROBABILITIES`] and [`MAX_SEGMENTS`](crate::segments::MAX_SEGMENTS), whatever the length of the stream.

use std::{collections::VecDeque, rc::Rc};

use crate::{
    FRAME,
    live::{Event, Live},
    model::{CONTEXT, ModelError, Silero, State, WINDOW},
    options::Rules,
    segments::{Segment, Segmenter},
};

/// Frames that go through the model at once at most, about one second. From 1 to 32 a frame gets 2.4 times cheaper, beyond that a tenth.
pub const BATCH: usize = 32;

/// Samples that one push may bring (ten minutes), so that one call cannot hold the instance for long.
pub const MAX_PUSH: usize = 600 * crate::SAMPLE_RATE as usize;

/// Probabilities that wait to be taken (about 70 minutes, 512 KiB); beyond that the oldest are forgotten.
pub const MAX_PROBABILITIES: usize = 131_072;

/// Why a stream could not take samples or end.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    /// The stream was finished before.
    #[error("the stream was finished, open another one")]
    Finished,
    /// More samples at once than a push may bring.
    #[error("{0} samples in one push, at most {MAX_PUSH} are possible")]
    PushTooLong(usize),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// One stream of audio with its own state.
#[derive(Debug)]
pub struct Detector {
    model: Rc<Silero>,
    state: State,
    /// The last [`CONTEXT`] samples before the next frame, then the samples of that frame which are there already.
    samples: Vec<f32>,
    /// Samples pushed so far.
    pushed: u64,
    /// Where the next frame begins.
    next_frame: u64,
    live: Live,
    segmenter: Segmenter,
    probabilities: Waiting,
    /// The result, once the stream is finished.
    finished: Option<Vec<Segment>>,
}

impl Detector {
    /// Starts a stream.
    pub fn new(model: Rc<Silero>, rules: Rules) -> Self {
        Self {
            model,
            state: State::default(),
            samples: vec![0.0; CONTEXT],
            pushed: 0,
            next_frame: 0,
            live: Live::new(rules),
            segmenter: Segmenter::new(rules),
            probabilities: Waiting::default(),
            finished: None,
        }
    }

    /// Adds mono samples at 16 kHz and returns what became certain, in order.
    ///
    /// # Errors
    /// Every case of [`DetectorError`]. Nothing was taken when the caller is at fault; after a failure of the
    /// model part of the push is lost and the stream is of no more use.
    pub fn push(&mut self, samples: &[i16]) -> Result<Vec<Event>, DetectorError> {
        if self.finished.is_some() {
            return Err(DetectorError::Finished);
        }
        if samples.len() > MAX_PUSH {
            return Err(DetectorError::PushTooLong(samples.len()));
        }
        let mut events = Vec::new();
        for part in samples.chunks(BATCH * FRAME) {
            self.samples
                .extend(part.iter().map(|&sample| f32::from(sample) / 32_768.0));
            self.pushed += part.len() as u64;
            self.judge(&mut events)?;
        }
        Ok(events)
    }

    /// Ends the stream and returns its segments; the last, incomplete frame is filled up with zeros. The events of that frame are
    /// lost: the segments tell more. A second call returns the same segments.
    ///
    /// # Errors
    /// [`DetectorError::Model`].
    pub fn finish(&mut self) -> Result<&[Segment], DetectorError> {
        let tail = self.samples.len().saturating_sub(CONTEXT) % FRAME;
        if tail > 0 {
            self.samples.resize(self.samples.len() + FRAME - tail, 0.0);
        }
        self.judge(&mut Vec::new())?;
        Ok(self
            .finished
            .get_or_insert_with(|| self.segmenter.finish(self.pushed)))
    }

    /// The probability of each frame since the last call, oldest first; the newest [`MAX_PROBABILITIES`] of them.
    pub fn take_probabilities(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.probabilities.0).into()
    }

    /// Judges the frames that are complete.
    fn judge(&mut self, events: &mut Vec<Event>) -> Result<(), ModelError> {
        let windows: Vec<&[f32]> = self.samples.windows(WINDOW).step_by(FRAME).collect();
        if windows.is_empty() {
            return Ok(());
        }
        let probabilities = self.model.run(&mut self.state, &windows.concat())?;
        self.samples.drain(..probabilities.len() * FRAME);
        for probability in probabilities {
            events.extend(self.live.observe(self.next_frame, probability));
            self.segmenter.observe(self.next_frame, probability);
            self.probabilities.push(probability);
            self.next_frame += FRAME as u64;
        }
        Ok(())
    }
}

/// Probabilities that nobody has taken yet.
#[derive(Debug, Default)]
struct Waiting(VecDeque<f32>);

impl Waiting {
    fn push(&mut self, probability: f32) {
        if self.0.len() == MAX_PROBABILITIES {
            self.0.pop_front();
        }
        self.0.push_back(probability);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_probabilities_that_nobody_takes_the_oldest_are_forgotten() {
        let mut waiting = Waiting::default();
        for index in 0..MAX_PROBABILITIES + 3 {
            waiting.push(index as f32);
        }
        assert_eq!(waiting.0.len(), MAX_PROBABILITIES);
        assert_eq!(waiting.0.front(), Some(&3.0));
        assert_eq!(waiting.0.back(), Some(&(MAX_PROBABILITIES as f32 + 2.0)));
    }
}
