//! The voice of both things that speak, an answer and speech alone: sentence after sentence at one sample rate.
//!
//! It knows no fallback: what a failure means is its caller's matter. Dropping a [`Sounding`] cancels its synthesis.

use std::mem;

use crate::{
    contract::{Error, tts},
    ports::{Result, Speech, Tts},
    rate::RateConverter,
};

/// Slowest and fastest speech, those of the tts contract.
const RATES: std::ops::RangeInclusive<f32> = 0.5..=2.0;

/// Who speaks, how fast, and at which sample rate.
pub(crate) struct Voice {
    wished: Option<String>,
    rate: f32,
    /// That of the first sentence, once there was one.
    sample_rate_hz: Option<u32>,
    /// Whether it was told already that another voice speaks.
    degraded: bool,
}

impl Voice {
    /// A voice at a speed, 1 for normal.
    ///
    /// # Errors
    /// `InvalidInput` when the speed is out of range.
    pub(crate) fn new(wished: Option<String>, rate: f32) -> Result<Self> {
        if !RATES.contains(&rate) {
            let text = format!("rate must be 0.5 to 2, is {rate}");
            return Err(Error::InvalidInput(text));
        }
        Ok(Self {
            wished,
            rate,
            sample_rate_hz: None,
            degraded: false,
        })
    }

    /// Whether a certain voice was wished for.
    pub(crate) fn is_wished(&self) -> bool {
        self.wished.is_some()
    }

    /// Speaks with a certain voice from now on.
    pub(crate) fn wish(&mut self, voice: String) {
        self.wished = Some(voice);
    }

    /// Speaks with the default voice from now on.
    pub(crate) fn forget_wish(&mut self) {
        self.wished = None;
    }

    /// The rate of all samples; none before the first sentence.
    pub(crate) fn sample_rate_hz(&self) -> Option<u32> {
        self.sample_rate_hz
    }

    /// Opens the synthesis of a sentence. With it comes, once at most, why it is not what the stage should have done.
    ///
    /// # Errors
    /// That of the stage; `Internal` when it breaks its contract.
    pub(crate) fn say<T: Tts + ?Sized>(
        &mut self,
        stages: &T,
        text: &str,
    ) -> Result<(Sounding, Option<String>)> {
        let options = tts::Options {
            voice: self.wished.clone(),
            rate: self.rate,
        };
        let speech = stages.synthesize(text, options)?;
        let rate = speech.sample_rate_hz();
        if rate == 0 {
            return Err(Error::Internal("it tells no sample rate".to_owned()));
        }
        let usual = *self.sample_rate_hz.get_or_insert(rate);
        let converter = (rate != usual)
            .then(|| RateConverter::new(rate, usual).map(Box::new))
            .transpose()
            .map_err(|defect| Error::Internal(defect.to_string()))?;
        let degraded = speech
            .degraded()
            .filter(|_| !mem::replace(&mut self.degraded, true));
        let sounding = Sounding { speech, converter };
        Ok((sounding, degraded))
    }
}

/// A sentence in the middle of being spoken.
pub(crate) struct Sounding {
    speech: Box<dyn Speech>,
    /// When it has another rate than the first sentence had.
    converter: Option<Box<RateConverter>>,
}

/// What the next look at a sentence gives.
pub(crate) struct Piece {
    /// May be empty.
    pub(crate) samples: Vec<i16>,
    /// Whether the sentence has ended with this.
    pub(crate) is_last: bool,
}

impl Sounding {
    /// The next samples. Not to be called again after the last piece.
    ///
    /// # Errors
    /// That of the stage; `Internal` when the resampler fails.
    pub(crate) fn next(&mut self) -> Result<Piece> {
        let samples = self.speech.next()?;
        let is_last = samples.is_none();
        let samples = match &mut self.converter {
            None => samples.unwrap_or_default(),
            Some(converter) => converter
                .take(samples.as_deref())
                .map_err(|defect| Error::Internal(defect.to_string()))?,
        };
        Ok(Piece { samples, is_last })
    }
}
