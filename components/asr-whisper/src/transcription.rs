//! A transcription in progress: windows in, segments out, one window of work at a time.
//!
//! Work is done only when the next segment is asked for and none is left from the window before, so dropping a [`Transcription`]
//! cancels the rest. Memory is that of the recording, one window and its segments.
//!
//! For each window: encode only the audio there is and a little silence; stop when nobody speaks; decode; and when the result
//! cannot be believed, decode again with the whole 30 s encoded, then once more at a higher temperature, and keep the best. The
//! [`Strategy`] says how to decode, and what it takes to be believed.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use crate::SAMPLE_RATE;
use crate::decode::{self, Attempt, Prompt, Stop, guard};
use crate::error::Error;
use crate::language::{self, Language};
use crate::mel::Features;
use crate::model::{Cross, FULL_FRAMES, Whisper};
use crate::segments::{self, Piece};
use crate::strategy::{Strategy, WIDEST_BEAM};
use crate::windows::{Timeline, Window};

/// Longest recording, half an hour: 58 MB of a component's memory.
pub const LONGEST_RECORDING: usize = 30 * 60 * SAMPLE_RATE;
/// Longest prompt in bytes. The model's context has room for about a fifth of it; the last part counts.
pub const LONGEST_PROMPT: usize = 4096;
/// Frames of silence after the audio that the encoder hears, 0.5 s: the words before it need to hear that they are the last.
const TAIL_FRAMES: usize = 50;
/// Above this probability of no speech nothing is transcribed. With the silence used here, noise, hum and music have 0.85 and more,
/// speech 0.28 at most, a card player's "five, five" 0.50. openai/whisper also wants a low log-probability, which lets a confident
/// "you" through.
const NO_SPEECH: f32 = 0.6;
/// What the last attempt adds to the temperature.
const WARMER: f32 = 0.4;

/// What a caller may choose.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// BCP 47 tag, or none to detect the language.
    pub language: Option<String>,
    /// Text that comes before.
    pub prompt: Option<String>,
    /// First temperature, 0 to 1.
    pub temperature: f32,
    /// Most tokens in one window.
    pub max_tokens: Option<u32>,
    /// How much work a window is worth.
    pub strategy: Strategy,
}

/// A recognised stretch of speech.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Milliseconds from the start of the recording.
    pub start_ms: u32,
    /// Milliseconds from the start of the recording, not before the start.
    pub end_ms: u32,
    /// Text without white space around it, never empty.
    pub text: String,
    /// Text tokens.
    pub tokens: Vec<u32>,
    /// BCP 47 tag.
    pub language: String,
    /// Mean log-probability of the tokens.
    pub mean_logprob: f32,
    /// Probability that the window has no speech.
    pub no_speech: f32,
    /// Temperature of the attempt that was kept.
    pub temperature: f32,
}

impl Segment {
    /// The geometric mean of the tokens' probabilities, 0 to 1.
    #[must_use]
    pub fn confidence(&self) -> f32 {
        self.mean_logprob.exp().clamp(0.0, 1.0)
    }
}

/// Work in progress on one recording.
pub struct Transcription {
    model: Rc<Whisper>,
    recording: Vec<i16>,
    timeline: Timeline,
    /// Where on the timeline the next window starts.
    position: usize,
    /// Known from the start, or from the first window with speech on.
    language: Option<Language>,
    previous: Vec<u32>,
    temperature: f32,
    max_tokens: Option<usize>,
    strategy: Strategy,
    ready: VecDeque<Segment>,
}

/// The attempt that was kept for a window.
struct Heard {
    attempt: Attempt,
    no_speech: f32,
    language: Language,
}

impl Transcription {
    /// Checks everything and starts. The samples are mono at 16 kHz, `speech` the spans of them to listen to, in samples.
    pub fn new(
        model: Rc<Whisper>,
        recording: Vec<i16>,
        speech: &[Range<u64>],
        options: &Options,
    ) -> Result<Self, Error> {
        let invalid = |why: String| Err(Error::InvalidInput(why));
        if recording.len() > LONGEST_RECORDING {
            return invalid(format!(
                "{} samples, at most {LONGEST_RECORDING} at a time",
                recording.len()
            ));
        }
        if !(0.0..=1.0).contains(&options.temperature) {
            return invalid(format!(
                "temperature {} is not between 0 and 1",
                options.temperature
            ));
        }
        if options.max_tokens == Some(0) {
            return invalid("max-tokens is 0".to_owned());
        }
        let beam = options.strategy.beam();
        if !(1..=WIDEST_BEAM).contains(&beam) {
            return invalid(format!("a beam of {beam} is not from 1 to {WIDEST_BEAM}"));
        }
        let prompt = options.prompt.as_deref().unwrap_or_default().trim();
        if prompt.len() > LONGEST_PROMPT {
            return invalid(format!(
                "the prompt has {} bytes, at most {LONGEST_PROMPT}",
                prompt.len()
            ));
        }
        // Words in the middle of a text have a space in front, and the model saw previous text that way.
        let previous = if prompt.is_empty() {
            Vec::new()
        } else {
            model.vocabulary.encode(&format!(" {prompt}"))
        };
        Ok(Self {
            timeline: Timeline::new(recording.len(), speech)?,
            language: language::chosen(&model.description.tokens, options.language.as_deref())?,
            position: 0,
            previous,
            temperature: options.temperature,
            max_tokens: options.max_tokens.map(|tokens| tokens as usize),
            strategy: options.strategy,
            ready: VecDeque::new(),
            model,
            recording,
        })
    }

    /// The next segment; none after the last.
    pub fn next_segment(&mut self) -> Result<Option<Segment>, Error> {
        while self.ready.is_empty() {
            let Some(window) = self.timeline.window(self.position) else {
                return Ok(None);
            };
            // Even when this window fails: asking again goes on after it.
            self.position = window.range.end;
            self.transcribe(&window)?;
        }
        Ok(self.ready.pop_front())
    }

    fn transcribe(&mut self, window: &Window) -> Result<(), Error> {
        let audio = self.timeline.audio(&self.recording, &window.range);
        let features = self.model.features(&audio);
        let Some(heard) = self.listen(&features)? else {
            return Ok(());
        };

        let tokens = &self.model.description.tokens;
        let length = window.range.len();
        let mut pieces = segments::split(tokens, &heard.attempt, length);
        if let Some(resume) =
            segments::resume(tokens, &heard.attempt, &mut pieces, length, window.cut)
        {
            self.position = window.range.start + resume;
        }
        let segments: Vec<_> = pieces
            .into_iter()
            .filter_map(|piece| self.segment(window, &heard, piece))
            .collect();
        self.ready.extend(segments);
        self.language = Some(heard.language);
        Ok(())
    }

    /// Decodes a window, again where needed. None when nobody speaks in it.
    fn listen(&self, features: &Features) -> Result<Option<Heard>, Error> {
        // The second convolution halves the number of frames.
        let short = (features.frames + TAIL_FRAMES)
            .next_multiple_of(2)
            .min(FULL_FRAMES);
        let warmer = (self.temperature + WARMER).min(1.0);
        let plan = [
            (short, self.temperature),
            (FULL_FRAMES, self.temperature),
            (FULL_FRAMES, warmer),
        ];
        let skipped = if short == FULL_FRAMES { 1 } else { 0 };

        let mut kept: Option<(bool, Heard)> = None;
        let mut encoded: Option<(usize, Cross)> = None;
        let mut language = self.language.clone();
        for (frames, temperature) in plan.into_iter().skip(skipped) {
            let cross = match encoded.take() {
                Some((encoded, cross)) if encoded == frames => cross,
                _ => self
                    .model
                    .encode(&features.resized(frames, features.silence))?,
            };
            let spoken = match language.take() {
                Some(known) => known,
                None => language::detected(&self.model, &cross)?,
            };
            let Some(heard) = self.attempt(&cross, &spoken, features, temperature)? else {
                break;
            };
            encoded = Some((frames, cross));
            language = Some(spoken);

            let text = self.model.vocabulary.decode(&heard.attempt.tokens);
            if self.strategy.accepts(&heard.attempt, &text) {
                return Ok(Some(heard));
            }
            // The best of the unbelievable: rather unsure than repetitive.
            let sane = !guard::repetitive(&text) && heard.attempt.stop != Stop::Repetition;
            let rank = |sane: bool, heard: &Heard| (sane, heard.attempt.mean_logprob());
            if kept
                .as_ref()
                .is_none_or(|(was_sane, best)| rank(*was_sane, best) < rank(sane, &heard))
            {
                kept = Some((sane, heard));
            }
        }
        Ok(kept.map(|(_, heard)| heard))
    }

    fn attempt(
        &self,
        cross: &Cross,
        language: &Language,
        features: &Features,
        temperature: f32,
    ) -> Result<Option<Heard>, Error> {
        let description = &self.model.description;
        let prompt = Prompt::new(
            &description.tokens,
            description.sizes.text_positions,
            &self.previous,
            language.token,
            true,
        );
        let primed = decode::prime(&self.model, cross, &prompt)?;
        if primed.no_speech > NO_SPEECH {
            return Ok(None);
        }
        let possible = guard::most_tokens(features.frames as f32 / 100.0)
            .min(description.sizes.text_positions / 2);
        let limit = self
            .max_tokens
            .map_or(possible, |wanted| wanted.min(possible));
        let beam = self.strategy.beam();
        let mut attempt = if beam > 1 && temperature == 0.0 {
            decode::search(&self.model, cross, &primed, beam, limit)?
        } else {
            decode::generate(&self.model, cross, &primed, temperature, limit)?
        };
        if attempt.stop == Stop::Limit && limit < possible {
            // The caller's own limit is no sign of a failure.
            attempt.stop = Stop::EndOfText;
        }
        Ok(Some(Heard {
            attempt,
            no_speech: primed.no_speech,
            language: language.clone(),
        }))
    }

    fn segment(&self, window: &Window, heard: &Heard, piece: Piece) -> Option<Segment> {
        let text = self
            .model
            .vocabulary
            .decode(&piece.tokens)
            .trim()
            .to_owned();
        let start = self
            .timeline
            .start_in_recording(window.range.start + piece.start);
        let end = piece
            .end
            .map_or(window.range.end, |end| window.range.start + end);
        let end = self.timeline.end_in_recording(end).max(start);
        (!text.is_empty()).then(|| Segment {
            start_ms: milliseconds(start),
            end_ms: milliseconds(end),
            text,
            tokens: piece.tokens,
            language: heard.language.tag.clone(),
            mean_logprob: piece.mean_logprob,
            no_speech: heard.no_speech,
            temperature: heard.attempt.temperature,
        })
    }
}

fn milliseconds(samples: usize) -> u32 {
    u32::try_from(samples * 1000 / SAMPLE_RATE).unwrap_or(u32::MAX)
}
