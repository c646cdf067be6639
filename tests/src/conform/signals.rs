//! Inputs: generated sounds, WAV files made of them, and real recordings where they have been fetched.

use std::f32::consts::TAU;

use super::rig::Rig;
use super::verdict::Unmet;

/// Samples a second between stages.
pub const RATE: usize = 16_000;

/// A sine, interleaved on all channels, for so many milliseconds.
#[must_use]
pub fn sine(rate: usize, channels: usize, hertz: f32, ms: usize) -> Vec<i16> {
    let frames = rate * ms / 1000;
    let sample = |at: usize| ((TAU * hertz * at as f32 / rate as f32).sin() * 12_000.0) as i16;
    (0..frames)
        .flat_map(|at| std::iter::repeat_n(sample(at), channels))
        .collect()
}

/// Noise that is the same each time (xorshift), with this peak.
#[must_use]
pub fn noise(n: usize, peak: i16) -> Vec<i16> {
    let mut state = 0x2545_f491_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        ((state >> 16) as i16 as i32 * i32::from(peak) / 32_768) as i16
    };
    std::iter::repeat_with(next).take(n).collect()
}

/// A WAV file of 16-bit samples.
#[must_use]
pub fn wav(rate: usize, channels: usize, samples: &[i16]) -> Vec<u8> {
    let n_bytes = samples.len() as u32 * 2;
    let (rate, channels) = (rate as u32, channels as u16);
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + n_bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&channels.to_le_bytes());
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(rate * u32::from(channels) * 2).to_le_bytes());
    file.extend_from_slice(&(channels * 2).to_le_bytes());
    file.extend_from_slice(&16_u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&n_bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

/// Sound in bursts of half a second with pauses of a second, so that a detector has something to decide.
#[must_use]
pub fn bursts(seconds: usize) -> Vec<i16> {
    let mut all = noise(seconds * RATE, 20);
    for start in (RATE / 2..all.len()).step_by(RATE * 3 / 2) {
        let burst = sine(RATE, 1, 200.0, 500);
        all.iter_mut()
            .skip(start)
            .zip(burst)
            .for_each(|(to, from)| *to = to.saturating_add(from));
    }
    all
}

/// Parts of uneven lengths, from one sample to thousands.
pub fn cut<T: Clone>(all: &[T]) -> impl Iterator<Item = Vec<T>> + '_ {
    let lengths = [1, 2, 3, 511, 513, 7, 4096, 64, 1000, 20_000];
    let mut rest = all;
    let mut at = 0;
    std::iter::from_fn(move || {
        let length = lengths
            .get(at % lengths.len())
            .copied()
            .unwrap_or(1)
            .min(rest.len());
        let (part, more) = rest
            .split_at_checked(length)
            .filter(|(part, _)| !part.is_empty())?;
        (rest, at) = (more, at + 1);
        Some(part.to_vec())
    })
}

/// President Kennedy, 11 s at 16 kHz: the file.
pub fn speech_file(rig: &Rig) -> Result<Vec<u8>, Unmet> {
    let skipped = || Unmet::Skipped("no recordings; `cargo xtask recordings` fetches them".into());
    let folder = rig.settings().recordings.as_ref().ok_or_else(skipped)?;
    std::fs::read(folder.join("pywhispercpp/jfk.wav")).map_err(|_| skipped())
}

/// The samples of [`speech_file`].
pub fn speech(rig: &Rig) -> Result<Vec<i16>, Unmet> {
    let unreadable = |error: hound::Error| Unmet::Skipped(format!("pywhispercpp/jfk.wav: {error}"));
    let file = speech_file(rig)?;
    let reader = hound::WavReader::new(file.as_slice()).map_err(unreadable)?;
    reader
        .into_samples::<i16>()
        .collect::<Result<_, _>>()
        .map_err(unreadable)
}
