//! The first half of a turn: encoded audio in, an utterance out.
//!
//! Bytes go to the decoder as they arrive. After [`Utterance::finish`] the machine pulls samples, feeds the detector and hands the
//! speech to the recogniser. One call of [`Utterance::pull`] does no more stage work than the next event needs.
//!
//! Invariants: `Done` is last and then nothing follows; after a failure every call repeats it, and by then all stage resources are
//! dropped; silence never reaches the recogniser.

use std::{collections::VecDeque, mem, time::Duration};

use crate::{
    contract::{
        Error, Span, Stage, asr,
        ingest::{Format, Limits, Rejection},
        listen::{Event, Options},
        vad,
    },
    ports::{Asr, Clock, Decoder, Detector, Events, Ingest, Result, Transcription, Vad, timed},
    words::{named, stage},
};

mod failure;
mod said;
mod telling;

use failure::{Failure, failed, misuse, refused};

/// Everything this half needs.
pub trait Stages: Ingest + Vad + Asr + Events + Clock {}
impl<T: Ingest + Vad + Asr + Events + Clock> Stages for T {}

/// Samples in a millisecond at 16 kHz.
const SAMPLES_PER_MS: u64 = 16;

/// The reference values of Silero, except for longer pauses and wider margins: a pause inside a sentence should not cut it in two, and
/// the recogniser wants the soft beginnings and ends of words. 20 s is the longest stretch that it hears in one window.
const DETECTION: vad::Options = vad::Options {
    threshold: 0.5,
    neg_threshold: None,
    min_speech_ms: 250,
    min_silence_ms: 600,
    speech_pad_ms: 200,
    max_speech_ms: Some(20_000),
};

/// What `api.md` promises for uploads: 8 to 48 kHz and more (which is resampled as well), mono or stereo. Surround recordings are
/// accepted too, because mixing them down costs nothing.
const MIN_SAMPLE_RATE_HZ: u32 = 8_000;
const MAX_SAMPLE_RATE_HZ: u32 = 192_000;
const MAX_CHANNELS: u16 = 8;

/// Describes the stages of this half.
///
/// # Errors
/// The error of the first stage that is not ready, its text beginning with the stage.
pub fn describe<S: Stages + ?Sized>(stages: &S) -> Result<Vec<Stage>> {
    Ok(vec![
        stage("ingest", stages.ingest_info())?,
        stage("vad", stages.vad_info())?,
        stage("asr", stages.asr_info())?,
    ])
}

/// Where the work is.
enum Phase {
    /// Bytes arrive.
    Receiving(Box<dyn Decoder>),
    /// Samples go from the decoder to the detector.
    Decoding {
        decoder: Box<dyn Decoder>,
        detector: Box<dyn Detector>,
        samples: Vec<i16>,
        speaking: bool,
    },
    /// The recogniser works.
    Transcribing {
        transcription: Box<dyn Transcription>,
        segments: Vec<asr::Segment>,
        spoken: Spoken,
    },
    /// Everything has been said.
    Finished,
    /// A stage failed, or the caller broke the contract.
    Failed(Failure),
}

/// How much audio there was, and how much of it speech.
#[derive(Clone, Copy)]
struct Spoken {
    duration_ms: u32,
    speech_ms: u32,
}

#[derive(Default)]
struct Spent {
    ingest: Duration,
    vad: Duration,
    asr: Duration,
}

/// One utterance in the making. Dropping it cancels the work.
pub struct Utterance<S: Stages> {
    stages: S,
    options: Options,
    phase: Phase,
    queue: VecDeque<Event>,
    format: String,
    spent: Spent,
}

impl<S: Stages> Utterance<S> {
    /// Starts one utterance.
    ///
    /// # Errors
    /// What `ingest` says to the limits.
    pub fn open(stages: S, options: Options) -> Result<Self> {
        let mut spent = Spent::default();
        let limits = Limits {
            max_bytes: options.max_bytes,
            min_duration_ms: options.min_duration_ms,
            max_duration_ms: options.max_duration_ms,
            min_sample_rate_hz: MIN_SAMPLE_RATE_HZ,
            max_sample_rate_hz: MAX_SAMPLE_RATE_HZ,
            max_channels: MAX_CHANNELS,
        };
        let decoder = timed(&stages, &mut spent.ingest, || stages.open_decoder(limits))
            .map_err(|e| named("ingest", e))?;
        Ok(Self {
            stages,
            options,
            phase: Phase::Receiving(decoder),
            queue: VecDeque::new(),
            format: String::new(),
            spent,
        })
    }

    /// Adds encoded bytes in any chunking.
    ///
    /// # Errors
    /// What `ingest` says to the bytes; `InvalidInput` after [`Self::finish`].
    pub fn push(&mut self, bytes: Vec<u8>) -> Result<()> {
        let pushed = match &mut self.phase {
            Phase::Receiving(decoder) => {
                timed(&self.stages, &mut self.spent.ingest, || decoder.push(bytes))
                    .map_err(|error| refused(decoder.as_ref(), error))
            }
            Phase::Failed(failure) => return Err(failure.error.clone()),
            _ => Err(misuse("push was called after finish")),
        };
        pushed.map_err(|failure| self.fail(failure))
    }

    /// Ends the input.
    ///
    /// # Errors
    /// What `ingest` says to the whole; `InvalidInput` for a second call.
    pub fn finish(&mut self) -> Result<()> {
        let begun = match mem::replace(&mut self.phase, Phase::Finished) {
            Phase::Receiving(decoder) => self.begin(decoder),
            Phase::Failed(failure) => Err(failure),
            _ => Err(misuse("finish was called twice")),
        };
        match begun {
            Ok(phase) => {
                self.phase = phase;
                Ok(())
            }
            Err(failure) => Err(self.fail(failure)),
        }
    }

    fn begin(&mut self, mut decoder: Box<dyn Decoder>) -> std::result::Result<Phase, Failure> {
        let format = timed(&self.stages, &mut self.spent.ingest, || decoder.finish())
            .map_err(|error| refused(decoder.as_ref(), error))?;
        let Format {
            container, codec, ..
        } = format;
        self.format = format!("{container}/{codec}");
        let detector = timed(&self.stages, &mut self.spent.vad, || {
            self.stages.open_detector(DETECTION)
        })
        .map_err(|error| failed("vad", error))?;
        Ok(Phase::Decoding {
            decoder,
            detector,
            samples: Vec::new(),
            speaking: false,
        })
    }

    /// The next event; none before [`Self::finish`], and none after `Done`.
    ///
    /// # Errors
    /// That of the stage that failed, again and again.
    pub fn pull(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Ok(Some(event));
            }
            // The phase is taken out while it works: if it fails, its resources are dropped with it.
            let stepped = match mem::replace(&mut self.phase, Phase::Finished) {
                waiting @ Phase::Receiving(_) => {
                    self.phase = waiting;
                    return Ok(None);
                }
                Phase::Finished => return Ok(None),
                Phase::Failed(failure) => Err(failure),
                Phase::Decoding {
                    decoder,
                    detector,
                    samples,
                    speaking,
                } => self.decode(decoder, detector, samples, speaking),
                Phase::Transcribing {
                    transcription,
                    segments,
                    spoken,
                } => self.transcribe(transcription, segments, spoken),
            };
            match stepped {
                Ok(phase) => self.phase = phase,
                Err(failure) => return Err(self.fail(failure)),
            }
        }
    }

    /// Why the recording was rejected, after a failure for that reason.
    pub fn rejection(&self) -> Option<Rejection> {
        match &self.phase {
            Phase::Failed(failure) => failure.rejection,
            _ => None,
        }
    }

    /// The stage that failed, after a failure.
    pub fn failed_stage(&self) -> Option<&'static str> {
        match &self.phase {
            Phase::Failed(failure) => failure.stage,
            _ => None,
        }
    }

    /// One chunk of samples, or their end.
    fn decode(
        &mut self,
        mut decoder: Box<dyn Decoder>,
        mut detector: Box<dyn Detector>,
        mut samples: Vec<i16>,
        mut speaking: bool,
    ) -> std::result::Result<Phase, Failure> {
        let chunk = timed(&self.stages, &mut self.spent.ingest, || decoder.next())
            .map_err(|error| refused(decoder.as_ref(), error))?;
        let Some(chunk) = chunk else {
            drop(decoder);
            return self.decoded(detector, samples, speaking);
        };
        samples.extend_from_slice(&chunk);
        // The limit is the decoder's to keep; a second of slack, and then this memory is no longer its to fill.
        if to_ms(samples.len() as u64) > self.options.max_duration_ms.saturating_add(1_000) {
            let text = "more samples arrived than the limit allows".to_owned();
            return Err(failed("ingest", Error::Internal(text)));
        }
        let events = timed(&self.stages, &mut self.spent.vad, || detector.push(&chunk))
            .map_err(|error| failed("vad", error))?;
        for event in events {
            self.queue.push_back(match event {
                vad::Event::SpeechStarted(sample) => {
                    speaking = true;
                    Event::SpeechStarted(to_ms(sample))
                }
                vad::Event::SpeechStopped(sample) => {
                    speaking = false;
                    Event::SpeechStopped(to_ms(sample))
                }
            });
        }
        Ok(Phase::Decoding {
            decoder,
            detector,
            samples,
            speaking,
        })
    }

    /// The end of the audio: what there is to hear goes to the recogniser.
    fn decoded(
        &mut self,
        mut detector: Box<dyn Detector>,
        samples: Vec<i16>,
        speaking: bool,
    ) -> std::result::Result<Phase, Failure> {
        let speech = timed(&self.stages, &mut self.spent.vad, || detector.finish())
            .map_err(|error| failed("vad", error))?;
        drop(detector);
        let spoken = Spoken {
            duration_ms: to_ms(samples.len() as u64),
            speech_ms: to_ms(speech.iter().map(Span::len).sum()),
        };
        if speaking {
            // The audio ended before the pause that would have told so.
            self.queue
                .push_back(Event::SpeechStopped(spoken.duration_ms));
        }
        self.tell_processed(spoken);
        if speech.is_empty() {
            self.conclude(&[], spoken);
            return Ok(Phase::Finished);
        }
        let options = asr::Options {
            language: self.options.language.clone(),
            prompt: self.options.prompt.clone(),
            temperature: self.options.temperature,
            max_tokens: None,
            strategy: self.options.strategy,
        };
        let transcription = timed(&self.stages, &mut self.spent.asr, || {
            self.stages.transcribe(&samples, &speech, options)
        })
        .map_err(|error| failed("asr", error))?;
        Ok(Phase::Transcribing {
            transcription,
            segments: Vec::new(),
            spoken,
        })
    }

    /// One segment of text, or their end. A partial is told when the next segment arrives, so that the last one gives none.
    fn transcribe(
        &mut self,
        mut transcription: Box<dyn Transcription>,
        mut segments: Vec<asr::Segment>,
        spoken: Spoken,
    ) -> std::result::Result<Phase, Failure> {
        let segment = timed(&self.stages, &mut self.spent.asr, || transcription.next())
            .map_err(|error| failed("asr", error))?;
        let Some(segment) = segment else {
            if let Some(reason) = transcription.degraded() {
                self.degrade("asr", reason);
            }
            drop(transcription);
            self.conclude(&segments, spoken);
            return Ok(Phase::Finished);
        };
        if !segments.is_empty() {
            self.queue.push_back(Event::Partial(said::text(&segments)));
        }
        segments.push(segment);
        Ok(Phase::Transcribing {
            transcription,
            segments,
            spoken,
        })
    }

    /// Remembers a failure, drops all work in progress, and gives the error to return.
    fn fail(&mut self, failure: Failure) -> Error {
        let error = failure.error.clone();
        self.queue.clear();
        self.phase = Phase::Failed(failure);
        error
    }
}

fn to_ms(samples: u64) -> u32 {
    u32::try_from(samples / SAMPLES_PER_MS).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
