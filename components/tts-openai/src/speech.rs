//! One answer of the server, as samples while it arrives.
//!
//! The first bytes are read before the speech is handed out: they tell the sample rate of a wav or an mp3, and unmask what is not audio.
//! After an error there is nothing more: a stream that was cut cannot go on.

use colloquy_upstream::{Failure, Outcome, Response, Source, Transport, voices};
use serde_json::json;

use crate::audio::{Audio, BadAudio, Expected};
use crate::config::{Config, Format};
use crate::mp3::Step;

/// Characters in one call, from the contract.
const MAX_CHARACTERS: usize = 2_000;
/// Speeds, from the contract.
const SPEEDS: std::ops::RangeInclusive<f32> = 0.5..=2.0;
/// The longest speech: 2,000 characters at half speed take about five minutes.
const LONGEST_S: u64 = 900;
const ROUTE: &str = "/v1/audio/speech";

/// Speech on its way.
pub struct Speech {
    rate_hz: u32,
    /// None once it is over, and for text that has nothing to say.
    arriving: Option<Arriving>,
}

struct Arriving {
    body: Box<dyn Source>,
    /// Whether the body has ended.
    ended: bool,
    audio: Audio,
    /// Samples that may come still.
    allowed: u64,
}

impl Speech {
    /// Asks the server, and returns when audio begins to arrive.
    ///
    /// # Errors
    /// `InvalidInput` for a text or a speed that breaks the contract, `Unsupported` for an unknown voice, and what the server brings.
    pub fn begin(
        config: &Config,
        transport: &dyn Transport,
        text: &str,
        voice: Option<&str>,
        speed: f32,
    ) -> Result<Self, Failure> {
        let n = text.chars().count();
        if n > MAX_CHARACTERS {
            let why =
                format!("the text has {n} characters, at most {MAX_CHARACTERS} are spoken at once");
            return Err(Failure::InvalidInput(why));
        }
        if !SPEEDS.contains(&speed) {
            let why = format!("rate {speed} is not between 0.5 and 2");
            return Err(Failure::InvalidInput(why));
        }
        let voice = voices::choose(&config.voices, voice)?;
        if !text.chars().any(char::is_alphanumeric) {
            return Ok(Self {
                rate_hz: config.rate_hz,
                arriving: None,
            });
        }
        let mut request = json!({
            "model": config.api.model,
            "input": text,
            "voice": voice.name,
            "response_format": config.format.name(),
        });
        // Models exist that refuse the parameter, whatever its value.
        if let Some(request) = request.as_object_mut().filter(|_| speed != 1.0) {
            // Through its shortest decimal form: 1.2, not 1.2000000476837158.
            let speed = speed.to_string().parse::<f64>().unwrap_or(1.0);
            request.insert("speed".to_owned(), speed.into());
        }
        let accept = match config.format {
            Format::Pcm => "audio/pcm, application/octet-stream;q=0.9, audio/wav;q=0.5",
            Format::Wav => "audio/wav, audio/mpeg;q=0.5",
            Format::Mp3 => "audio/mpeg, audio/wav;q=0.5",
        };
        let body = request.to_string().into_bytes();
        let response = config
            .api
            .post(transport, ROUTE, "application/json", accept, &body);
        // The text is within the contract: what this server does not take another voice may speak.
        Self::read(config, response.map_err(Failure::of_the_server)?)
    }

    /// Sample rate in hertz.
    #[must_use]
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// The next samples as they arrive, at least one; none after the last.
    ///
    /// # Errors
    /// What the way from the server brings, and `Unavailable` when the audio is cut short or does not end.
    pub fn next_samples(&mut self) -> Result<Option<Vec<i16>>, Failure> {
        let Some(arriving) = &mut self.arriving else {
            return Ok(None);
        };
        let next = arriving.next();
        if next.is_err() {
            // What is no audio is the server's failure too.
            arriving.body.verdict(Outcome::Failed);
        }
        if !matches!(next, Ok(Some(_))) {
            self.arriving = None;
        }
        next
    }

    /// Reads as much as tells what it is.
    fn read(config: &Config, response: Response) -> Result<Self, Failure> {
        let kind = response.header("content-type").unwrap_or_default();
        let kind = kind.to_owned();
        let expected = Expected {
            format: config.format,
            kind: &kind,
            rate_hz: config.rate_hz,
        };
        let mut body = response.body;
        let read = Self::beginning(body.as_mut(), expected);
        let (audio, ended, rate_hz) = read.inspect_err(|_| body.verdict(Outcome::Failed))?;
        Ok(Self {
            rate_hz,
            arriving: Some(Arriving {
                body,
                ended,
                audio,
                allowed: LONGEST_S * u64::from(rate_hz),
            }),
        })
    }

    /// The audio, whether the body has ended, and the sample rate.
    fn beginning(
        body: &mut dyn Source,
        expected: Expected<'_>,
    ) -> Result<(Audio, bool, u32), Failure> {
        let mut ended = false;
        let mut first = Vec::new();
        let mut audio = loop {
            if let Some(audio) = Audio::recognise(&first, ended, expected).map_err(bad)? {
                break audio;
            }
            match body.read()? {
                Some(bytes) => first.extend(bytes),
                None => ended = true,
            }
        };
        drop(first);
        if ended {
            audio.end();
        }
        let rate_hz = loop {
            if let Some(rate_hz) = audio.rate_hz().map_err(bad)? {
                break rate_hz;
            }
            match body.read()? {
                Some(bytes) => audio.push(&bytes),
                None => {
                    ended = true;
                    audio.end();
                }
            }
        };
        Ok((audio, ended, rate_hz))
    }
}

impl Arriving {
    fn next(&mut self) -> Result<Option<Vec<i16>>, Failure> {
        loop {
            match self.audio.pull().map_err(bad)? {
                Step::Samples(samples) => {
                    self.count(samples.len() as u64)?;
                    return Ok(Some(samples));
                }
                Step::More => match self.body.read()? {
                    Some(bytes) => self.audio.push(&bytes),
                    None => {
                        self.ended = true;
                        self.audio.end();
                    }
                },
                Step::End => {
                    self.body.verdict(Outcome::Answered);
                    if !self.ended {
                        self.body.let_end();
                    }
                    return Ok(None);
                }
            }
        }
    }

    fn count(&mut self, n: u64) -> Result<(), Failure> {
        self.allowed = self.allowed.checked_sub(n).ok_or_else(|| {
            let why = format!("the speech server sent more than {LONGEST_S} seconds of audio");
            Failure::Unavailable(why)
        })?;
        Ok(())
    }
}

fn bad(error: BadAudio) -> Failure {
    Failure::Unavailable(format!("what the speech server sent {error}"))
}

#[cfg(test)]
mod tests;
