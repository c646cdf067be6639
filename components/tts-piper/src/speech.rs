//! Text to samples, chunk by chunk: the whole of this crate in one place.
//!
//! Nothing is computed before it is asked for: reading happens when speech begins, each utterance is encoded when its turn comes, and each
//! call of [`Speech::next`] decodes one window. The same text, rate and voice give the same samples.

use std::{collections::VecDeque, path::Path, sync::Arc};

use colloquy_preload::Files;
use tract_onnx::prelude::TractError;

use crate::{
    decoder::{Decoder, LEAST_FRAMES},
    encoder::Encoded,
    flow::Flow,
    phonemes::{Letters, Phonemizer},
    text::{self, Mark, Utterance},
    voice::{self, Description, Voice, VoiceError},
};

/// Characters in one call, from the contract.
pub const MAX_CHARACTERS: usize = 2_000;

/// Weights of the letter-to-sound network; a voice works without.
const LETTERS: &str = "letters.bin";

/// Why there is no speech, or no more of it.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// The text is longer than the contract allows.
    #[error("the text has {0} characters, at most {MAX_CHARACTERS} are spoken at once")]
    TooLong(usize),
    /// The rate is out of range.
    #[error("rate {0} is not between 0.5 and 2")]
    Rate(f32),
    /// The voice is not the one that is loaded.
    #[error("there is no voice `{asked}`, only `{loaded}`")]
    NoVoice {
        /// What was asked for.
        asked: String,
        /// What is there.
        loaded: String,
    },
    /// A part of the model failed.
    #[error("the voice failed: {0:#}")]
    Model(TractError),
}

/// A voice that is ready to speak.
#[derive(Debug)]
pub struct Synthesizer {
    voice: Voice,
    phonemizer: Phonemizer,
}

impl Synthesizer {
    /// Loads the voice in `folder` and everything that reading needs.
    ///
    /// # Errors
    /// What is missing or damaged.
    pub fn open(folder: &Path) -> Result<Self, VoiceError> {
        Self::read(&Files::folder(folder))
    }

    /// Loads the voice in `files` and everything that reading needs.
    ///
    /// # Errors
    /// As [`Synthesizer::open`].
    pub fn read(files: &Files) -> Result<Self, VoiceError> {
        let letters = if files.has(LETTERS) {
            let path = files.path(LETTERS);
            let letters = Letters::from_bytes(&voice::read(files, LETTERS)?);
            Some(letters.map_err(|problem| VoiceError::Letters { path, problem })?)
        } else {
            None
        };
        Ok(Self {
            voice: Voice::read(files)?,
            phonemizer: Phonemizer::new(letters),
        })
    }

    /// The voice.
    #[must_use]
    pub fn description(&self) -> &Description {
        self.voice.description()
    }

    #[cfg(test)]
    pub(crate) fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Begins to speak. `voice` is a name from the description or None; `rate` is 1 for normal speed.
    ///
    /// # Errors
    /// `TooLong`, `Rate`, `NoVoice`.
    pub fn speak(
        self: &Arc<Self>,
        text: &str,
        voice: Option<&str>,
        rate: f32,
    ) -> Result<Speech, SpeechError> {
        let description = self.description();
        let characters = text.chars().count();
        if characters > MAX_CHARACTERS {
            return Err(SpeechError::TooLong(characters));
        }
        if !(0.5..=2.0).contains(&rate) {
            return Err(SpeechError::Rate(rate));
        }
        if let Some(asked) =
            voice.filter(|asked| *asked != description.name && *asked != description.dataset)
        {
            // The name comes from outside; an answer need not repeat all of it.
            let asked = asked.chars().take(64).collect();
            return Err(SpeechError::NoVoice {
                asked,
                loaded: description.name.clone(),
            });
        }
        Ok(Speech {
            synthesizer: Arc::clone(self),
            waiting: text::read(text).into(),
            current: None,
            silence: 0,
            rate,
        })
    }

    /// The symbols of each utterance of `text`, as they would be spoken. For tests and for people who wonder about a pronunciation.
    #[must_use]
    pub fn symbols(&self, text: &str) -> Vec<String> {
        text::read(text)
            .iter()
            .map(|utterance| self.phonemizer.symbols(utterance))
            .collect()
    }
}

/// Speech in the making.
#[derive(Debug)]
pub struct Speech {
    synthesizer: Arc<Synthesizer>,
    waiting: VecDeque<Utterance>,
    current: Option<Sound>,
    /// Samples of silence before the next utterance.
    silence: usize,
    rate: f32,
}

impl Speech {
    /// Samples per second.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.synthesizer.description().sample_rate_hz
    }

    /// The next samples; None after the last, and on every further call.
    ///
    /// # Errors
    /// `Model`; the speech is over then.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator of results would go on after an error"
    )]
    pub fn next(&mut self) -> Result<Option<Vec<i16>>, SpeechError> {
        let next = self.advance();
        if next.is_err() {
            self.waiting.clear();
            self.current = None;
        }
        next
    }

    fn advance(&mut self) -> Result<Option<Vec<i16>>, SpeechError> {
        loop {
            if let Some(sound) = &mut self.current {
                if let Some(audio) = sound
                    .next(&self.synthesizer.voice)
                    .map_err(SpeechError::Model)?
                {
                    let silence = std::iter::repeat_n(0, std::mem::take(&mut self.silence));
                    return Ok(Some(silence.chain(audio.into_iter().map(sample)).collect()));
                }
                self.silence += sound.silence;
                self.current = None;
            }
            let Some(utterance) = self.waiting.pop_front() else {
                return Ok(None);
            };
            let symbols = self.synthesizer.phonemizer.symbols(&utterance);
            if !symbols.is_empty() {
                let ids = self.synthesizer.description().ids(&symbols);
                let silence = self.silence_after(utterance.end);
                self.current = Some(
                    Sound::new(&self.synthesizer.voice, &ids, self.rate, silence)
                        .map_err(SpeechError::Model)?,
                );
            }
        }
    }

    /// Samples of silence after an utterance that ends in `mark`, on top of the pause that the voice itself makes.
    fn silence_after(&self, mark: Option<Mark>) -> usize {
        let seconds = match mark {
            Some(Mark::Paragraph) => 0.4,
            Some(mark) if mark.ends_sentence() => 0.2,
            Some(_) => 0.05,
            None => 0.0,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "less than a second of samples"
        )]
        let samples = (seconds * self.sample_rate_hz() as f32 / self.rate) as usize;
        samples
    }
}

/// One utterance on its way through the voice.
#[derive(Debug)]
pub(crate) struct Sound {
    encoded: Encoded,
    flow: Flow,
    decoder: Decoder,
    silence: usize,
}

impl Sound {
    pub(crate) fn new(
        voice: &Voice,
        ids: &[i64],
        rate: f32,
        silence: usize,
    ) -> Result<Self, TractError> {
        let encoded = Encoded::of(voice, ids, 1.0 / rate, LEAST_FRAMES)?;
        let decoder = Decoder::new(voice, encoded.frames());
        Ok(Self {
            encoded,
            flow: Flow::new(voice.description.channels),
            decoder,
            silence,
        })
    }

    pub(crate) fn next(&mut self, voice: &Voice) -> Result<Option<Vec<f32>>, TractError> {
        self.decoder
            .next(voice, |latent| self.flow.step(voice, &self.encoded, latent))
    }

    #[cfg(test)]
    pub(crate) fn encoded(&self) -> &Encoded {
        &self.encoded
    }
}

/// Voices speak with peaks near one half. Raising a whole utterance to its own peak, as Piper does, would need all of it first.
const GAIN: f32 = 1.6;
/// Above this level, samples are bent towards full scale instead of clipped.
const KNEE: f32 = 0.8;

/// One sample as 16 bits, louder. Never wraps or clips; a defect (not a number) becomes silence.
fn sample(value: f32) -> i16 {
    let level = (value * GAIN).abs();
    let bent = if level > KNEE {
        KNEE + (1.0 - KNEE) * ((level - KNEE) / (1.0 - KNEE)).tanh()
    } else {
        level
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most one, and the cast saturates"
    )]
    let sample = (bent.copysign(value) * f32::from(i16::MAX)).round() as i16;
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_never_wrap() {
        assert_eq!(
            [0.0, 9.0, -9.0, f32::NAN].map(sample),
            [0, 32767, -32767, 0]
        );
        let rising: Vec<i16> = (-100..=100).map(|i| sample(i as f32 / 100.0)).collect();
        assert!(
            rising.is_sorted() && rising[0] > -32767 && rising[200] < 32767,
            "{rising:?}"
        );
        assert_eq!(sample(0.25), (0.25f32 * 1.6 * 32767.0).round() as i16);
    }
}
