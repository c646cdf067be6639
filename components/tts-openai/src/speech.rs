//! One answer of the server, as samples while it arrives.
//!
//! The first bytes are read before the speech is handed out: they tell the sample rate of a wav, and unmask what is not audio. After an
//! error there is nothing more: a stream that was cut cannot go on.

use colloquy_upstream::{Failure, Response, Source, Transport};
use serde_json::json;

use crate::config::{Config, Format};
use crate::samples::Samples;
use crate::wav::{self, BadWav};

/// Characters in one call, from the contract.
const MAX_CHARACTERS: usize = 2_000;
/// Speeds, from the contract.
const SPEEDS: std::ops::RangeInclusive<f32> = 0.5..=2.0;
/// The longest speech: 2,000 characters at half speed take about five minutes.
const LONGEST_S: u64 = 900;
/// Enough of a beginning to tell what it is.
const MAGIC: usize = 4;
const ROUTE: &str = "/v1/audio/speech";

/// Speech on its way.
pub struct Speech {
    rate_hz: u32,
    /// None once it is over, and for text that has nothing to say.
    arriving: Option<Arriving>,
}

struct Arriving {
    body: Box<dyn Source>,
    samples: Samples,
    /// Samples that came with the beginning.
    first: Vec<u8>,
    /// Bytes of samples that must come still, if that is known.
    promised: Option<u64>,
    /// Bytes of samples that may come still.
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
        let voice = config.voice(voice)?;
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
            Format::Wav => "audio/wav",
        };
        let body = request.to_string().into_bytes();
        let response = config
            .api
            .post(transport, ROUTE, "application/json", accept, &body)?;
        Self::read(config, response)
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
        if !matches!(next, Ok(Some(_))) {
            self.arriving = None;
        }
        next
    }

    /// Reads as much as tells what it is.
    fn read(config: &Config, response: Response) -> Result<Self, Failure> {
        // Not to be trusted alone: Piper's own server calls its wav files text/html.
        let kind = response
            .header("content-type")
            .unwrap_or_default()
            .to_owned();
        let mut body = response.body;
        let mut first = Vec::new();
        while first.len() < MAGIC {
            match body.read()? {
                Some(bytes) => first.extend(bytes),
                None => break,
            }
        }
        if first.starts_with(b"RIFF") {
            return Self::wav(body, first);
        }
        if let Some(what) = no_samples(&first, &kind, config.format) {
            return Err(Failure::Unavailable(format!(
                "the speech server sent {what}"
            )));
        }
        Ok(Self::arriving(body, config.rate_hz, 1, None, first))
    }

    fn wav(mut body: Box<dyn Source>, mut first: Vec<u8>) -> Result<Self, Failure> {
        let bad =
            |error: BadWav| Failure::Unavailable(format!("what the speech server sent {error}"));
        loop {
            if let Some((format, at)) = wav::header(&first).map_err(bad)? {
                let first = first.split_off(at);
                return Ok(Self::arriving(
                    body,
                    format.rate_hz,
                    format.channels,
                    format.n_bytes,
                    first,
                ));
            }
            let bytes = body.read()?.ok_or_else(|| bad(BadWav::Damaged))?;
            first.extend(bytes);
        }
    }

    fn arriving(
        body: Box<dyn Source>,
        rate_hz: u32,
        channels: u16,
        promised: Option<u64>,
        first: Vec<u8>,
    ) -> Self {
        let arriving = Arriving {
            body,
            samples: Samples::new(channels),
            first,
            promised,
            allowed: LONGEST_S * u64::from(rate_hz) * u64::from(channels) * 2,
        };
        Self {
            rate_hz,
            arriving: Some(arriving),
        }
    }
}

impl Arriving {
    fn next(&mut self) -> Result<Option<Vec<i16>>, Failure> {
        loop {
            if self.promised == Some(0) {
                // The end of the answer, so that its connection can be used again. What it brings does not matter any more.
                let _end = self.body.read();
                return self.end();
            }
            let bytes = match std::mem::take(&mut self.first) {
                first if first.is_empty() => self.body.read()?,
                first => Some(first),
            };
            let Some(bytes) = bytes else {
                return self.end();
            };
            let ours = self.ours(&bytes)?;
            let samples = self.samples.take(ours);
            if !samples.is_empty() {
                return Ok(Some(samples));
            }
        }
    }

    /// The part of these bytes that is samples: what follows them in a wav is not.
    fn ours<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Failure> {
        let n = bytes.len() as u64;
        let n = self.promised.map_or(n, |promised| promised.min(n));
        self.promised = self.promised.map(|promised| promised - n);
        self.allowed = self.allowed.checked_sub(n).ok_or_else(|| {
            let why = format!("the speech server sent more than {LONGEST_S} seconds of audio");
            Failure::Unavailable(why)
        })?;
        // Not more than there are.
        Ok(bytes.get(..n as usize).unwrap_or(bytes))
    }

    fn end(&self) -> Result<Option<Vec<i16>>, Failure> {
        if self.promised.is_some_and(|promised| promised > 0) || !self.samples.is_complete() {
            let why = "the speech server's audio was cut short";
            return Err(Failure::Unavailable(why.into()));
        }
        Ok(None)
    }
}

/// What a beginning is when it is no samples. Raw samples have no mark, so only what is certain counts; silence begins with zeros.
fn no_samples(first: &[u8], kind: &str, asked: Format) -> Option<&'static str> {
    let begins = |magic: &[u8]| first.starts_with(magic);
    // The sync word of an mp3 frame is also a sample that can be.
    let synced = matches!(first, [0xff, second, ..] if second & 0xe6 == 0xe2);
    let mp3 = synced && (kind.starts_with("audio/mp") || asked == Format::Wav);
    if first.is_empty() {
        Some("nothing")
    } else if begins(b"ID3") || mp3 {
        Some("mp3, which this version does not decode; it was asked for something else")
    } else if begins(b"OggS") || begins(b"fLaC") {
        Some(
            "compressed audio, which this version does not decode; it was asked for something else",
        )
    } else if begins(b"{\"") || begins(b"<htm") || begins(b"<!DO") {
        Some("a text instead of audio")
    } else if asked == Format::Wav {
        Some("something other than the wav it was asked for")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
