//! What a server sends, and how it is found in what is heard.

use std::path::Path;

use anyhow::Result;
use colloquy_tests::speech::Wav;

/// What a server sends, and what must be heard.
#[derive(Clone)]
pub(super) struct Sound {
    /// The content type.
    pub(super) kind: &'static str,
    pub(super) body: Vec<u8>,
    pub(super) rate_hz: u32,
    /// As wide as 16-bit samples; not rounded where a decoder of somebody else made them.
    samples: Vec<f64>,
}

impl Sound {
    pub(super) fn pcm(wav: &Wav, rate_hz: u32, kind: &'static str) -> Self {
        let bytes = wav.samples.iter().flat_map(|sample| sample.to_le_bytes());
        Self {
            kind,
            body: bytes.collect(),
            rate_hz,
            samples: wav.samples.iter().map(|s| f64::from(*s)).collect(),
        }
    }

    pub(super) fn wav(wav: &Wav, kind: &'static str) -> Result<Self> {
        let body = wav.bytes()?;
        Ok(Self {
            body,
            ..Self::pcm(wav, wav.sample_rate, kind)
        })
    }

    /// One of `encode_speech.py`'s files: encoded by LAME, the samples decoded by FFmpeg.
    pub(super) fn mp3(folder: &Path, name: &str, rate_hz: u32, kind: &'static str) -> Result<Self> {
        let samples = std::fs::read(folder.join(format!("{name}.f32")))?;
        let samples = samples.chunks_exact(4).map(|sample| {
            let sample = f32::from_le_bytes([sample[0], sample[1], sample[2], sample[3]]);
            f64::from(sample) * 32_768.0
        });
        Ok(Self {
            kind,
            body: std::fs::read(folder.join(format!("{name}.mp3")))?,
            rate_hz,
            samples: samples.collect(),
        })
    }

    /// The place where all of it is heard, which is where the next one must be after.
    pub(super) fn end_in(&self, heard: &[i16]) -> Option<usize> {
        let n = self.samples.len();
        let at = heard.windows(n).position(|window| {
            let pairs = window.iter().zip(&self.samples);
            // Rounding, and a little for the order of additions in two decoders.
            pairs
                .into_iter()
                .all(|(ours, theirs)| (f64::from(*ours) - theirs).abs() < 1.5)
        });
        at.map(|at| at + n)
    }
}
