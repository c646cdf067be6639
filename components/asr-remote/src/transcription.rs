//! A recording, piece by piece through the server.
//!
//! Nothing is sent before the first segment is asked for. A piece that failed in a way that may pass is sent again, as often and for as long
//! as the operator allows; after that the caller decides, and a further call begins with the piece anew.

use std::collections::VecDeque;
use std::ops::Range;

use colloquy_upstream::multipart::Form;
use colloquy_upstream::{Call, Failure, Transport};

use crate::answer::{Answer, Heard};
use crate::config::{Config, Format, Strategy};
use crate::timeline::{self, Piece};
use crate::{languages, wav};

/// The longest answer: an hour of speech in segments with tokens stays under it.
const LONGEST_ANSWER: usize = 8 << 20;
/// Whisper looks at 224 tokens of a prompt; some servers refuse more. The end of it counts most.
const LONGEST_PROMPT: usize = 600;
/// The log-probability that stands for one that the server did not tell: its exponential, the confidence, is 0.
const UNKNOWN_LOGPROB: f32 = -1000.0;
const ROUTE: &str = "/v1/audio/transcriptions";

/// What the caller wants.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// BCP 47 tag.
    pub language: Option<String>,
    /// What was said before.
    pub prompt: Option<String>,
    /// Sampling temperature; 0 leaves the server its own rule.
    pub temperature: f32,
    /// Which model is asked.
    pub strategy: Strategy,
}

/// A recognised stretch of the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// From and to, in milliseconds.
    pub ms: Range<u32>,
    /// What was said.
    pub text: String,
    /// Token ids, as far as the server tells them.
    pub tokens: Vec<u32>,
    /// BCP 47 tag.
    pub language: String,
    /// Mean natural log-probability, very low when the server tells none.
    pub avg_logprob: f32,
    /// Probability of no speech, 0 when the server tells none.
    pub no_speech_prob: f32,
    /// Temperature that gave this text.
    pub temperature: f32,
}

impl Segment {
    /// exp(avg-logprob), 0 when nothing is known.
    #[must_use]
    pub fn confidence(&self) -> f32 {
        self.avg_logprob.exp()
    }
}

/// Work in progress.
pub struct Transcription {
    config: Config,
    options: Options,
    recording: Vec<i16>,
    pieces: VecDeque<Piece>,
    ready: VecDeque<Segment>,
}

impl Transcription {
    /// Checks everything that can be checked without the server.
    ///
    /// # Errors
    /// `InvalidInput` for spans or options that break the contract, `Unsupported` for a language that the server is known not to have.
    pub fn new(
        config: Config,
        recording: Vec<i16>,
        speech: &[Range<u64>],
        options: Options,
    ) -> Result<Self, Failure> {
        if !(0.0..=1.0).contains(&options.temperature) {
            let why = format!("temperature {} is not between 0 and 1", options.temperature);
            return Err(Failure::InvalidInput(why));
        }
        let language = options
            .language
            .as_deref()
            .map(|tag| asked(&config, tag))
            .transpose()?;
        Ok(Self {
            pieces: timeline::pieces(recording.len(), speech)?.into(),
            config,
            options: Options {
                language,
                ..options
            },
            recording,
            ready: VecDeque::new(),
        })
    }

    /// The next segment; none after the last.
    ///
    /// # Errors
    /// What the server or the way to it brings.
    pub fn next(&mut self, transport: &dyn Transport) -> Result<Option<Segment>, Failure> {
        while self.ready.is_empty() {
            let Some(piece) = self.pieces.front() else {
                return Ok(None);
            };
            self.ready = self.hear(piece, transport)?.into();
            self.pieces.pop_front();
        }
        Ok(self.ready.pop_front())
    }

    fn hear(&self, piece: &Piece, transport: &dyn Transport) -> Result<Vec<Segment>, Failure> {
        let (content_type, body) = self.form(&wav::file(&piece.audio(&self.recording)));
        let accept = match self.config.format {
            Format::VerboseJson | Format::Json => "application/json",
            Format::Text => "text/plain",
        };
        let call = Call {
            route: ROUTE,
            content_type: &content_type,
            accept,
            body: &body,
        };
        let api = &self.config.api;
        let answer = api.ask(transport, &call, LONGEST_ANSWER, &Answer::read)?;
        let language = answer.language.as_deref().map(languages::tag);
        let language = language.filter(|tag| tag != languages::UNDETERMINED);
        let language = language
            .or_else(|| self.options.language.clone())
            .unwrap_or_else(|| languages::UNDETERMINED.to_owned());
        let mut from = 0;
        let segments = answer.segments.into_iter();
        Ok(segments
            .map(|heard| {
                let segment = self.segment(piece, heard, &language, from);
                from = segment.ms.start;
                segment
            })
            .collect())
    }

    fn form(&self, file: &[u8]) -> (String, Vec<u8>) {
        let prompt = self.options.prompt.as_deref().unwrap_or_default();
        let prompt = end_of(prompt.trim());
        let model = self.config.model(self.options.strategy);
        let format = self.config.format.name();
        let language = self.options.language.as_deref().unwrap_or_default();
        let mut form = Form::new(&[file, prompt.as_bytes(), model.as_bytes()]);
        form.text("model", model);
        form.text("response_format", format);
        if !language.is_empty() {
            form.text("language", language);
        }
        if !prompt.is_empty() {
            form.text("prompt", prompt);
        }
        // Sent as 0 it would take the fallback to higher temperatures from some servers.
        if self.options.temperature > 0.0 {
            form.text("temperature", &self.options.temperature.to_string());
        }
        // Last, so that a server can decide by the rest before it takes the file.
        form.file("file", "audio.wav", "audio/wav", file);
        (form.content_type(), form.finish())
    }

    /// `from` is where the segment before begins: order of time is part of the contract, and not every server keeps it.
    fn segment(&self, piece: &Piece, heard: Heard, language: &str, from: u32) -> Segment {
        let ms = match heard.seconds {
            Some((start, end)) => piece.recorded_ms(start..end),
            None => piece.whole_ms(),
        };
        let start = ms.start.max(from);
        let known = |value: Option<f64>| value.filter(|value| value.is_finite()).map(|v| v as f32);
        Segment {
            ms: start..ms.end.max(start),
            text: heard.text,
            tokens: heard.tokens,
            language: language.to_owned(),
            avg_logprob: known(heard.avg_logprob)
                .map_or(UNKNOWN_LOGPROB, |value| value.clamp(UNKNOWN_LOGPROB, 0.0)),
            no_speech_prob: known(heard.no_speech_prob).map_or(0.0, |value| value.clamp(0.0, 1.0)),
            temperature: known(heard.temperature).unwrap_or(self.options.temperature),
        }
    }
}

/// What the interface takes for a tag: the language without the region.
fn asked(config: &Config, tag: &str) -> Result<String, Failure> {
    let Some(primary) = languages::primary(tag) else {
        let shown: String = tag.chars().take(40).collect();
        return Err(Failure::InvalidInput(format!(
            "{shown:?} is not a BCP 47 language tag"
        )));
    };
    let known = |known: &String| languages::primary(known).as_ref() == Some(&primary);
    if config.languages.is_empty() || config.languages.iter().any(known) {
        Ok(primary)
    } else {
        Err(Failure::Unsupported(format!(
            "the language {primary:?} is not one of the server's"
        )))
    }
}

/// The last characters of a prompt.
fn end_of(prompt: &str) -> &str {
    let skipped = prompt.chars().count().saturating_sub(LONGEST_PROMPT);
    let at = prompt
        .char_indices()
        .nth(skipped)
        .map_or(prompt.len(), |(at, _)| at);
    prompt.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests;
