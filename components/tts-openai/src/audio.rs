//! What a server sent: raw samples, a wav or an mp3. Recognised by the first bytes, whatever was asked for, then decoded piece by piece.
//!
//! The content type is not to be trusted alone: Piper's own server calls its wav files text/html. It decides only where bytes say
//! nothing: raw samples have no mark, and are believed only from who was asked for them and does not call them a text.

use std::cmp::min;

use crate::config::{Format, RATES_HZ};
use crate::mp3::{self, BadMp3, Mp3, Step};
use crate::samples::Samples;
use crate::wav::{self, BadWav};

/// Enough of a beginning to tell most things.
const MAGIC: usize = 4;

/// Why there is no audio in it for us; the text goes after "what the speech server sent".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAudio {
    /// A wav that cannot be read.
    #[error(transparent)]
    Wav(#[from] BadWav),
    /// An mp3 that cannot be read.
    #[error(transparent)]
    Mp3(#[from] BadMp3),
    /// Raw samples or a wav that end too early.
    #[error("is audio that was cut short")]
    Cut,
    /// No byte.
    #[error("is nothing")]
    Nothing,
    /// An error page, JSON.
    #[error("is a text instead of audio")]
    Text,
    /// Ogg, FLAC and so on.
    #[error("is compressed audio of a kind that is not decoded here; expected pcm, wav or mp3")]
    Compressed,
    /// Nothing known, and not asked for either.
    #[error("is neither the audio it was asked for nor any that is known")]
    Unknown,
    /// A sample rate that no audio has.
    #[error("is audio with a sample rate that is not between 8000 and 48000 Hz")]
    Rate,
}

/// What is known before the first byte.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// What was asked for.
    pub format: Format,
    /// The content type of the answer, empty when there is none.
    pub kind: &'a str,
    /// Sample rate of raw samples, unless the content type has it.
    pub rate_hz: u32,
}

/// Audio that is being decoded.
pub struct Audio {
    decoder: Decoder,
}

enum Decoder {
    Raw(Raw),
    Mp3(Box<Mp3>),
}

/// Samples as they are in memory.
struct Raw {
    rate_hz: u32,
    samples: Samples,
    /// Bytes that have come.
    bytes: Vec<u8>,
    /// Bytes of samples that must come still, if that is known.
    promised: Option<u64>,
    ended: bool,
}

impl Audio {
    /// Looks at a beginning. None while more of it is needed; with `ended` there is no more, and it never is.
    ///
    /// # Errors
    /// As soon as it is clear that it is nothing that can be decoded.
    pub fn recognise(
        bytes: &[u8],
        ended: bool,
        expected: Expected<'_>,
    ) -> Result<Option<Self>, BadAudio> {
        if bytes.len() < MAGIC && !ended {
            return Ok(None);
        }
        if bytes.is_empty() {
            return Err(BadAudio::Nothing);
        }
        if bytes.starts_with(b"RIFF") {
            return Self::wav(bytes, ended);
        }
        match begins_mp3(bytes, expected) {
            Some(true) => {
                let mut mp3 = Mp3::new()?;
                mp3.push(bytes);
                let decoder = Decoder::Mp3(Box::new(mp3));
                return Ok(Some(Self { decoder }));
            }
            None if !ended => return Ok(None),
            None | Some(false) => {}
        }
        if [&b"OggS"[..], b"fLaC"]
            .iter()
            .any(|magic| bytes.starts_with(magic))
        {
            return Err(BadAudio::Compressed);
        }
        let texts = [&b"{\""[..], b"<htm", b"<!DO", b"<!do"];
        if texts.iter().any(|text| bytes.starts_with(text)) || is_text(expected.kind) {
            return Err(BadAudio::Text);
        }
        if expected.format != Format::Pcm {
            return Err(BadAudio::Unknown);
        }
        let rate_hz = named_rate(expected.kind)?.unwrap_or(expected.rate_hz);
        Ok(Some(Self::raw(rate_hz, 1, None, bytes)))
    }

    /// Sample rate in hertz. None while more bytes are needed, never so after the end.
    ///
    /// # Errors
    /// As soon as it is clear that it cannot be decoded.
    pub fn rate_hz(&mut self) -> Result<Option<u32>, BadAudio> {
        match &mut self.decoder {
            Decoder::Raw(raw) => Ok(Some(raw.rate_hz)),
            Decoder::Mp3(mp3) => Ok(mp3.rate_hz()?),
        }
    }

    /// Adds bytes that have come.
    pub fn push(&mut self, bytes: &[u8]) {
        match &mut self.decoder {
            Decoder::Raw(raw) => raw.bytes.extend_from_slice(bytes),
            Decoder::Mp3(mp3) => mp3.push(bytes),
        }
    }

    /// No more bytes will come.
    pub fn end(&mut self) {
        match &mut self.decoder {
            Decoder::Raw(raw) => raw.ended = true,
            Decoder::Mp3(mp3) => mp3.end(),
        }
    }

    /// What has become of the bytes.
    ///
    /// # Errors
    /// When it is damaged or cut. There is nothing after an error.
    pub fn pull(&mut self) -> Result<Step, BadAudio> {
        match &mut self.decoder {
            Decoder::Raw(raw) => raw.pull(),
            Decoder::Mp3(mp3) => Ok(mp3.pull()?),
        }
    }

    fn wav(bytes: &[u8], ended: bool) -> Result<Option<Self>, BadAudio> {
        match wav::header(bytes)? {
            Some((format, at)) => {
                let bytes = bytes.get(at..).unwrap_or_default();
                let (rate_hz, n_channels) = (format.rate_hz, format.channels);
                Ok(Some(Self::raw(rate_hz, n_channels, format.n_bytes, bytes)))
            }
            None if ended => Err(BadWav::Damaged.into()),
            None => Ok(None),
        }
    }

    fn raw(rate_hz: u32, n_channels: u16, promised: Option<u64>, bytes: &[u8]) -> Self {
        let raw = Raw {
            rate_hz,
            samples: Samples::new(n_channels),
            bytes: bytes.to_vec(),
            promised,
            ended: false,
        };
        Self {
            decoder: Decoder::Raw(raw),
        }
    }
}

impl Raw {
    fn pull(&mut self) -> Result<Step, BadAudio> {
        // What follows the samples in a wav is none.
        let n = self.bytes.len() as u64;
        let n = self.promised.map_or(n, |promised| min(promised, n));
        self.promised = self.promised.map(|promised| promised - n);
        let bytes = std::mem::take(&mut self.bytes);
        let samples = self.samples.take(bytes.get(..n as usize).unwrap_or(&bytes));
        if !samples.is_empty() {
            return Ok(Step::Samples(samples));
        }
        if !self.ended && self.promised != Some(0) {
            return Ok(Step::More);
        }
        if self.promised.is_some_and(|promised| promised > 0) || !self.samples.is_complete() {
            return Err(BadAudio::Cut);
        }
        Ok(Step::End)
    }
}

/// Whether these bytes are an mp3. None while it takes more of them to tell: the mark of a frame is also a sample that can be.
fn begins_mp3(bytes: &[u8], expected: Expected<'_>) -> Option<bool> {
    if bytes.starts_with(b"ID3") {
        return Some(true);
    }
    let named = expected.format == Format::Mp3 || expected.kind.starts_with("audio/mp");
    let marked = mp3::frame::Header::parse(bytes).is_some();
    if named && marked {
        return Some(true);
    }
    mp3::is_mp3(bytes)
}

/// Whether a content type is one of texts.
fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("xml")
}

/// The rate in a content type such as `audio/pcm;rate=16000`.
fn named_rate(kind: &str) -> Result<Option<u32>, BadAudio> {
    let mut parameters = kind
        .split(';')
        .skip(1)
        .filter_map(|one| one.split_once('='));
    let rate = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("rate"));
    let Some((_, rate)) = rate else {
        return Ok(None);
    };
    let rate = rate.trim().trim_matches('"').parse().ok();
    match rate.filter(|rate| RATES_HZ.contains(rate)) {
        Some(rate) => Ok(Some(rate)),
        None => Err(BadAudio::Rate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognise(format: Format, kind: &str, bytes: &[u8]) -> Result<Option<u32>, BadAudio> {
        let rate_hz = 24_000;
        let expected = Expected {
            format,
            kind,
            rate_hz,
        };
        let audio = Audio::recognise(bytes, true, expected)?;
        audio.map_or(Ok(None), |mut audio| audio.rate_hz())
    }

    #[test]
    fn raw_samples_are_believed_only_where_they_are_asked_for() {
        let silence = &[0; 100];
        assert_eq!(
            recognise(Format::Pcm, "audio/pcm", silence),
            Ok(Some(24_000))
        );
        assert_eq!(recognise(Format::Pcm, "", silence), Ok(Some(24_000)));
        for kind in [
            "text/html",
            "Text/Plain; charset=utf-8",
            "application/json",
            "application/problem+json",
            "text/xml",
        ] {
            assert_eq!(
                recognise(Format::Pcm, kind, silence),
                Err(BadAudio::Text),
                "{kind}"
            );
        }
        for format in [Format::Wav, Format::Mp3] {
            assert_eq!(
                recognise(format, "audio/pcm", silence),
                Err(BadAudio::Unknown)
            );
        }
    }

    #[test]
    fn a_content_type_may_have_the_rate_of_raw_samples() {
        let of = |kind| recognise(Format::Pcm, kind, &[0; 100]);
        assert_eq!(of("audio/pcm; rate=16000"), Ok(Some(16_000)));
        assert_eq!(of("audio/pcm;channels=1;Rate=\"44100\""), Ok(Some(44_100)));
        for kind in [
            "audio/pcm;rate=0",
            "audio/pcm;rate=1000000",
            "audio/pcm;rate=x",
        ] {
            assert_eq!(of(kind), Err(BadAudio::Rate), "{kind}");
        }
    }
}
