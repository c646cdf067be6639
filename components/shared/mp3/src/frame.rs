//! The header of a frame of MPEG audio layer III: how long it is, and what it sounds like (ISO 11172-3 2.4.2.3, ISO 13818-3 2.4.2.3,
//! and the half rates that are called MPEG-2.5).
//!
//! Layers I and II, and frames of free length, are no frames here: no speech server makes them, and each pattern that is refused makes
//! it less likely that something else is taken for one.

/// Bytes of a header.
pub const N_HEADER: usize = 4;
/// Samples of a granule, of each channel.
const N_GRANULE: u32 = 576;

/// kbit/s of MPEG-1, and of the others; index 0 is free length.
const RATES_1: [u32; 15] = [
    0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
];
const RATES_2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Two granules, not one; also other tables.
    is_mpeg1: bool,
    /// Hertz.
    pub rate_hz: u32,
    /// One or two.
    pub n_channels: usize,
    /// Bytes of the frame, with its header; at most 1,441.
    pub n_bytes: usize,
}

impl Header {
    /// Reads the header at the beginning of `bytes`; none when there is none.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let word = u32::from_be_bytes(*bytes.first_chunk::<N_HEADER>()?);
        // Eleven bits of sync, two of version, and 01 for the layer.
        if word >> 21 != 0x7ff || (word >> 17) & 3 != 1 {
            return None;
        }
        let (is_mpeg1, halved) = match (word >> 19) & 3 {
            3 => (true, 0),
            2 => (false, 1),
            0 => (false, 2),
            _ => return None,
        };
        let kbits = if is_mpeg1 { RATES_1 } else { RATES_2 };
        let kbits = *kbits
            .get((word >> 12) as usize & 15)
            .filter(|&&kbits| kbits > 0)?;
        let rate_hz = *[44_100_u32, 48_000, 32_000].get((word >> 10) as usize & 3)? >> halved;
        let n_samples = if is_mpeg1 { 2 * N_GRANULE } else { N_GRANULE };
        let n_padding = (word >> 9) & 1;
        let n_bytes = n_samples / 8 * kbits * 1000 / rate_hz + n_padding;
        Some(Self {
            is_mpeg1,
            rate_hz,
            n_channels: if (word >> 6) & 3 == 3 { 1 } else { 2 },
            n_bytes: n_bytes as usize,
        })
    }

    /// Samples that the frame makes, of each channel.
    #[must_use]
    pub fn n_samples(&self) -> u32 {
        if self.is_mpeg1 {
            2 * N_GRANULE
        } else {
            N_GRANULE
        }
    }

    /// Bytes between the header and the audio.
    #[must_use]
    pub fn n_side_info(&self) -> usize {
        match (self.is_mpeg1, self.n_channels) {
            (true, 1) => 17,
            (true, _) => 32,
            (false, 1) => 9,
            (false, _) => 17,
        }
    }

    /// Whether both can be of one stream.
    #[must_use]
    pub fn goes_with(&self, other: &Self) -> bool {
        (self.is_mpeg1, self.rate_hz, self.n_channels)
            == (other.is_mpeg1, other.rate_hz, other.n_channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_of_known_frames() {
        for (bytes, rate_hz, n_channels, n_bytes, n_samples, n_side_info) in [
            // What LAME writes: 128 kbit/s joint stereo, and the usual rates of speech.
            ([0xff, 0xfb, 0x90, 0x64], 44_100, 2, 417, 1152, 32),
            ([0xff, 0xfb, 0x92, 0x64], 44_100, 2, 418, 1152, 32),
            ([0xff, 0xfb, 0x54, 0xc4], 48_000, 1, 192, 1152, 17),
            ([0xff, 0xf3, 0x84, 0xc4], 24_000, 1, 192, 576, 9),
            ([0xff, 0xf3, 0x48, 0xc4], 16_000, 1, 144, 576, 9),
            ([0xff, 0xe3, 0x18, 0xc4], 8_000, 1, 72, 576, 9),
            ([0xff, 0xe3, 0x18, 0x04], 8_000, 2, 72, 576, 17),
            // The longest there is.
            ([0xff, 0xfa, 0xea, 0x04], 32_000, 2, 1441, 1152, 32),
        ] {
            let header = Header::parse(&bytes).unwrap();
            assert_eq!(
                (header.rate_hz, header.n_channels, header.n_bytes),
                (rate_hz, n_channels, n_bytes),
                "{bytes:x?}"
            );
            assert_eq!(
                (header.n_samples(), header.n_side_info()),
                (n_samples, n_side_info),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn what_is_no_header_of_layer_three() {
        for bytes in [
            // No sync, the version that is none, layers 0, II and I, free length, and the values that mean nothing.
            &[0xff, 0xdb, 0x90, 0x64][..],
            &[0xfe, 0xfb, 0x90, 0x64],
            &[0xff, 0xeb, 0x90, 0x64],
            &[0xff, 0xf9, 0x90, 0x64],
            &[0xff, 0xfd, 0x90, 0x64],
            &[0xff, 0xff, 0x90, 0x64],
            &[0xff, 0xfb, 0x00, 0x64],
            &[0xff, 0xfb, 0xf0, 0x64],
            &[0xff, 0xfb, 0x9c, 0x64],
            &[0xff, 0xfb, 0x90],
            b"RIFF",
        ] {
            assert_eq!(Header::parse(bytes), None, "{bytes:x?}");
        }
    }
}
