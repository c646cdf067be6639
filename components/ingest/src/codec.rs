//! Decodes packets to mono samples at the rate of the source.
//!
//! Containers are not known here. Channels are averaged as soon as a packet is decoded, so that nothing behind this module has more
//! than one.

pub mod opus;
mod vorbis;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::RegisterableAudioDecoder as _;
use symphonia::core::errors::Error;
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::{AacDecoder, FlacDecoder, MpaDecoder, PcmDecoder, VorbisDecoder};

use crate::container::Packet;
use crate::fault::Fault;

/// What a track is encoded with.
#[derive(Debug)]
pub enum Codec {
    /// Opus, decoded by ropus.
    Opus(opus::Head),
    /// Everything else, decoded by symphonia.
    Symphonia(Box<AudioCodecParameters>),
}

impl Codec {
    /// The name in the contract, or what is refused.
    pub fn name(&self) -> Result<&'static str, Fault> {
        let parameters = match self {
            Self::Opus(_) => return Ok("opus"),
            Self::Symphonia(parameters) => parameters,
        };
        match parameters.codec {
            CODEC_ID_MP3 => Ok("mp3"),
            CODEC_ID_FLAC => Ok("flac"),
            CODEC_ID_VORBIS => Ok("vorbis"),
            CODEC_ID_AAC => Ok("aac"),
            CODEC_ID_PCM_U8 | CODEC_ID_PCM_S16LE | CODEC_ID_PCM_S24LE | CODEC_ID_PCM_S32LE
            | CODEC_ID_PCM_F32LE | CODEC_ID_PCM_F64LE | CODEC_ID_PCM_ALAW | CODEC_ID_PCM_MULAW => {
                Ok("pcm")
            }
            other => Err(Fault::unsupported(format!(
                "the codec {other}; expected pcm, mp3, flac, vorbis, opus or aac"
            ))),
        }
    }

    /// Sample rate in hertz and channels, as far as the headers tell.
    pub fn signal(&self) -> Option<(u32, usize)> {
        match self {
            Self::Opus(head) => Some((opus::RATE_HZ, head.n_channels)),
            Self::Symphonia(parameters) => Some((
                parameters.sample_rate?,
                parameters.channels.as_ref()?.count(),
            )),
        }
    }
}

/// Samples of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// Sample rate in hertz.
    pub rate_hz: u32,
    /// Channels before they were averaged.
    pub n_channels: usize,
}

/// A decoder for one track.
pub enum Decoder {
    /// Opus.
    Opus(Box<opus::Decoder>),
    /// The others, with room for the samples of one packet.
    Symphonia(Box<dyn AudioDecoder>, Vec<f32>),
}

impl Decoder {
    /// A decoder for this codec.
    pub fn new(codec: &Codec) -> Result<Self, Fault> {
        let parameters = match codec {
            Codec::Opus(head) => return Ok(Self::Opus(Box::new(opus::Decoder::new(head)?))),
            Codec::Symphonia(parameters) => parameters,
        };
        let options = AudioDecoderOptions::default();
        let decoder = match parameters.codec {
            CODEC_ID_MP3 => MpaDecoder::try_registry_new(parameters, &options),
            CODEC_ID_FLAC => FlacDecoder::try_registry_new(parameters, &options),
            CODEC_ID_VORBIS => {
                vorbis::check_setup(parameters.extra_data.as_deref().unwrap_or_default())?;
                VorbisDecoder::try_registry_new(parameters, &options)
            }
            CODEC_ID_AAC => AacDecoder::try_registry_new(parameters, &options),
            _ => PcmDecoder::try_registry_new(parameters, &options),
        };
        let name = codec.name()?;
        let decoder = decoder.map_err(|error| match error {
            Error::Unsupported(what) => Fault::unsupported(format!(
                "{name} with something that is not supported: {what}"
            )),
            error => Fault::malformed(format!("the {name} headers are damaged: {error}")),
        })?;
        Ok(Self::Symphonia(decoder, Vec::new()))
    }

    /// Appends the samples of a packet to `mono`, trimmed. None when the packet made no samples.
    pub fn decode(
        &mut self,
        packet: &Packet,
        mono: &mut Vec<f32>,
    ) -> Result<Option<Signal>, Fault> {
        match self {
            Self::Opus(decoder) => decoder.decode(packet, mono),
            Self::Symphonia(decoder, interleaved) => {
                let mut reference =
                    PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, &packet.data);
                reference.trim_start = Duration::new(packet.trim_start);
                reference.trim_end = Duration::new(packet.trim_end);
                let decoded = decoder.decode_ref(&reference).map_err(|error| {
                    Fault::malformed(format!("a packet cannot be decoded: {error}"))
                })?;
                Ok(append_mono(&decoded, interleaved, mono))
            }
        }
    }
}

fn append_mono(
    decoded: &GenericAudioBufferRef<'_>,
    interleaved: &mut Vec<f32>,
    mono: &mut Vec<f32>,
) -> Option<Signal> {
    let n_channels = decoded.num_planes();
    if n_channels == 0 || decoded.frames() == 0 {
        return None;
    }
    decoded.copy_to_vec_interleaved(interleaved);
    average(interleaved, n_channels, mono);
    Some(Signal {
        rate_hz: decoded.spec().rate(),
        n_channels,
    })
}

/// Appends the mean of each frame of `n_channels` samples. What is not a number becomes silence.
fn average(interleaved: &[f32], n_channels: usize, mono: &mut Vec<f32>) {
    let scale = 1.0 / n_channels as f32;
    mono.extend(interleaved.chunks_exact(n_channels).map(|frame| {
        let mean = frame.iter().sum::<f32>() * scale;
        // Float files may hold anything. Bounded, so that one absurd sample cannot ring through the resampler for ever.
        if mean.is_nan() {
            0.0
        } else {
            mean.clamp(-8.0, 8.0)
        }
    }));
}
