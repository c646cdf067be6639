//! Samples as they are, with the header of RIFF WAVE or with none.

use crate::{Codec, Error, Shape};

/// The rate of `pcm`, which has no header that could tell another.
pub(crate) const PCM_HZ: u32 = 24_000;

/// Bytes of the header.
const HEADER: u32 = 44;

/// Bare samples.
pub(crate) struct Pcm;

impl Codec for Pcm {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }
}

/// RIFF WAVE. A stream has the largest sizes in its header, which is how programs that write to a pipe say that they do not know.
pub(crate) struct Wav {
    shape: Shape,
    sample_rate_hz: u32,
    has_begun: bool,
    n_bytes: u32,
}

impl Wav {
    pub(crate) fn new(shape: Shape, sample_rate_hz: u32) -> Self {
        Self {
            shape,
            sample_rate_hz,
            has_begun: false,
            n_bytes: 0,
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            out.extend(header(self.sample_rate_hz, u32::MAX));
        }
    }
}

impl Codec for Wav {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), Error> {
        self.begin(out);
        let n_bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
        self.n_bytes = self.n_bytes.saturating_add(n_bytes);
        Pcm.push(samples, out)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        self.begin(out);
        Ok((self.shape == Shape::File).then(|| header(self.sample_rate_hz, self.n_bytes)))
    }
}

/// The header of mono 16-bit audio of that many bytes.
fn header(sample_rate_hz: u32, n_bytes: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER as usize);
    header.extend(b"RIFF");
    header.extend(n_bytes.saturating_add(HEADER - 8).to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16_u32.to_le_bytes());
    // Format 1 (integers), one channel.
    header.extend([1, 0, 1, 0]);
    header.extend(sample_rate_hz.to_le_bytes());
    header.extend((sample_rate_hz * 2).to_le_bytes());
    // Bytes of a sample of all channels, bits of one.
    header.extend([2, 0, 16, 0]);
    header.extend(b"data");
    header.extend(n_bytes.to_le_bytes());
    header
}
