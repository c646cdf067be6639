//! Opus in WebM or Matroska (RFC 9559), as browsers record it: clusters of unknown size, no duration, no index.
//!
//! Segments and clusters are entered without looking at their size, so that known and unknown sizes are one case. Everything that is
//! not a track description or a block is skipped. Time stamps are not looked at: what was left out of a recording is left out here.

mod ebml;
mod lacing;

use std::collections::VecDeque;
use std::ops::Range;

use ebml::{element, unsigned, vint};

use super::{Packet, Packets, Step, Track};
use crate::codec::{Codec, opus};
use crate::fault::Fault;

mod id {
    pub(super) const EBML: u32 = 0x1a45_dfa3;
    pub(super) const DOC_TYPE: u32 = 0x4282;
    pub(super) const SEGMENT: u32 = 0x1853_8067;
    pub(super) const TRACKS: u32 = 0x1654_ae6b;
    pub(super) const TRACK_ENTRY: u32 = 0xae;
    pub(super) const TRACK_NUMBER: u32 = 0xd7;
    pub(super) const TRACK_TYPE: u32 = 0x83;
    pub(super) const CODEC_ID: u32 = 0x86;
    pub(super) const CODEC_PRIVATE: u32 = 0x63a2;
    pub(super) const CONTENT_ENCODINGS: u32 = 0x6d80;
    pub(super) const CLUSTER: u32 = 0x1f43_b675;
    pub(super) const SIMPLE_BLOCK: u32 = 0xa3;
    pub(super) const BLOCK_GROUP: u32 = 0xa0;
    pub(super) const BLOCK: u32 = 0xa1;
    pub(super) const DISCARD_PADDING: u32 = 0x75a2;
}

/// The track type of audio.
const AUDIO: u64 = 2;

/// The number of a track and its Opus header.
struct Audio {
    number: u64,
    head: opus::Head,
}

pub(super) struct WebM {
    bytes: Vec<u8>,
    at: usize,
    track: Track,
    number: u64,
    /// Packets of the current block.
    ready: VecDeque<Packet>,
}

impl WebM {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, Fault> {
        let mut at = 0;
        let mut audio = None;
        loop {
            let start = at;
            let ends = |_| Fault::malformed("the WebM file ends before its first cluster");
            let element = element(&bytes, at)?.ok_or(()).map_err(ends)?;
            at = element.body.end;
            let body = bytes.get(element.body.clone());
            match element.id {
                id::EBML if start == 0 => check_doc_type(body.ok_or(()).map_err(ends)?)?,
                id::SEGMENT => at = element.body.start,
                id::TRACKS if element.open => {
                    return Err(Fault::malformed(
                        "the track list of the WebM file has no size",
                    ));
                }
                id::TRACKS => audio = Some(find_audio(body.ok_or(()).map_err(ends)?)?),
                id::CLUSTER => {
                    let Audio { number, head } =
                        audio.ok_or_else(|| Fault::malformed("the WebM file has no track list"))?;
                    let track = Track {
                        n_delay: head.n_pre_skip.into(),
                        codec: Codec::Opus(head),
                    };
                    return Ok(Self {
                        bytes,
                        at: start,
                        track,
                        number,
                        ready: VecDeque::new(),
                    });
                }
                _ if element.open => return Err(open_element(start)),
                _ => {}
            }
        }
    }

    /// Queues the frames of a block (RFC 9559, section 10).
    fn queue(&mut self, block: Range<usize>, discard_ns: u64) -> Result<(), Fault> {
        let damaged =
            |what: &str| Fault::malformed(format!("the WebM block at byte {} {what}", block.start));
        let body = self.bytes.get(block.clone()).unwrap_or_default();
        let (number, n_number) = vint(body, 0).ok_or_else(|| damaged("has no track number"))?;
        if number != self.number {
            return Ok(());
        }
        // Two bytes of time, one of flags.
        let flags = *body
            .get(n_number + 2)
            .ok_or_else(|| damaged("is too short"))?;
        let content = body.get(n_number + 3..).unwrap_or_default();
        let frames = lacing::frames(flags >> 1 & 3, content);
        let frames = frames.ok_or_else(|| damaged("has frame sizes that do not add up"))?;
        let n_frames = frames.len();
        for (index, frame) in frames.into_iter().enumerate() {
            // 48 samples are a millisecond. Padding is at the end of the last frame.
            let trim_end = if index + 1 == n_frames {
                discard_ns.saturating_mul(6) / 125_000
            } else {
                0
            };
            self.ready.push_back(Packet {
                data: frame.into(),
                trim_start: 0,
                trim_end,
            });
        }
        Ok(())
    }

    fn queue_group(&mut self, group: Range<usize>) -> Result<(), Fault> {
        let (mut block, mut discard_ns) = (None, 0);
        let mut at = group.start;
        while let Some(child) = element(self.bytes.get(..group.end).unwrap_or_default(), at)? {
            if child.open || child.body.end > group.end {
                return Err(Fault::malformed(format!(
                    "an element within the WebM block group at byte {} is too long",
                    group.start
                )));
            }
            at = child.body.end;
            match child.id {
                id::BLOCK => block = Some(child.body),
                // Signed; a negative value would discard at the start, which Opus in WebM does by its pre-skip.
                id::DISCARD_PADDING => {
                    let field = self.bytes.get(child.body).unwrap_or_default();
                    let negative = field.first().is_some_and(|byte| byte & 0x80 != 0);
                    discard_ns = if negative {
                        0
                    } else {
                        unsigned(field).unwrap_or(0)
                    };
                }
                _ => {}
            }
        }
        block.map_or(Ok(()), |block| self.queue(block, discard_ns))
    }
}

impl Packets for WebM {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next(&mut self) -> Result<Step, Fault> {
        loop {
            if let Some(packet) = self.ready.pop_front() {
                return Ok(Step::Packet(packet));
            }
            let start = self.at;
            if start >= self.bytes.len() {
                return Ok(Step::End);
            }
            let cut = || {
                Ok(Step::Cut(format!(
                    "the WebM element at byte {start} is cut"
                )))
            };
            let Some(element) = element(&self.bytes, start)? else {
                return cut();
            };
            if element.id == id::CLUSTER || element.id == id::SEGMENT {
                self.at = element.body.start;
                continue;
            }
            if element.id == id::EBML {
                return Err(Fault::malformed(format!(
                    "a second WebM recording begins at byte {start}; expected one"
                )));
            }
            if element.open {
                return Err(open_element(start));
            }
            if element.body.end > self.bytes.len() {
                return cut();
            }
            self.at = element.body.end;
            match element.id {
                id::SIMPLE_BLOCK => self.queue(element.body, 0)?,
                id::BLOCK_GROUP => self.queue_group(element.body)?,
                _ => {}
            }
        }
    }
}

fn open_element(at: usize) -> Fault {
    Fault::malformed(format!(
        "the WebM element at byte {at} has no size, which only segments and clusters may"
    ))
}

fn check_doc_type(ebml: &[u8]) -> Result<(), Fault> {
    let mut at = 0;
    while let Some(child) = element(ebml, at)? {
        if child.id == id::DOC_TYPE {
            return match ebml.get(child.body) {
                Some(b"webm" | b"matroska") => Ok(()),
                _ => Err(Fault::unsupported(
                    "an EBML document that is neither WebM nor Matroska",
                )),
            };
        }
        at = child.body.end;
    }
    Err(Fault::malformed("the EBML header has no document type"))
}

fn find_audio(tracks: &[u8]) -> Result<Audio, Fault> {
    let mut at = 0;
    let mut others = Vec::new();
    while let Some(entry) = element(tracks, at)? {
        at = entry.body.end;
        if entry.id != id::TRACK_ENTRY {
            continue;
        }
        let entry = tracks
            .get(entry.body)
            .ok_or_else(|| Fault::malformed("a track description of the WebM file is cut"))?;
        match parse_entry(entry)? {
            Entry::Opus(audio) => return Ok(audio),
            Entry::Other(codec) => others.push(codec),
        }
    }
    Err(Fault::unsupported(if others.is_empty() {
        "a WebM file without tracks; expected an Opus track".into()
    } else {
        format!(
            "a WebM file with {} and no Opus track; expected one",
            others.join(", ")
        )
    }))
}

enum Entry {
    Opus(Audio),
    /// The name of a codec that is not decoded.
    Other(String),
}

fn parse_entry(entry: &[u8]) -> Result<Entry, Fault> {
    let (mut number, mut kind, mut codec, mut private, mut encoded) =
        (None, None, None, None, false);
    let mut at = 0;
    while let Some(child) = element(entry, at)? {
        at = child.body.end;
        let body = entry
            .get(child.body)
            .ok_or_else(|| Fault::malformed("a track description of the WebM file is cut"))?;
        match child.id {
            id::TRACK_NUMBER => number = unsigned(body),
            id::TRACK_TYPE => kind = unsigned(body),
            id::CODEC_ID => codec = Some(body),
            id::CODEC_PRIVATE => private = Some(body),
            id::CONTENT_ENCODINGS => encoded = true,
            _ => {}
        }
    }
    let codec = codec.unwrap_or_default();
    if kind != Some(AUDIO) || codec != b"A_OPUS" {
        let name = codec
            .iter()
            .take(24)
            .filter(|byte| byte.is_ascii_graphic())
            .map(|byte| char::from(*byte))
            .collect();
        return Ok(Entry::Other(name));
    }
    if encoded {
        return Err(Fault::unsupported(
            "a WebM track that is compressed or encrypted once more; expected plain Opus",
        ));
    }
    let number =
        number.ok_or_else(|| Fault::malformed("a track of the WebM file has no number"))?;
    let private =
        private.ok_or_else(|| Fault::malformed("the Opus track of the WebM file has no header"))?;
    Ok(Entry::Opus(Audio {
        number,
        head: opus::Head::parse(private)?,
    }))
}
