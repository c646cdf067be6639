//! A wav file of mono 16-bit samples at 16 kHz.

use crate::SAMPLE_RATE;

/// Bytes before the samples.
const HEADER: usize = 44;

/// The file.
#[must_use]
pub fn file(samples: &[i16]) -> Vec<u8> {
    let n_bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX - HEADER as u32);
    let rate = SAMPLE_RATE as u32;
    let mut file = Vec::with_capacity(HEADER + samples.len() * 2);
    file.extend(b"RIFF");
    file.extend((n_bytes + HEADER as u32 - 8).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM, one channel, rate, bytes a second, bytes a frame, bits a sample.
    file.extend([1_u16, 1].into_iter().flat_map(u16::to_le_bytes));
    file.extend([rate, rate * 2].into_iter().flat_map(u32::to_le_bytes));
    file.extend([2_u16, 16].into_iter().flat_map(u16::to_le_bytes));
    file.extend(b"data");
    file.extend(n_bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_reader_finds_the_same_samples() {
        let samples: Vec<i16> = (0..1000).map(|n| (n * 37 % 2000 - 1000) as i16).collect();
        let file = file(&samples);
        let mut reader = hound::WavReader::new(file.as_slice()).unwrap();
        let spec = reader.spec();
        assert_eq!(
            (spec.channels, spec.sample_rate, spec.bits_per_sample),
            (1, 16_000, 16)
        );
        let read: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(read, samples);
    }
}
