//! The bounds of one recording.

use crate::fault::{Fault, Rejection};

/// Sample rates for which resampling is meaningful and its filter small, in hertz. Limits of a caller can only be narrower.
const RATES_HZ: std::ops::RangeInclusive<u32> = 2_000..=384_000;

/// Bounds that hold while bytes arrive and while they are decoded, whatever a header claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most encoded bytes.
    pub max_bytes: u64,
    /// Least decoded audio, in milliseconds.
    pub min_duration_ms: u32,
    /// Most decoded audio, in milliseconds.
    pub max_duration_ms: u32,
    /// Lowest sample rate, in hertz.
    pub min_sample_rate_hz: u32,
    /// Highest sample rate, in hertz.
    pub max_sample_rate_hz: u32,
    /// Most channels.
    pub max_channels: u16,
}

impl Limits {
    /// Fails with [`Fault::Contract`] when no recording could ever satisfy these limits.
    pub fn check(&self) -> Result<(), Fault> {
        let contradiction = if self.max_bytes == 0 {
            "max-bytes is 0: no recording would be accepted".to_owned()
        } else if self.max_channels == 0 {
            "max-channels is 0: no recording would be accepted".to_owned()
        } else if self.max_duration_ms == 0 {
            "max-duration-ms is 0: no recording would be accepted".to_owned()
        } else if self.min_duration_ms > self.max_duration_ms {
            format!(
                "min-duration-ms {} is greater than max-duration-ms {}",
                self.min_duration_ms, self.max_duration_ms
            )
        } else if self.min_sample_rate_hz > self.max_sample_rate_hz {
            format!(
                "min-sample-rate-hz {} is greater than max-sample-rate-hz {}",
                self.min_sample_rate_hz, self.max_sample_rate_hz
            )
        } else {
            return Ok(());
        };
        Err(Fault::Contract(contradiction))
    }

    /// Refuses a recording of more than `max_bytes`.
    pub fn check_bytes(&self, n_bytes: u64) -> Result<(), Fault> {
        if n_bytes <= self.max_bytes {
            return Ok(());
        }
        Err(Fault::Rejected(
            Rejection::TooLarge,
            format!(
                "the recording has more than {} bytes, the limit",
                self.max_bytes
            ),
        ))
    }

    /// Refuses a sample rate or a number of channels outside the limits.
    pub fn check_signal(&self, rate_hz: u32, n_channels: usize) -> Result<(), Fault> {
        let low = self.min_sample_rate_hz.max(*RATES_HZ.start());
        let high = self.max_sample_rate_hz.min(*RATES_HZ.end());
        if rate_hz < low {
            return Err(Fault::unsupported(format!(
                "sample rate {rate_hz} Hz is below the limit of {low} Hz"
            )));
        }
        if rate_hz > high {
            return Err(Fault::unsupported(format!(
                "sample rate {rate_hz} Hz is above the limit of {high} Hz"
            )));
        }
        if n_channels == 0 {
            return Err(Fault::malformed("the recording has no channels"));
        }
        if n_channels > usize::from(self.max_channels) {
            return Err(Fault::unsupported(format!(
                "{n_channels} channels are more than the limit of {}",
                self.max_channels
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        max_bytes: 1_000,
        min_duration_ms: 100,
        max_duration_ms: 30_000,
        min_sample_rate_hz: 8_000,
        max_sample_rate_hz: 96_000,
        max_channels: 2,
    };

    #[test]
    fn contradictions_name_both_sides() {
        assert_eq!(LIMITS.check(), Ok(()));
        let fault = Limits {
            min_duration_ms: 40_000,
            ..LIMITS
        }
        .check()
        .unwrap_err();
        assert_eq!(
            fault.to_string(),
            "min-duration-ms 40000 is greater than max-duration-ms 30000"
        );
        assert!(matches!(fault, Fault::Contract(_)));
        for broken in [
            Limits {
                max_bytes: 0,
                ..LIMITS
            },
            Limits {
                max_channels: 0,
                ..LIMITS
            },
            Limits {
                min_duration_ms: 0,
                max_duration_ms: 0,
                ..LIMITS
            },
            Limits {
                min_sample_rate_hz: 96_001,
                ..LIMITS
            },
        ] {
            assert!(
                matches!(broken.check(), Err(Fault::Contract(_))),
                "{broken:?}"
            );
        }
    }

    #[test]
    fn rates_and_channels_are_named_with_their_limit() {
        assert_eq!(
            LIMITS.check_signal(4_000, 1).unwrap_err().to_string(),
            "sample rate 4000 Hz is below the limit of 8000 Hz"
        );
        assert_eq!(
            LIMITS.check_signal(192_000, 1).unwrap_err().to_string(),
            "sample rate 192000 Hz is above the limit of 96000 Hz"
        );
        assert_eq!(
            LIMITS.check_signal(16_000, 6).unwrap_err().to_string(),
            "6 channels are more than the limit of 2"
        );
        assert_eq!(LIMITS.check_signal(48_000, 2), Ok(()));
        assert!(LIMITS.check_signal(48_000, 0).is_err());
    }
}
