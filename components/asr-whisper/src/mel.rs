//! Log-mel features, the input of Whisper's encoder.
//!
//! One frame every 10 ms from a 25 ms Hann window, power spectrum, triangular filters on Slaney's mel scale up to 8 kHz, decadic
//! logarithm, and a dynamic range of 8 decades below the loudest bin, mapped to about -1 to 1. These are the steps and constants of
//! openai/whisper's `log_mel_spectrogram`, with the edges as faster-whisper has them: the samples are mirrored at the start and
//! followed by silence at the end.
//!
//! Invariant: the features of a recording are a prefix of those of the same recording with silence after it, as long as that silence
//! is not louder than the recording. This is why a short encoder input can stand for a padded one.

use std::f64::consts::PI;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

use crate::SAMPLE_RATE;

/// Samples from one frame to the next: 10 ms.
pub const HOP: usize = 160;
/// Samples under the window: 25 ms, also the length of the transform.
const WINDOW: usize = 400;
const BINS: usize = WINDOW / 2 + 1;
/// The smallest power that is told from nothing.
const FLOOR: f32 = 1e-10;

/// Log-mel features: `n_mels` rows of `frames` values, row after row, as the encoder takes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Number of mel bands.
    pub n_mels: usize,
    /// Number of 10 ms frames.
    pub frames: usize,
    /// `values[band * frames + frame]`.
    pub values: Vec<f32>,
    /// The value that silence after this recording has: the lower end of its range.
    pub silence: f32,
}

impl Features {
    /// The same features with `frames` frames: cut, or filled up with `level`.
    #[must_use]
    pub fn resized(&self, frames: usize, level: f32) -> Self {
        let kept = frames.min(self.frames);
        let mut values = Vec::with_capacity(self.n_mels * frames);
        for row in self.values.chunks_exact(self.frames.max(1)) {
            values.extend(row.iter().take(kept));
            values.extend(std::iter::repeat_n(level, frames - kept));
        }
        values.resize(self.n_mels * frames, level);
        Self {
            n_mels: self.n_mels,
            frames,
            values,
            silence: self.silence,
        }
    }
}

/// Computes features; holds the transform's plan, the window and the filters.
pub struct Extractor {
    transform: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    filters: Vec<Filter>,
}

/// One triangular band: weights for neighbouring bins of the spectrum, from `first` on. Most bands cover a handful of 201 bins.
struct Filter {
    first: usize,
    weights: Vec<f32>,
}

impl Extractor {
    /// An extractor with `n_mels` bands: 80 for most Whisper models, 128 for the large ones since v3.
    #[must_use]
    pub fn new(n_mels: usize) -> Self {
        let window = (0..WINDOW)
            .map(|i| 0.5 - 0.5 * (2.0 * PI * i as f64 / WINDOW as f64).cos())
            .collect();
        Self {
            transform: RealFftPlanner::new().plan_fft_forward(WINDOW),
            window,
            filters: filters(n_mels),
        }
    }

    /// The features of mono samples (-1 to 1, 16 kHz): one frame for every full 10 ms.
    #[must_use]
    pub fn features(&self, samples: &[f32]) -> Features {
        let frames = samples.len() / HOP;
        let n_mels = self.filters.len();
        let padded = padded(samples);
        let mut values = vec![0.0; n_mels * frames];
        let mut loudest = f32::NEG_INFINITY;
        let mut spectrum = Spectrum::new(self.transform.as_ref());

        // One frame more than is kept: the reference looks for the loudest bin there too.
        for (frame, window) in padded
            .windows(WINDOW)
            .step_by(HOP)
            .take(frames + 1)
            .enumerate()
        {
            colloquy_breathe::breathe();
            let power = spectrum.power(self.transform.as_ref(), window, &self.window);
            for (band, filter) in self.filters.iter().enumerate() {
                let log = filter.apply(power).max(FLOOR).log10();
                loudest = loudest.max(log);
                if let Some(value) = values
                    .get_mut(band * frames + frame)
                    .filter(|_| frame < frames)
                {
                    *value = log;
                }
            }
        }
        let lowest = loudest - 8.0;
        for value in &mut values {
            *value = scaled(value.max(lowest));
        }
        Features {
            n_mels,
            frames,
            values,
            silence: scaled(FLOOR.log10().max(lowest)),
        }
    }
}

/// About -1 to 1, as the model was trained.
fn scaled(log: f32) -> f32 {
    (log + 4.0) / 4.0
}

/// Half a window mirrored in front (without repeating the first sample), a hop of silence and half a window behind.
fn padded(samples: &[f32]) -> Vec<f32> {
    let half = WINDOW / 2;
    let mut padded = Vec::with_capacity(samples.len() + WINDOW + HOP);
    padded.extend(
        (1..=half)
            .rev()
            .map(|i| samples.get(i).copied().unwrap_or(0.0)),
    );
    padded.extend_from_slice(samples);
    padded.extend(std::iter::repeat_n(0.0, HOP + half));
    padded
}

/// Buffers of the transform, reused from frame to frame. Double precision: bins 8 decades below the loudest one count, and single
/// precision leaves them in the transform's rounding noise.
struct Spectrum {
    input: Vec<f64>,
    output: Vec<realfft::num_complex::Complex<f64>>,
    scratch: Vec<realfft::num_complex::Complex<f64>>,
    power: Vec<f32>,
}

impl Spectrum {
    fn new(transform: &dyn RealToComplex<f64>) -> Self {
        Self {
            input: transform.make_input_vec(),
            output: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            power: vec![0.0; BINS],
        }
    }

    fn power(
        &mut self,
        transform: &dyn RealToComplex<f64>,
        samples: &[f32],
        window: &[f64],
    ) -> &[f32] {
        for ((input, sample), weight) in self.input.iter_mut().zip(samples).zip(window) {
            *input = f64::from(*sample) * weight;
        }
        // The lengths come from the plan itself, so this cannot fail; if it did, the old output would be used.
        let done =
            transform.process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
        debug_assert!(done.is_ok(), "buffers were made by the plan");
        for (power, bin) in self.power.iter_mut().zip(&self.output) {
            *power = bin.norm_sqr() as f32;
        }
        &self.power
    }
}

impl Filter {
    fn apply(&self, power: &[f32]) -> f32 {
        power
            .iter()
            .skip(self.first)
            .zip(&self.weights)
            .map(|(power, weight)| power * weight)
            .sum()
    }
}

/// Triangles between neighbouring points of the mel scale, each of equal area ("slaney" normalisation in librosa's terms).
fn filters(n_mels: usize) -> Vec<Filter> {
    let highest = hertz_to_mel(SAMPLE_RATE as f64 / 2.0);
    let points: Vec<f64> = (0..n_mels + 2)
        .map(|i| mel_to_hertz(highest * i as f64 / (n_mels + 1) as f64))
        .collect();
    let hertz = |bin: usize| (bin * SAMPLE_RATE) as f64 / WINDOW as f64;
    points
        .windows(3)
        .filter_map(|edges| {
            let &[low, centre, high] = edges else {
                return None;
            };
            let weight = |f: f64| {
                ((f - low) / (centre - low))
                    .min((high - f) / (high - centre))
                    .max(0.0)
                    * 2.0
                    / (high - low)
            };
            let first = (0..BINS).find(|&bin| hertz(bin) > low).unwrap_or(BINS);
            let weights = (first..BINS)
                .map(|bin| weight(hertz(bin)) as f32)
                .take_while(|weight| *weight > 0.0)
                .collect();
            Some(Filter { first, weights })
        })
        .collect()
}

/// Slaney's scale: linear up to 1 kHz, which is mel 15, then a factor of 6.4 every 27 mels.
fn mel_to_hertz(mel: f64) -> f64 {
    if mel < 15.0 {
        mel * 200.0 / 3.0
    } else {
        1000.0 * ((mel - 15.0) * 6.4_f64.ln() / 27.0).exp()
    }
}

fn hertz_to_mel(hertz: f64) -> f64 {
    if hertz < 1000.0 {
        hertz * 3.0 / 200.0
    } else {
        15.0 + (hertz / 1000.0).ln() * 27.0 / 6.4_f64.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[derive(serde::Deserialize)]
    struct Golden {
        file: String,
        shape: [usize; 2],
        stride: usize,
        frames: Vec<Vec<f32>>,
    }

    fn check(golden: &str) {
        let golden: Golden = serde_json::from_str(golden).unwrap();
        let Some(samples) = testing::recording(&golden.file) else {
            return;
        };
        let features = Extractor::new(golden.shape[0]).features(&samples);
        assert_eq!([features.n_mels, features.frames], golden.shape);
        for (index, expected) in golden.frames.iter().enumerate() {
            let frame = index * golden.stride;
            for (band, expected) in expected.iter().enumerate() {
                let value = features.values[band * features.frames + frame];
                assert!(
                    (value - expected).abs() < 1e-4,
                    "frame {frame}, band {band}: {value} is not {expected}"
                );
            }
        }
    }

    #[test]
    fn equals_the_reference_with_80_bands() {
        check(include_str!("../../../tests/golden/asr/mel-80.json"));
    }

    #[test]
    fn equals_the_reference_with_128_bands() {
        check(include_str!("../../../tests/golden/asr/mel-128.json"));
    }

    #[test]
    fn silence_after_the_recording_does_not_change_its_features() {
        let tone: Vec<f32> = (0..SAMPLE_RATE)
            .map(|i| (i as f32 * 0.2).sin() * 0.3)
            .collect();
        let mut padded = tone.clone();
        padded.resize(3 * SAMPLE_RATE, 0.0);
        let extractor = Extractor::new(80);
        let (short, long) = (extractor.features(&tone), extractor.features(&padded));
        assert_eq!((short.frames, long.frames), (100, 300));
        assert_eq!(short, long.resized(100, 0.0));
        // The two frames at the end of the tone still hear a part of it.
        let after = |band: usize| &long.values[band * 300 + 102..(band + 1) * 300];
        assert!((0..80).all(|band| after(band).iter().all(|value| *value == short.silence)));
    }

    #[test]
    fn digital_silence_and_nothing_have_features_too() {
        let extractor = Extractor::new(80);
        let silence = extractor.features(&[0.0; 1600]);
        assert!(
            silence
                .values
                .iter()
                .chain([&silence.silence])
                .all(|value| (*value - -1.5).abs() < 1e-6)
        );
        let empty = extractor.features(&[]);
        assert_eq!((empty.frames, empty.values.len()), (0, 0));
        assert_eq!(empty.resized(3, 0.5).values, vec![0.5; 240]);
    }

    #[test]
    fn resizing_keeps_rows_apart() {
        let features = Features {
            n_mels: 2,
            frames: 2,
            values: vec![1.0, 2.0, 3.0, 4.0],
            silence: -1.0,
        };
        assert_eq!(
            features.resized(3, 0.0).values,
            [1.0, 2.0, 0.0, 3.0, 4.0, 0.0]
        );
        assert_eq!(features.resized(1, 0.0).values, [1.0, 3.0]);
    }
}
