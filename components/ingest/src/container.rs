//! Opens a container and hands out packets of its first audio track.
//!
//! Each container is a [`Packets`]: what the track is ([`Track`]) and one packet after the other. Decoding is not done here.
//!
//! wav, Ogg with Opus and WebM are read by own code: small grammars, for which the library at hand refuses real files (streamed wav with
//! unknown sizes, a cut last packet), drops the end trimming (WebM) or miscounts packets of many frames (Ogg Opus). The rest is symphonia.

mod mp4;
mod ogg_opus;
mod symphonia;
mod wav;
mod webm;

use crate::codec::Codec;
use crate::fault::Fault;
use crate::magic::Container;

/// An audio track and how to decode it.
#[derive(Debug)]
pub struct Track {
    /// The decoder's parameters.
    pub codec: Codec,
    /// Samples to drop at the start, at the track's rate: encoder delay that the packets do not announce themselves.
    pub n_delay: u64,
}

/// Encoded audio.
#[derive(Debug)]
pub struct Packet {
    /// The bytes of one packet.
    pub data: Box<[u8]>,
    /// Samples to drop at the start, at the track's rate.
    pub trim_start: u64,
    /// Samples to drop at the end, at the track's rate.
    pub trim_end: u64,
}

/// One step through a container.
#[derive(Debug)]
pub enum Step {
    /// The next packet.
    Packet(Packet),
    /// The recording ends here, completely.
    End,
    /// The bytes end in the middle of something; the text names it. Every packet before was whole.
    Cut(String),
}

/// The packets of one track, in order.
pub trait Packets {
    /// The track that was chosen.
    fn track(&self) -> &Track;

    /// The next packet. After [`Step::End`], [`Step::Cut`] or a fault it must not be called again.
    fn next(&mut self) -> Result<Step, Fault>;
}

/// Opens `bytes`, which begin with this container.
pub fn open(container: Container, bytes: Vec<u8>) -> Result<Box<dyn Packets>, Fault> {
    match container {
        Container::Wav => Ok(Box::new(wav::Wav::open(bytes)?)),
        Container::WebM => Ok(Box::new(webm::WebM::open(bytes)?)),
        Container::Ogg if ogg_opus::is_opus(&bytes) => {
            Ok(Box::new(ogg_opus::OggOpus::open(bytes)?))
        }
        Container::Ogg | Container::Flac | Container::Mp3 | Container::Mp4 => {
            symphonia::open(container, bytes)
        }
    }
}

/// Little-endian and big-endian integers in a slice; none when it is too short.
fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u16::from_le_bytes(*field))
}

fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u32::from_le_bytes(*field))
}
