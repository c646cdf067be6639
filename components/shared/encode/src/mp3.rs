//! MPEG Layer III: version 2 (up to 24 kHz) at a constant rate, version 1 at an average one.
//!
//! The library keeps all of a version 1 file at a constant rate to the end, because it lends bits to later frames; at an average rate
//! it does not, and a stream must not. A file begins with a frame that tells its length and the silence at both ends, so that players
//! give back exactly what was said; a stream cannot have it.

use rusty_mp3::{Error as Mp3Error, Mp3Encoder, Mp3EncoderConfig};

use crate::{Codec, Error, Shape};

/// The rates of versions 1 and 2.
pub(crate) const RATES_HZ: [u32; 6] = [16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

const KBITS: u32 = 64;
const KBITS_VERSION_1: f32 = 96.0;

pub(crate) struct Mp3 {
    shape: Shape,
    sample_rate_hz: u32,
    encoder: Mp3Encoder,
    n_packets: usize,
}

impl Mp3 {
    pub(crate) fn new(shape: Shape, sample_rate_hz: u32) -> Self {
        let encoder = Mp3Encoder::new(Mp3EncoderConfig {
            bitrate_kbps: KBITS,
            vbr_quality: (sample_rate_hz >= 32_000).then_some(KBITS_VERSION_1),
        });
        Self {
            shape,
            sample_rate_hz,
            encoder,
            n_packets: 0,
        }
    }

    fn drain(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        loop {
            match self.encoder.next_packet() {
                // The first one tells the length.
                Ok(_) if self.n_packets == 0 && self.shape == Shape::Stream => {}
                Ok(packet) => out.extend(packet),
                Err(Mp3Error::Again | Mp3Error::Eof) => return Ok(()),
                Err(error) => return Err(defect(error)),
            }
            self.n_packets += 1;
        }
    }
}

impl Codec for Mp3 {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), Error> {
        self.encoder
            .push_pcm_s16(samples, 1, self.sample_rate_hz)
            .map_err(defect)?;
        self.drain(out)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        // Tells the format even if nothing was said.
        self.push(&[], out)?;
        self.encoder.finish();
        self.drain(out)?;
        let head = self.encoder.lame_tag_frame();
        Ok(head
            .filter(|_| self.shape == Shape::File)
            .map(<[u8]>::to_vec))
    }
}

fn defect(error: impl std::fmt::Display) -> Error {
    Error::Defect(format!("mp3: {error}"))
}
