//! RIFF/WAVE with PCM, floating point, A-law or mu-law samples (Microsoft's "Multiple channel audio data and WAVE files").
//!
//! Sizes in the header are claims: a `data` chunk of 0, of 2^32 - 1 or of more than there is (streamed files) lasts until the bytes
//! end. Only a claim that is neither is reported as a cut.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, well_known::*};

use super::{Packet, Packets, Step, Track, u16_le, u32_le};
use crate::codec::Codec;
use crate::fault::Fault;

/// Frames in a packet. Any number would do.
const N_FRAMES: usize = 4_096;

/// The tail of every sub-format identifier that stands for a plain format tag.
const SUBFORMAT_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

pub(super) struct Wav {
    track: Track,
    bytes: Vec<u8>,
    at: usize,
    /// Where the samples that are there end; a whole number of frames after their start.
    end: usize,
    n_frame_bytes: usize,
    cut: Option<String>,
}

struct Fmt {
    codec: AudioCodecId,
    rate_hz: u32,
    n_channels: u16,
    n_frame_bytes: usize,
}

impl Wav {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, Fault> {
        let mut fmt = None;
        // The first chunk comes after "RIFF", a size and "WAVE".
        let mut at = 12;
        loop {
            let (Some(id), Some(size)) = (bytes.get(at..at + 4), u32_le(&bytes, at + 4)) else {
                return Err(Fault::malformed(match fmt {
                    None => "the wav file ends before its fmt chunk",
                    Some(_) => "the wav file ends before its data chunk",
                }));
            };
            let body = at + 8;
            let n_left = bytes.len() - body;
            let n_claimed = usize::try_from(size).unwrap_or(usize::MAX);
            match id {
                b"fmt " => {
                    fmt = Some(parse_fmt(
                        bytes
                            .get(body..body + n_claimed.min(n_left))
                            .unwrap_or_default(),
                    )?)
                }
                b"data" => {
                    let fmt = fmt.ok_or_else(|| {
                        Fault::malformed("the wav file has samples before its fmt chunk")
                    })?;
                    let open_ended = n_claimed == 0 || size >= 0x7fff_f000;
                    let n_bytes = if open_ended {
                        n_left
                    } else {
                        n_claimed.min(n_left)
                    };
                    let n_whole = n_bytes - n_bytes % fmt.n_frame_bytes;
                    let cut = (!open_ended && n_claimed > n_left).then(|| {
                        format!("the data chunk claims {n_claimed} bytes and has {n_left}")
                    });
                    let mut codec = AudioCodecParameters::new();
                    codec
                        .for_codec(fmt.codec)
                        .with_sample_rate(fmt.rate_hz)
                        .with_channels(Channels::Discrete(fmt.n_channels))
                        .with_max_frames_per_packet(N_FRAMES as u64);
                    let track = Track {
                        codec: Codec::Symphonia(Box::new(codec)),
                        n_delay: 0,
                    };
                    let end = body + n_whole;
                    return Ok(Self {
                        track,
                        bytes,
                        at: body,
                        end,
                        n_frame_bytes: fmt.n_frame_bytes,
                        cut,
                    });
                }
                _ => {}
            }
            // Chunks are padded to an even length.
            at = body
                .saturating_add(n_claimed)
                .saturating_add(n_claimed % 2)
                .min(bytes.len());
        }
    }
}

impl Packets for Wav {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next(&mut self) -> Result<Step, Fault> {
        let end = (self.at + N_FRAMES * self.n_frame_bytes).min(self.end);
        let data = self.bytes.get(self.at..end).unwrap_or_default();
        if data.is_empty() {
            return Ok(self.cut.take().map_or(Step::End, Step::Cut));
        }
        let data = data.into();
        self.at = end;
        Ok(Step::Packet(Packet {
            data,
            trim_start: 0,
            trim_end: 0,
        }))
    }
}

fn parse_fmt(body: &[u8]) -> Result<Fmt, Fault> {
    let short = || {
        Fault::malformed(format!(
            "the fmt chunk of the wav file has {} bytes, expected at least 16",
            body.len()
        ))
    };
    let mut tag = u16_le(body, 0).ok_or_else(short)?;
    let n_channels = u16_le(body, 2).ok_or_else(short)?;
    let rate_hz = u32_le(body, 4).ok_or_else(short)?;
    let n_frame_bytes = u16_le(body, 12).ok_or_else(short)?;
    let n_bits = u16_le(body, 14).ok_or_else(short)?;
    if tag == 0xfffe {
        let subformat = body
            .get(24..40)
            .ok_or_else(|| Fault::malformed("the extensible fmt chunk of the wav file is cut"))?;
        if !subformat.ends_with(&SUBFORMAT_TAIL) {
            return Err(Fault::unsupported(
                "the wav file has an unknown extensible sub-format; expected PCM, float, A-law or mu-law",
            ));
        }
        tag = u16_le(subformat, 0).ok_or_else(short)?;
    }
    if n_channels == 0 {
        return Err(Fault::malformed("the wav file has no channels"));
    }
    // The container of a sample; fewer valid bits are in its upper part and need no care.
    let n_sample_bytes = n_frame_bytes / n_channels;
    if n_frame_bytes % n_channels != 0 || n_bits > 8 * n_sample_bytes {
        return Err(Fault::malformed(format!(
            "the wav file claims {n_channels} channels of {n_bits} bits in frames of {n_frame_bytes} bytes"
        )));
    }
    let codec = match (tag, n_sample_bytes) {
        (1, 1) => CODEC_ID_PCM_U8,
        (1, 2) => CODEC_ID_PCM_S16LE,
        (1, 3) => CODEC_ID_PCM_S24LE,
        (1, 4) => CODEC_ID_PCM_S32LE,
        (3, 4) => CODEC_ID_PCM_F32LE,
        (3, 8) => CODEC_ID_PCM_F64LE,
        (6, 1) => CODEC_ID_PCM_ALAW,
        (7, 1) => CODEC_ID_PCM_MULAW,
        (tag, n_sample_bytes) => return Err(Fault::unsupported(refusal(tag, n_sample_bytes))),
    };
    Ok(Fmt {
        codec,
        rate_hz,
        n_channels,
        n_frame_bytes: n_frame_bytes.into(),
    })
}

fn refusal(tag: u16, n_sample_bytes: u16) -> String {
    let name = match tag {
        1 => format!("PCM with {n_sample_bytes} bytes a sample"),
        3 => format!("floating point with {n_sample_bytes} bytes a sample"),
        2 | 0x11 => "ADPCM".into(),
        0x31 => "GSM 6.10".into(),
        0x50 | 0x55 => "MPEG audio".into(),
        tag => format!("the format tag {tag:#06x}"),
    };
    format!(
        "a wav file with {name}; expected PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, A-law or mu-law"
    )
}
