//! Speaking alone: text in, speech out, without a question.
//!
//! The text is cut into sentences, which are spoken one after the other, so that the first is heard long before the last is made, and
//! none is longer than a tts stage takes. There is no fallback: who asks for speech gets speech or an error.
//!
//! Invariants: no stage is called before the first pull; all audio has one sample rate, that of the first sentence; after a failure
//! every call repeats it, and by then the synthesis is dropped.

use std::{collections::VecDeque, mem};

use crate::{
    contract::{
        Error,
        events::{self, StageDegraded},
        speak::{Audio, Request, Voice as Known},
    },
    ports::{Events, Result, Tts},
    sentences::{self, Splitter},
    voice::{Sounding, Voice},
    words::named,
};

/// Everything this needs.
pub trait Stages: Tts + Events {}
impl<T: Tts + Events> Stages for T {}

/// Longest text in characters.
pub const MAX_TEXT_CHARS: usize = 5_000;

/// Most characters that a tts stage takes at once; a sentence never has as many.
const MAX_TTS_CHARS: usize = 2_000;
const _: () = assert!(sentences::MAX_CHARS <= MAX_TTS_CHARS);

/// What is told of an implementation that cannot describe itself.
const NOBODY: &str = "unknown";

/// The voices there are, the default one first.
///
/// # Errors
/// That of the tts stage.
pub fn voices<S: Stages + ?Sized>(stages: &S) -> Result<Vec<Known>> {
    let engine = stages.tts_info().map_err(tts_failed)?.name;
    let voices = stages.voices().map_err(tts_failed)?;
    Ok(voices
        .into_iter()
        .map(|voice| Known {
            name: voice.name,
            display_name: voice.display_name,
            gender: voice.gender,
            locale: voice.locale,
            engine: engine.clone(),
        })
        .collect())
}

/// Where the work is.
enum Phase {
    Between,
    Speaking(Sounding),
    Finished,
    Failed(Error),
}

/// Speech in the making. Dropping it cancels the work.
pub struct Talk<S: Stages> {
    stages: S,
    request_id: String,
    voice: Voice,
    /// What is still to be said.
    sentences: VecDeque<String>,
    phase: Phase,
    degraded: Option<String>,
}

impl<S: Stages> Talk<S> {
    /// Starts to speak. No stage is called before the first [`Self::pull`].
    ///
    /// # Errors
    /// `InvalidInput` when the text is too long or the speed out of range.
    pub fn start(stages: S, request: Request) -> Result<Self> {
        let n_chars = request.text.chars().count();
        if n_chars > MAX_TEXT_CHARS {
            let text = format!("text has {n_chars} characters, {MAX_TEXT_CHARS} are allowed");
            return Err(Error::InvalidInput(text));
        }
        let voice = Voice::new(request.voice, request.rate)?;
        let mut splitter = Splitter::default();
        let mut sentences = VecDeque::from(splitter.push(&request.text));
        sentences.extend(splitter.finish());
        Ok(Self {
            stages,
            request_id: request.request_id,
            voice,
            sentences,
            phase: Phase::Between,
            degraded: None,
        })
    }

    /// The next piece; none after the last.
    ///
    /// # Errors
    /// That of the tts stage, again and again.
    pub fn pull(&mut self) -> Result<Option<Audio>> {
        loop {
            // The phase is taken out while it works: if it fails, its resource is dropped with it.
            let stepped = match mem::replace(&mut self.phase, Phase::Finished) {
                Phase::Finished => return Ok(None),
                Phase::Failed(error) => Err(error),
                Phase::Between => self.begin(),
                Phase::Speaking(sounding) => self.sound(sounding),
            };
            match stepped {
                Ok((phase, audio)) => {
                    self.phase = phase;
                    if audio.is_some() {
                        return Ok(audio);
                    }
                }
                Err(error) => {
                    self.phase = Phase::Failed(error.clone());
                    return Err(error);
                }
            }
        }
    }

    /// Name of the implementation that speaks. Stages do not tell who of a chain took over; [`Self::degraded`] says that somebody did.
    pub fn engine(&self) -> String {
        let info = self.stages.tts_info();
        info.map_or_else(|_| NOBODY.to_owned(), |info| info.name)
    }

    /// Why this is not what was asked for; known once [`Self::pull`] has returned.
    pub fn degraded(&self) -> Option<String> {
        self.degraded.clone()
    }

    fn begin(&mut self) -> Stepped {
        let Some(text) = self.sentences.pop_front() else {
            return Ok((Phase::Finished, None));
        };
        let (sounding, degraded) = self.voice.say(&self.stages, &text).map_err(tts_failed)?;
        if let Some(reason) = degraded {
            self.stages
                .publish(events::Event::StageDegraded(StageDegraded {
                    turn: events::Turn {
                        session_id: String::new(),
                        request_id: self.request_id.clone(),
                    },
                    stage: "tts".to_owned(),
                    reason: reason.clone(),
                }));
            self.degraded = Some(reason);
        }
        Ok((Phase::Speaking(sounding), None))
    }

    fn sound(&mut self, mut sounding: Sounding) -> Stepped {
        let piece = sounding.next().map_err(tts_failed)?;
        let audio = match self.voice.sample_rate_hz() {
            Some(sample_rate_hz) if !piece.samples.is_empty() => Some(Audio {
                sample_rate_hz,
                samples: piece.samples,
            }),
            _ => None,
        };
        let phase = if piece.is_last {
            Phase::Between
        } else {
            Phase::Speaking(sounding)
        };
        Ok((phase, audio))
    }
}

/// The next phase, and what there is to hear.
type Stepped = Result<(Phase, Option<Audio>)>;

fn tts_failed(error: Error) -> Error {
    named("tts", error)
}

#[cfg(test)]
mod tests;
