//! Opus packets to mono samples at 48 kHz, through ropus, a port of libopus to Rust.
//!
//! Mono and stereo streams (channel mapping families 0 and 1); surround streams are refused.
//! The header is that of RFC 7845, section 5.1, which Ogg, WebM and mp4 share.

use ropus::{Channels, DecodeMode};

use crate::codec::Signal;
use crate::container::Packet;
use crate::fault::Fault;

/// Opus always decodes at this rate here; the rate in its header is only what the encoder was given.
pub const RATE_HZ: u32 = 48_000;

/// The longest packet: 120 ms.
const MAX_SAMPLES: u64 = 5_760;

/// The identification header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Channels of the stream, 1 or 2.
    pub n_channels: usize,
    /// Samples at 48 kHz to drop from the start.
    pub n_pre_skip: u16,
    /// Gain to apply, in 1/256 dB.
    pub gain: i16,
}

impl Head {
    /// Parses the header that begins with `OpusHead`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let (
            Some(b"OpusHead"),
            Some(
                &[
                    version,
                    n_channels,
                    skip_low,
                    skip_high,
                    _,
                    _,
                    _,
                    _,
                    gain_low,
                    gain_high,
                    family,
                ],
            ),
        ) = (
            bytes.first_chunk(),
            bytes.get(8..).and_then(|rest| rest.first_chunk()),
        )
        else {
            return Err(Fault::malformed("the Opus header is cut or is none"));
        };
        if version >> 4 != 0 {
            return Err(Fault::unsupported(format!(
                "Opus with the header version {version}; expected 0 to 15"
            )));
        }
        if family > 1 || n_channels > 2 {
            return Err(Fault::unsupported(format!(
                "Opus with {n_channels} channels in the mapping family {family}; expected mono or stereo"
            )));
        }
        if n_channels == 0 {
            return Err(Fault::malformed("the Opus header has no channels"));
        }
        // Family 1 with up to two channels is one stream as in family 0; anything else would need the mapping table.
        if family == 1 && bytes.get(19..21) != Some(&[1, n_channels - 1]) {
            return Err(Fault::unsupported(
                "Opus with several streams; expected one mono or stereo stream",
            ));
        }
        Ok(Self {
            n_channels: n_channels.into(),
            n_pre_skip: u16::from_le_bytes([skip_low, skip_high]),
            gain: i16::from_le_bytes([gain_low, gain_high]),
        })
    }
}

/// Samples at 48 kHz in a packet, from its first bytes (RFC 6716, section 3.1).
pub fn n_samples(packet: &[u8]) -> Result<u64, Fault> {
    let toc = *packet
        .first()
        .ok_or_else(|| Fault::malformed("an Opus packet is empty"))?;
    let config = toc >> 3;
    let n_frame = match config {
        0..12 => [480, 960, 1_920, 2_880].get(usize::from(config & 3)),
        12..16 => [480, 960].get(usize::from(config & 1)),
        _ => [120, 240, 480, 960].get(usize::from(config & 3)),
    };
    let n_frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(
            packet
                .get(1)
                .ok_or_else(|| Fault::malformed("an Opus packet is cut"))?
                & 0x3f,
        ),
    };
    let n = n_frames * n_frame.copied().unwrap_or(0);
    if n == 0 || n > MAX_SAMPLES {
        return Err(Fault::malformed(format!(
            "an Opus packet claims {n} samples, expected 1 to {MAX_SAMPLES}"
        )));
    }
    Ok(n)
}

/// A decoder for one stream.
pub struct Decoder {
    inner: ropus::Decoder,
    n_channels: usize,
    interleaved: Vec<f32>,
}

impl Decoder {
    /// A decoder for a stream with this header.
    pub fn new(head: &Head) -> Result<Self, Fault> {
        let channels = if head.n_channels == 1 {
            Channels::Mono
        } else {
            Channels::Stereo
        };
        let defect = |text: String| Fault::Internal(format!("no Opus decoder: {text}"));
        let mut inner =
            ropus::Decoder::new(RATE_HZ, channels).map_err(|error| defect(format!("{error:?}")))?;
        inner
            .set_gain(head.gain.into())
            .map_err(|error| defect(format!("{error:?}")))?;
        let interleaved = vec![0.0; MAX_SAMPLES as usize * head.n_channels];
        Ok(Self {
            inner,
            n_channels: head.n_channels,
            interleaved,
        })
    }

    /// Appends the samples of a packet to `mono`, trimmed.
    pub fn decode(
        &mut self,
        packet: &Packet,
        mono: &mut Vec<f32>,
    ) -> Result<Option<Signal>, Fault> {
        // Checked first, since an empty packet would ask the decoder to invent what was lost.
        n_samples(&packet.data)?;
        let n = self
            .inner
            .decode_float(&packet.data, &mut self.interleaved, DecodeMode::Normal)
            .map_err(|error| {
                Fault::malformed(format!("an Opus packet cannot be decoded: {error:?}"))
            })?;
        let start = usize::try_from(packet.trim_start)
            .unwrap_or(usize::MAX)
            .min(n);
        let end = n - usize::try_from(packet.trim_end)
            .unwrap_or(usize::MAX)
            .min(n - start);
        let kept = self
            .interleaved
            .get(start * self.n_channels..end * self.n_channels)
            .unwrap_or_default();
        super::average(kept, self.n_channels, mono);
        Ok((end > start).then_some(Signal {
            rate_hz: RATE_HZ,
            n_channels: self.n_channels,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_checked() {
        let head = b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\xff\0";
        assert_eq!(
            Head::parse(head).unwrap(),
            Head {
                n_channels: 2,
                n_pre_skip: 312,
                gain: -256
            }
        );
        assert!(Head::parse(&head[..18]).is_err());
        let mut surround = *head;
        surround[9] = 6;
        surround[18] = 1;
        assert!(
            Head::parse(&surround)
                .unwrap_err()
                .to_string()
                .contains("6 channels")
        );
    }

    #[test]
    fn durations_follow_the_first_byte() {
        // Configuration 1: SILK of 20 ms; 19: CELT of 20 ms; 16: CELT of 2.5 ms.
        assert_eq!(n_samples(&[1 << 3]), Ok(960));
        assert_eq!(n_samples(&[19 << 3 | 1]), Ok(1_920));
        assert_eq!(n_samples(&[16 << 3 | 3, 48]), Ok(5_760));
        assert!(n_samples(&[16 << 3 | 3, 49]).is_err());
        assert!(n_samples(&[3]).is_err());
        assert!(n_samples(&[]).is_err());
    }
}
