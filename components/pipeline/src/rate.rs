//! Another voice in the middle of an answer, at the sample rate of the first: an answer has one rate.

use colloquy_resample::{Defect, Resampler};

/// Speech of one sentence on its way to the rate of the answer.
pub(crate) struct RateConverter {
    resampler: Resampler,
    ended: bool,
}

impl RateConverter {
    /// Between two rates.
    pub(crate) fn new(from_hz: u32, to_hz: u32) -> Result<Self, Defect> {
        Ok(Self {
            resampler: Resampler::new(from_hz, to_hz)?,
            ended: false,
        })
    }

    /// What can be told of the next samples, or of the end.
    pub(crate) fn take(&mut self, samples: Option<&[i16]>) -> Result<Vec<i16>, Defect> {
        let mut out = Vec::new();
        match samples {
            Some(samples) => {
                let samples: Vec<_> = samples.iter().map(|&sample| f32::from(sample)).collect();
                self.resampler.push(&samples, &mut out)?;
            }
            None if std::mem::replace(&mut self.ended, true) => {}
            None => self.resampler.finish(&mut out)?,
        }
        // `as` saturates, so this clips.
        Ok(out
            .into_iter()
            .map(|sample| sample.round() as i16)
            .collect())
    }
}
