//! The randomness of a voice, without randomness: the same text always sounds the same.
//!
//! Counter-based, so that any element can be computed alone and windows need no state: SplitMix64 (Steele, Lea and Flood 2014) of the position, then
//! Box-Muller, clipped. `models/convert/piper_reference.py` computes the same values.

/// No value lies further from zero. A VITS duration model fed with the far tail of the normal distribution can stretch one sound without bound.
const LIMIT: f64 = 3.0;

/// A stream of standard normal values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    seed: u64,
}

impl Noise {
    /// The stream for the durations of an utterance, seeded by its symbols (FNV-1a over their ids).
    pub(crate) fn of_durations(ids: &[i64]) -> Self {
        let seed = ids.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, id| {
            (hash ^ id.unsigned_abs()).wrapping_mul(0x0100_0000_01b3)
        });
        Self { seed }
    }

    /// The stream for the sound of the same utterance, independent of the first.
    pub(crate) fn of_sound(self) -> Self {
        Self { seed: !self.seed }
    }

    /// The value at `index`.
    pub(crate) fn at(self, index: u64) -> f32 {
        let mut state = self
            .seed
            .wrapping_add(index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        state ^= state >> 31;
        let range = 2f64.powi(32);
        #[expect(clippy::cast_precision_loss, reason = "both halves have 32 bits")]
        let (high, low) = ((state >> 32) as f64, (state & 0xFFFF_FFFF) as f64);
        let radius = (-2.0 * ((high + 0.5) / range).ln()).sqrt();
        let value = radius * (std::f64::consts::TAU * (low / range)).cos();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "single precision is wanted"
        )]
        let value = value.clamp(-LIMIT, LIMIT) as f32;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_normal_clipped_and_reproducible() {
        let noise = Noise::of_durations(&[1, 0, 26, 0, 2]);
        let values: Vec<f64> = (0..20_000).map(|i| f64::from(noise.at(i))).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05,
            "{mean} {variance}"
        );
        assert!(values.iter().all(|v| v.abs() <= LIMIT));
        assert_eq!(noise.at(7), Noise::of_durations(&[1, 0, 26, 0, 2]).at(7));
        assert_ne!(noise.at(7), noise.of_sound().at(7));
        assert_ne!(noise.at(7), Noise::of_durations(&[1, 0, 27, 0, 2]).at(7));
    }
}
