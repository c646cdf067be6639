//! Writes a RIFF WAVE file: 16-bit PCM, mono, with the plain 44-byte header that every player knows.

/// Bytes before the samples.
pub const HEADER_BYTES: usize = 44;

/// A wav file of these samples.
#[must_use]
pub fn encode(samples: &[i16], sample_rate_hz: u32) -> Vec<u8> {
    let data_bytes = u32::try_from(samples.len().saturating_mul(2)).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(HEADER_BYTES + samples.len() * 2);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + data_bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes()); // integer PCM
    file.extend_from_slice(&1_u16.to_le_bytes()); // one channel
    file.extend_from_slice(&sample_rate_hz.to_le_bytes());
    file.extend_from_slice(&sample_rate_hz.saturating_mul(2).to_le_bytes()); // bytes a second
    file.extend_from_slice(&2_u16.to_le_bytes()); // bytes a sample
    file.extend_from_slice(&16_u16.to_le_bytes()); // bits a sample
    file.extend_from_slice(b"data");
    file.extend_from_slice(&data_bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_laid_out_as_the_format_says() {
        let file = encode(&[1, -2], 22_050);
        let expected = b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x22\x56\0\0\x44\xac\0\0\x02\0\x10\0data\x04\0\0\0\x01\0\xfe\xff";
        assert_eq!(file, expected);
        assert_eq!(encode(&[], 8_000).len(), HEADER_BYTES);
    }
}
