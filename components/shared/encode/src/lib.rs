//! Speech as the audio that clients ask for: mono samples in, bytes of a file or of a stream out, as they come.
//!
//! It decides for each format which sample rates stay as they are and which are converted, and it can raise or lower the voice on the
//! way. It knows nothing of HTTP but the media types.
//!
//! Invariants: the bytes depend on the samples alone, never on how they were cut; memory is bounded by the longest block of a codec
//! (under a second of audio) however long the speech is; decoding gives the samples back without a gap, exactly for `wav`, `flac` and
//! (where the rate stays) `pcm`.

mod flac;
mod mp3;
mod ogg;
mod opus;
mod plain;

use colloquy_resample::{Defect, Resampler};

/// Lowest and highest pitch, relative to the voice's own.
pub const PITCHES: std::ops::RangeInclusive<f32> = 0.5..=2.0;

/// Sample rates in hertz that are taken.
const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// Why audio could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A sample rate that no voice has.
    #[error("a sample rate of {0} Hz is not taken")]
    SampleRate(u32),
    /// A pitch out of range.
    #[error("the pitch must be 0.5 to 2")]
    Pitch,
    /// A defect of this crate or of a library below it.
    #[error("the encoder failed: {0}")]
    Defect(String),
}

impl From<Defect> for Error {
    fn from(defect: Defect) -> Self {
        Self::Defect(defect.to_string())
    }
}

/// What comes out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// RIFF WAVE, 16 bits.
    #[default]
    Wav,
    /// Bare samples: 24 kHz, signed 16-bit little-endian, as the OpenAI API defines it.
    Pcm,
    /// FLAC, lossless.
    Flac,
    /// MPEG Layer III, 64 kbit/s (96 kbit/s on average from 32 kHz on).
    Mp3,
    /// Opus in Ogg, 32 kbit/s.
    Opus,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Wav, Self::Pcm, Self::Flac, Self::Mp3, Self::Opus];

    /// As clients name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Pcm => "pcm",
            Self::Flac => "flac",
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Its media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Pcm => "audio/pcm",
            Self::Flac => "audio/flac",
            Self::Mp3 => "audio/mpeg",
            Self::Opus => "audio/ogg",
        }
    }

    /// The sample rate of the audio when the speech has this one.
    #[must_use]
    pub fn sample_rate_hz(self, speech_hz: u32) -> u32 {
        let as_it_is: &[u32] = match self {
            Self::Wav | Self::Flac => return speech_hz,
            Self::Pcm => return plain::PCM_HZ,
            Self::Mp3 => &mp3::RATES_HZ,
            Self::Opus => &opus::RATES_HZ,
        };
        match speech_hz {
            _ if as_it_is.contains(&speech_hz) => speech_hz,
            // Up rather than down, so that nothing is lost; beyond 48 kHz there is no speech.
            ..24_000 => 24_000,
            _ => 48_000,
        }
    }
}

/// Whether the length is known when the first byte leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Bytes leave as they are made: a header must not know the length.
    Stream,
    /// The first bytes may still change in the end.
    File,
}

/// Audio in the making.
pub struct Encoder {
    codec: Box<dyn Codec>,
    /// When the codec takes another rate, or another pitch is wanted.
    resampler: Option<Box<Resampler>>,
}

/// A format, behind the resampler. After `finish` nothing is pushed.
trait Codec: Send {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), Error>;
    /// Gives for a file what its first bytes must be, now that all is known.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Error>;
}

impl Encoder {
    /// An encoder for speech of this sample rate, its voice raised (above 1) or lowered by `pitch`.
    ///
    /// Another pitch is another speed too: speech at pitch p takes 1/p of its time. Who wants its time kept asks the voice to speak
    /// p times slower.
    ///
    /// # Errors
    /// A sample rate or a pitch out of range.
    pub fn new(format: Format, shape: Shape, speech_hz: u32, pitch: f32) -> Result<Self, Error> {
        if !RATES_HZ.contains(&speech_hz) {
            return Err(Error::SampleRate(speech_hz));
        }
        if !PITCHES.contains(&pitch) {
            return Err(Error::Pitch);
        }
        let to_hz = format.sample_rate_hz(speech_hz);
        // Played p times faster, and then brought to the rate of the audio.
        let from_hz = (f64::from(speech_hz) * f64::from(pitch)).round() as u32;
        let resampler = (from_hz != to_hz)
            .then(|| Resampler::new(from_hz, to_hz).map(Box::new))
            .transpose()?;
        let codec: Box<dyn Codec> = match format {
            Format::Wav => Box::new(plain::Wav::new(shape, to_hz)),
            Format::Pcm => Box::new(plain::Pcm),
            Format::Flac => Box::new(flac::Flac::new(shape, to_hz)?),
            Format::Mp3 => Box::new(mp3::Mp3::new(shape, to_hz)),
            Format::Opus => Box::new(opus::Opus::new(to_hz)?),
        };
        Ok(Self { codec, resampler })
    }

    /// Takes samples and appends the bytes that are certain.
    ///
    /// # Errors
    /// A defect.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), Error> {
        let Some(resampler) = &mut self.resampler else {
            return self.codec.push(samples, out);
        };
        let samples: Vec<_> = samples.iter().map(|&sample| f32::from(sample)).collect();
        let mut converted = Vec::new();
        resampler.push(&samples, &mut converted)?;
        self.codec.push(&rounded(converted), out)
    }

    /// Appends the last bytes. For a file, what is given replaces as many bytes at its beginning.
    ///
    /// # Errors
    /// A defect.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        if let Some(resampler) = &mut self.resampler {
            let mut converted = Vec::new();
            resampler.finish(&mut converted)?;
            self.codec.push(&rounded(converted), out)?;
        }
        self.codec.finish(out)
    }
}

/// A whole file in the making.
pub struct File {
    encoder: Encoder,
    bytes: Vec<u8>,
}

impl File {
    /// As [`Encoder::new`].
    ///
    /// # Errors
    /// A sample rate or a pitch out of range.
    pub fn new(format: Format, speech_hz: u32, pitch: f32) -> Result<Self, Error> {
        Ok(Self {
            encoder: Encoder::new(format, Shape::File, speech_hz, pitch)?,
            bytes: Vec::new(),
        })
    }

    /// Takes samples.
    ///
    /// # Errors
    /// A defect.
    pub fn push(&mut self, samples: &[i16]) -> Result<(), Error> {
        self.encoder.push(samples, &mut self.bytes)
    }

    /// Bytes so far.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The file.
    ///
    /// # Errors
    /// A defect.
    pub fn finish(mut self) -> Result<Vec<u8>, Error> {
        let head = self.encoder.finish(&mut self.bytes)?.unwrap_or_default();
        match self.bytes.get_mut(..head.len()) {
            Some(place) => place.copy_from_slice(&head),
            None => return Err(Error::Defect("the file is shorter than its header".into())),
        }
        Ok(self.bytes)
    }
}

/// `as` saturates, so this clips.
fn rounded(samples: Vec<f32>) -> Vec<i16> {
    samples
        .into_iter()
        .map(|sample| sample.round() as i16)
        .collect()
}

#[cfg(test)]
mod tests;
