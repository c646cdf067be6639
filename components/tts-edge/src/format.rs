//! The audio that the service is asked for, and its samples as it arrives.
//!
//! The service's formats say everything in their names, such as `audio-24khz-48kbitrate-mono-mp3` and `raw-24khz-16bit-mono-pcm`.
//!
//! Invariant: after an error there is nothing more.

use colloquy_mp3::{BadMp3, Mp3, Step};

/// Rates that audio can have.
const RATES_KHZ: [u32; 5] = [8, 16, 22, 24, 48];

/// A format of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    name: String,
    coding: Coding,
    rate_hz: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Mp3,
    Pcm,
}

/// A name that is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is neither mono mp3 (audio-24khz-48kbitrate-mono-mp3) nor raw 16-bit mono PCM (raw-24khz-16bit-mono-pcm)"
)]
pub struct BadFormat;

/// Audio that is none of what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAudio {
    /// An mp3 that cannot be read.
    #[error(transparent)]
    Mp3(#[from] BadMp3),
    /// Another sample rate.
    #[error("is audio with another sample rate than it was asked for")]
    Rate,
    /// Half a sample at the end.
    #[error("is audio that was cut short")]
    Cut,
}

impl Format {
    /// Reads the service's name of a format.
    ///
    /// # Errors
    /// When it is none that is understood here.
    pub fn parse(name: &str) -> Result<Self, BadFormat> {
        let parts: Vec<&str> = name.split('-').collect();
        let (rate, coding) = match parts.as_slice() {
            ["audio", rate, _, "mono", "mp3"] => (rate, Coding::Mp3),
            ["raw", rate, "16bit", "mono", "pcm"] => (rate, Coding::Pcm),
            _ => return Err(BadFormat),
        };
        let khz = rate.strip_suffix("khz").and_then(|khz| khz.parse().ok());
        let khz = khz.filter(|khz| RATES_KHZ.contains(khz)).ok_or(BadFormat)?;
        // 22 is short for 22.05.
        let rate_hz = if khz == 22 { 22_050 } else { khz * 1000 };
        let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let format = Self {
            name: name.to_owned(),
            coding,
            rate_hz,
        };
        fits.then_some(format).ok_or(BadFormat)
    }

    /// The service's name of it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Samples per second.
    #[must_use]
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Whether a piece of audio with this content type can be it. Raw audio has various ones.
    #[must_use]
    pub fn is(&self, content_type: &str) -> bool {
        match self.coding {
            Coding::Mp3 => content_type.eq_ignore_ascii_case("audio/mpeg"),
            Coding::Pcm => !content_type.eq_ignore_ascii_case("audio/mpeg"),
        }
    }

    /// A decoder for the audio of one request.
    ///
    /// # Errors
    /// None that is known.
    pub fn decoder(&self) -> Result<Decoder, BadAudio> {
        Ok(match self.coding {
            Coding::Pcm => Decoder::Pcm { half: None },
            Coding::Mp3 => Decoder::Mp3 {
                mp3: Box::new(Mp3::new()?),
                expected_hz: Some(self.rate_hz),
            },
        })
    }
}

/// Makes samples of bytes as they come.
pub enum Decoder {
    /// Raw samples; a byte whose other half has not come.
    Pcm {
        /// That byte.
        half: Option<u8>,
    },
    /// Frames of an mp3.
    Mp3 {
        /// The decoder.
        mp3: Box<Mp3>,
        /// The rate that it must have; none once it was looked at.
        expected_hz: Option<u32>,
    },
}

impl Decoder {
    /// The samples that are complete now.
    ///
    /// # Errors
    /// When it is not the audio that was asked for, or damaged.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<i16>, BadAudio> {
        match self {
            Self::Pcm { half } => {
                let all: Vec<u8> = half
                    .take()
                    .into_iter()
                    .chain(bytes.iter().copied())
                    .collect();
                let (pairs, rest) = all.as_chunks::<2>();
                *half = rest.first().copied();
                Ok(pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect())
            }
            Self::Mp3 { mp3, expected_hz } => {
                mp3.push(bytes);
                pull(mp3, expected_hz)
            }
        }
    }

    /// The samples that come only at the end.
    ///
    /// # Errors
    /// When something is missing.
    pub fn end(&mut self) -> Result<Vec<i16>, BadAudio> {
        match self {
            Self::Pcm { half: None } => Ok(Vec::new()),
            Self::Pcm { half: Some(_) } => Err(BadAudio::Cut),
            Self::Mp3 { mp3, expected_hz } => {
                mp3.end();
                pull(mp3, expected_hz)
            }
        }
    }
}

/// Everything that can be decoded now: a frame of the service is at most [`crate::session::MAX_MESSAGE`] bytes of audio.
fn pull(mp3: &mut Mp3, expected_hz: &mut Option<u32>) -> Result<Vec<i16>, BadAudio> {
    if let Some(expected) = *expected_hz {
        match mp3.rate_hz()? {
            None => return Ok(Vec::new()),
            Some(rate) if rate == expected => *expected_hz = None,
            Some(_) => return Err(BadAudio::Rate),
        }
    }
    let mut samples = Vec::new();
    loop {
        match mp3.pull()? {
            Step::Samples(more) => samples.extend(more),
            Step::More | Step::End => return Ok(samples),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of silence: 24 kHz, mono, 48 kbit/s, 576 samples.
    fn frame() -> Vec<u8> {
        let mut frame = vec![0xff, 0xf3, 0x64, 0xc4];
        frame.resize(144, 0);
        frame
    }

    #[test]
    fn names_say_everything() {
        let format = Format::parse("audio-24khz-48kbitrate-mono-mp3").unwrap();
        assert_eq!((format.coding, format.rate_hz), (Coding::Mp3, 24_000));
        let format = Format::parse("raw-16khz-16bit-mono-pcm").unwrap();
        assert_eq!((format.coding, format.rate_hz), (Coding::Pcm, 16_000));
        for name in [
            "webm-24khz-16bit-mono-opus",
            "riff-24khz-16bit-mono-pcm",
            "audio-24khz-48kbitrate-stereo-mp3",
            "audio-11khz-48kbitrate-mono-mp3",
            "raw-24khz-8bit-mono-pcm",
            "audio-24khz-\"-mono-mp3",
            "",
        ] {
            assert_eq!(Format::parse(name), Err(BadFormat), "{name}");
        }
    }

    #[test]
    fn raw_samples_may_be_cut_anywhere() {
        let format = Format::parse("raw-24khz-16bit-mono-pcm").unwrap();
        let expected: Vec<i16> = (-50..50).map(|n| n * 321).collect();
        let bytes: Vec<u8> = expected
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        for size in 1..9 {
            let mut decoder = format.decoder().unwrap();
            let pieces = bytes.chunks(size).map(|piece| decoder.take(piece).unwrap());
            assert_eq!(pieces.collect::<Vec<_>>().concat(), expected, "{size}");
            assert_eq!(decoder.end(), Ok(Vec::new()));
        }
        let mut decoder = format.decoder().unwrap();
        assert_eq!(decoder.take(&[1]), Ok(Vec::new()));
        assert_eq!(decoder.end(), Err(BadAudio::Cut));
    }

    #[test]
    fn frames_become_samples_as_they_come() {
        let format = Format::parse("audio-24khz-48kbitrate-mono-mp3").unwrap();
        for size in [1, 100, 144, 1000] {
            let mut decoder = format.decoder().unwrap();
            let mut n = 0;
            for piece in frame().repeat(10).chunks(size) {
                n += decoder.take(piece).unwrap().len();
            }
            n += decoder.end().unwrap().len();
            assert_eq!(n, 5760, "{size}");
        }
        let mut decoder = format.decoder().unwrap();
        decoder.take(&frame()[..100]).unwrap();
        assert_eq!(decoder.end(), Err(BadAudio::Mp3(BadMp3::Cut)));
        let mut decoder = format.decoder().unwrap();
        assert_eq!(decoder.take(b"<html>"), Err(BadAudio::Mp3(BadMp3::Damaged)));
        let other = Format::parse("audio-16khz-32kbitrate-mono-mp3").unwrap();
        let mut decoder = other.decoder().unwrap();
        assert_eq!(decoder.take(&frame().repeat(2)), Err(BadAudio::Rate));
    }
}
