//! Mono samples at any rate to mono samples at another.
//!
//! A windowed-sinc filter (rubato), applied in chunks of a fixed length: the output depends on the samples alone, never on how they
//! were cut. The delay of the filter is removed, so sample 0 of the output is at the time of sample 0 of the input, and n samples
//! at rate r become `n * s / r` samples at rate s, rounded.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

/// A defect of this crate or of a library below it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Defect(String);

/// Filter length in samples of the lower of both rates. With the window below the filter falls from the passband to the stopband
/// (-90 dB) between about 89 and 100 % of half that rate.
const N_TAPS: usize = 160;

/// Input samples that are filtered at once.
const N_CHUNK: usize = 1_024;

/// Up to this many filter phases are tabulated; where a rate has more, those between are interpolated. 640 covers 11.025 kHz and all its
/// multiples exactly.
const MAX_PHASES: u32 = 640;

/// A resampler with its delay removed.
pub struct Resampler {
    /// None when the input already has the right rate.
    filter: Option<Filter>,
}

struct Filter {
    sinc: Async<f32>,
    from_hz: u32,
    to_hz: u32,
    /// Input that does not fill a chunk yet.
    pending: Vec<f32>,
    scratch: Vec<f32>,
    /// Output samples that still belong to the delay.
    n_skip: u64,
    n_in: u64,
    n_out: u64,
}

impl Resampler {
    /// A resampler between these rates, neither of which may be zero.
    ///
    /// # Errors
    /// A defect.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, Defect> {
        if from_hz == to_hz {
            return Ok(Self { filter: None });
        }
        Ok(Self {
            filter: Some(Filter::new(from_hz, to_hz)?),
        })
    }

    /// Takes samples and appends to `out` what can be told from them.
    ///
    /// # Errors
    /// A defect.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) -> Result<(), Defect> {
        match &mut self.filter {
            None => {
                out.extend_from_slice(samples);
                Ok(())
            }
            Some(filter) => filter.push(samples, out),
        }
    }

    /// Appends the rest. Nothing may be pushed afterwards.
    ///
    /// # Errors
    /// A defect.
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), Defect> {
        match &mut self.filter {
            None => Ok(()),
            Some(filter) => filter.finish(out),
        }
    }
}

impl Filter {
    fn new(from_hz: u32, to_hz: u32) -> Result<Self, Defect> {
        if from_hz == 0 || to_hz == 0 {
            return Err(Defect("there is no rate of 0 Hz".to_owned()));
        }
        let divisor = gcd(from_hz, to_hz);
        // Output sample k is at the time of input sample k * down / up.
        let (up, down) = (to_hz / divisor, from_hz / divisor);
        let n_taps = (N_TAPS * from_hz.max(to_hz) as usize / to_hz as usize).next_multiple_of(8);
        // A divisor, so that the tabulated phases are among those that occur.
        let n_tabulated = (1..=up.min(MAX_PHASES))
            .rev()
            .find(|n| up.is_multiple_of(*n))
            .unwrap_or(1);
        let parameters = SincInterpolationParameters {
            sinc_len: n_taps,
            // The cut-off is relative to the lower of both rates, so the length must be too.
            f_cutoff: Some(rubato::calculate_cutoff(
                N_TAPS,
                WindowFunction::BlackmanHarris,
            )),
            oversampling_factor: n_tabulated as usize,
            interpolation: if n_tabulated == up {
                SincInterpolationType::Nearest
            } else {
                SincInterpolationType::Cubic
            },
            window: WindowFunction::BlackmanHarris,
        };
        let ratio = f64::from(up) / f64::from(down);
        let sinc = Async::new_sinc(ratio, 1.0, &parameters, N_CHUNK, 1, FixedAsync::Input)
            .map_err(|error| Defect(format!("no resampler for {from_hz} Hz: {error}")))?;

        // rubato's first output sample looks at the input position `down / up - n_taps / 2 + phase`, where `phase` is one tabulated
        // step. Zeros in front move the time of sample 0 onto an output sample, so that the whole delay can be dropped exactly.
        let phase = u64::from(up / n_tabulated);
        let (half, up, down) = (n_taps as u64 / 2, u64::from(up), u64::from(down));
        let n_zeros = (0..down)
            .find(|zeros| ((half + zeros) * up - phase).is_multiple_of(down))
            .ok_or_else(|| Defect(format!("no alignment for {from_hz} Hz")))?;
        let n_skip = (((half + n_zeros) * up - phase) / down).saturating_sub(1);
        Ok(Self {
            sinc,
            from_hz,
            to_hz,
            pending: vec![0.0; n_zeros as usize],
            scratch: Vec::new(),
            n_skip,
            n_in: 0,
            n_out: 0,
        })
    }

    fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) -> Result<(), Defect> {
        self.n_in += samples.len() as u64;
        self.pending.extend_from_slice(samples);
        self.filter(out)
    }

    fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), Defect> {
        let rate = u64::from(self.from_hz);
        let n_total = (self.n_in * u64::from(self.to_hz) + rate / 2) / rate;
        while self.n_out < n_total {
            let n_missing = N_CHUNK - self.pending.len().min(N_CHUNK - 1);
            self.pending.resize(self.pending.len() + n_missing, 0.0);
            self.filter(out)?;
        }
        out.truncate(out.len() - (self.n_out - n_total) as usize);
        self.n_out = n_total;
        Ok(())
    }

    /// Filters every whole chunk that is pending.
    fn filter(&mut self, out: &mut Vec<f32>) -> Result<(), Defect> {
        let mut n_used = 0;
        while self.pending.len() - n_used >= N_CHUNK {
            let n_next = self.sinc.output_frames_next();
            self.scratch.resize(n_next.max(1), 0.0);
            let (_, n_made) = {
                let n_in = self.pending.len();
                let input = SequentialSlice::new(&self.pending, 1, n_in).map_err(defect)?;
                let n_scratch = self.scratch.len();
                let mut output =
                    SequentialSlice::new_mut(&mut self.scratch, 1, n_scratch).map_err(defect)?;
                let indexing = Indexing::new().input_offset(n_used);
                self.sinc
                    .process_into_buffer(&input, &mut output, Some(&indexing))
                    .map_err(defect)?
            };
            n_used += N_CHUNK;
            let n_skip = self.n_skip.min(n_made as u64) as usize;
            self.n_skip -= n_skip as u64;
            let made = self.scratch.get(n_skip..n_made).unwrap_or_default();
            self.n_out += made.len() as u64;
            out.extend_from_slice(made);
        }
        self.pending.drain(..n_used);
        Ok(())
    }
}

fn defect(error: impl std::fmt::Display) -> Defect {
    Defect(format!("the resampler failed: {error}"))
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What recognisers take.
    const RATE_HZ: u32 = 16_000;

    fn tone(rate_hz: u32, hz: f64, n: usize) -> Vec<f32> {
        (0..n)
            .map(|k| {
                (0.5 * (std::f64::consts::TAU * hz * k as f64 / f64::from(rate_hz)).sin()) as f32
            })
            .collect()
    }

    fn resampled(rate_hz: u32, samples: &[f32], chunk: usize) -> Vec<f32> {
        let mut resampler = Resampler::new(rate_hz, RATE_HZ).unwrap();
        let mut out = Vec::new();
        for part in samples.chunks(chunk) {
            resampler.push(part, &mut out).unwrap();
        }
        resampler.finish(&mut out).unwrap();
        out
    }

    fn power(samples: impl Iterator<Item = f32>) -> f64 {
        samples.map(|sample| f64::from(sample).powi(2)).sum()
    }

    /// The last three have more phases than are tabulated.
    const RATES: [u32; 16] = [
        4_000, 8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200,
        96_000, 192_000, 44_056, 9_999, 37_820,
    ];

    #[test]
    fn a_tone_keeps_its_time_and_shape() {
        for rate in RATES {
            for hz in [200.0, 1_000.0, 0.42 * f64::from(rate.min(RATE_HZ))] {
                let out = resampled(rate, &tone(rate, hz, rate as usize), 997);
                assert_eq!(out.len(), 16_000, "{rate} Hz");
                let expected = tone(RATE_HZ, hz, 16_000);
                // The ends are a step from and to silence, which no band-limited signal follows.
                let inner = 1_000..15_000;
                let error = power(
                    out[inner.clone()]
                        .iter()
                        .zip(&expected[inner.clone()])
                        .map(|(a, b)| a - b),
                );
                let snr = 10.0 * (power(expected[inner].iter().copied()) / error).log10();
                assert!(snr > 75.0, "{rate} Hz, tone of {hz} Hz: {snr:.1} dB");
            }
        }
    }

    #[test]
    fn what_is_above_8_khz_does_not_come_back() {
        for rate in [44_100, 48_000, 96_000, 44_056] {
            for hz in [8_100.0, 9_000.0, 12_345.0, 15_900.0, 20_000.0] {
                let out = resampled(rate, &tone(rate, hz, rate as usize), 4_096);
                let left = power(out[1_000..15_000].iter().copied());
                let rejection =
                    10.0 * (power(tone(RATE_HZ, 1_000.0, 14_000).into_iter()) / left).log10();
                assert!(
                    rejection > 80.0,
                    "{rate} Hz, tone of {hz} Hz: {rejection:.1} dB"
                );
            }
        }
    }

    #[test]
    fn chunking_changes_nothing() {
        for rate in [8_000, 44_100, 48_000, 44_056] {
            let samples = tone(rate, 700.0, 20_011);
            let whole = resampled(rate, &samples, usize::MAX);
            for chunk in [1, 160, 1_024, 5_000] {
                assert!(
                    whole == resampled(rate, &samples, chunk),
                    "{rate} Hz in chunks of {chunk}"
                );
            }
        }
    }

    #[test]
    fn one_voice_at_the_rate_of_another() {
        for (from, to) in [
            (22_050, 24_000),
            (24_000, 22_050),
            (16_000, 24_000),
            (48_000, 24_000),
        ] {
            let mut resampler = Resampler::new(from, to).unwrap();
            let mut out = Vec::new();
            resampler
                .push(&tone(from, 1_000.0, from as usize), &mut out)
                .unwrap();
            resampler.finish(&mut out).unwrap();
            assert_eq!(out.len(), to as usize);
            let inner = 2_000..to as usize - 2_000;
            let expected = tone(to, 1_000.0, to as usize);
            let error = power(
                out[inner.clone()]
                    .iter()
                    .zip(&expected[inner.clone()])
                    .map(|(a, b)| a - b),
            );
            let snr = 10.0 * (power(expected[inner].iter().copied()) / error).log10();
            assert!(snr > 75.0, "{from} to {to} Hz: {snr:.1} dB");
        }
    }

    #[test]
    fn length_is_exact() {
        for rate in RATES {
            for n in [0, 1, 7, 1_023, 1_024, 1_025, 30_011] {
                let expected = (n as f64 * 16_000.0 / f64::from(rate)).round() as usize;
                assert_eq!(
                    resampled(rate, &vec![0.1; n], 333).len(),
                    expected,
                    "{n} at {rate} Hz"
                );
            }
        }
    }
}
