//! Bytes become samples: signed 16-bit little-endian, cut anywhere, two channels made one.

/// Makes samples of bytes as they come.
#[derive(Debug, Clone)]
pub struct Samples {
    channels: usize,
    /// The beginning of a frame whose end has not come.
    rest: Vec<u8>,
}

impl Samples {
    /// For audio with one channel or two.
    #[must_use]
    pub fn new(channels: u16) -> Self {
        Self {
            channels: usize::from(channels.max(1)),
            rest: Vec::new(),
        }
    }

    /// The samples that are complete now.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<i16> {
        self.rest.extend(bytes);
        let frame = self.channels * 2;
        let whole = self.rest.len() / frame * frame;
        let later = self.rest.split_off(whole);
        let frames = std::mem::replace(&mut self.rest, later);
        frames.chunks_exact(frame).map(mean).collect()
    }

    /// Whether nothing is left over.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.rest.is_empty()
    }
}

/// The mean of a frame's channels.
fn mean(frame: &[u8]) -> i16 {
    let channels = frame.chunks_exact(2);
    let n = channels.len() as i32;
    let sum: i32 = channels
        .filter_map(|bytes| bytes.try_into().ok())
        .map(|bytes| i32::from(i16::from_le_bytes(bytes)))
        .sum();
    // The mean of 16-bit numbers is one.
    (sum / n.max(1)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_gives_the_same_samples() {
        let expected: Vec<i16> = (0..100).map(|n| n * 321 - 16_000).collect();
        let bytes: Vec<u8> = expected
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        for size in 1..12 {
            let mut samples = Samples::new(1);
            let taken: Vec<i16> = bytes
                .chunks(size)
                .flat_map(|bytes| samples.take(bytes))
                .collect();
            assert_eq!(taken, expected, "{size}");
            assert!(samples.is_complete());
        }
        let mut samples = Samples::new(1);
        assert_eq!(samples.take(&bytes[..5]).len(), 2);
        assert!(!samples.is_complete());
    }

    #[test]
    fn two_channels_become_their_mean() {
        let frames = [
            [1000_i16, 2000],
            [-32_768, -32_768],
            [32_767, 32_767],
            [-1, 1],
        ];
        let bytes: Vec<u8> = frames
            .iter()
            .flatten()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        for size in 1..9 {
            let mut samples = Samples::new(2);
            let taken: Vec<i16> = bytes
                .chunks(size)
                .flat_map(|bytes| samples.take(bytes))
                .collect();
            assert_eq!(taken, [1500, -32_768, 32_767, 0]);
        }
    }
}
