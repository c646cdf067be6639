//! Opus in Ogg (RFC 3533, RFC 7845): one logical stream, page checksums verified, granule positions turned into trimming.
//!
//! Pages of other streams are skipped. A second Opus stream behind the first (chaining) is refused, since its parameters may differ.

use std::collections::VecDeque;

use super::{Packet, Packets, Step, Track, u32_le};
use crate::codec::{Codec, opus};
use crate::fault::Fault;

/// Longest packet that is put together from pages, in bytes. The longest that Opus can make is 61,440 bytes for a stereo stream.
const MAX_PACKET: usize = 1 << 20;

pub(super) struct OggOpus {
    track: Track,
    pages: Pages,
    serial: u32,
    /// Packets of the current page.
    ready: VecDeque<Packet>,
    /// Samples of all packets so far.
    n_samples: u64,
    /// Granule position of the first sample: not zero when a live stream was joined. Known after the first page with a position.
    origin: Option<u64>,
    ended: bool,
    cut: Option<String>,
}

/// Whether the first page holds the header of an Opus stream.
pub(super) fn is_opus(bytes: &[u8]) -> bool {
    let n_segments = bytes.get(26).copied().map_or(0, usize::from);
    bytes
        .get(27 + n_segments..)
        .is_some_and(|body| body.starts_with(b"OpusHead"))
}

impl OggOpus {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, Fault> {
        let mut pages = Pages {
            bytes,
            at: 0,
            partial: Vec::new(),
        };
        let Found::Page(first) = pages.next(None)? else {
            return Err(Fault::malformed("the Ogg file ends in its first page"));
        };
        let head = first
            .packets
            .first()
            .ok_or_else(|| Fault::malformed("the first Ogg page has no packet"))?;
        let head = opus::Head::parse(head)?;
        let serial = first.serial;
        // The comments are a packet of their own, over any number of pages.
        loop {
            match pages.next(Some(serial))? {
                Found::Page(page) if page.packets.is_empty() => {}
                Found::Page(page)
                    if page
                        .packets
                        .first()
                        .is_some_and(|packet| packet.starts_with(b"OpusTags")) =>
                {
                    break;
                }
                Found::Page(_) => {
                    return Err(Fault::malformed("the Ogg Opus file has no comment header"));
                }
                Found::End | Found::Cut(_) => {
                    return Err(Fault::malformed("the Ogg Opus file ends in its headers"));
                }
            }
        }
        let track = Track {
            n_delay: head.n_pre_skip.into(),
            codec: Codec::Opus(head),
        };
        Ok(Self {
            track,
            pages,
            serial,
            ready: VecDeque::new(),
            n_samples: 0,
            origin: None,
            ended: false,
            cut: None,
        })
    }

    /// Queues the packets of a page. On the last page, what lies behind its granule position is trimmed.
    fn queue(&mut self, page: Page) -> Result<(), Fault> {
        let mut lengths = Vec::with_capacity(page.packets.len());
        for packet in &page.packets {
            lengths.push(opus::n_samples(packet)?);
        }
        let n_page: u64 = lengths.iter().sum();
        let end = page.granule;
        if self.origin.is_none()
            && let Some(end) = end
        {
            // A last page may end early, so that its position says nothing about the start (RFC 7845, section 4.5).
            self.origin = Some(if page.last {
                0
            } else {
                end.saturating_sub(self.n_samples + n_page)
            });
        }
        let mut n_keep = match (page.last, end, self.origin) {
            (true, Some(end), Some(origin)) => {
                end.saturating_sub(origin).saturating_sub(self.n_samples)
            }
            _ => u64::MAX,
        };
        self.n_samples += n_page;
        self.ended |= page.last;
        for (data, n) in page.packets.into_iter().zip(lengths) {
            let trim_end = n.saturating_sub(n_keep);
            n_keep -= n_keep.min(n);
            self.ready.push_back(Packet {
                data: data.into(),
                trim_start: 0,
                trim_end,
            });
        }
        Ok(())
    }
}

impl Packets for OggOpus {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next(&mut self) -> Result<Step, Fault> {
        loop {
            if let Some(packet) = self.ready.pop_front() {
                return Ok(Step::Packet(packet));
            }
            if let Some(cut) = self.cut.take() {
                return Ok(Step::Cut(cut));
            }
            match self.pages.next(Some(self.serial))? {
                Found::Page(page) if self.ended || page.first => {
                    let _ = page;
                    return Err(Fault::unsupported(
                        "an Ogg file with several Opus streams one after the other; expected one",
                    ));
                }
                Found::Page(page) => {
                    self.cut.clone_from(&page.cut);
                    self.queue(page)?;
                }
                Found::Cut(_) | Found::End if self.ended => return Ok(Step::End),
                Found::Cut(what) => return Ok(Step::Cut(what)),
                Found::End => return Ok(Step::Cut("the Ogg stream has no last page".into())),
            }
        }
    }
}

/// Walks over pages and joins packets that span them.
struct Pages {
    bytes: Vec<u8>,
    at: usize,
    /// The beginning of a packet that continues on the next page.
    partial: Vec<u8>,
}

struct Page {
    serial: u32,
    first: bool,
    last: bool,
    /// Position after the last packet that ends on this page; none when no packet does.
    granule: Option<u64>,
    packets: Vec<Vec<u8>>,
    /// Set when the bytes end within this page; it then holds the packets before the end.
    cut: Option<String>,
}

enum Found {
    Page(Page),
    End,
    Cut(String),
}

impl Pages {
    /// The next page of the stream `serial`, or of any when none is given. A page that begins a stream is returned in any case.
    fn next(&mut self, serial: Option<u32>) -> Result<Found, Fault> {
        loop {
            let start = self.at;
            let rest = self.bytes.get(start..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(Found::End);
            }
            let cut = || format!("the Ogg page at byte {start} is cut");
            let n_magic = rest.len().min(4);
            if rest.get(..n_magic) != b"OggS".get(..n_magic) {
                return Err(Fault::malformed(format!("no Ogg page at byte {start}")));
            }
            let Some(header) = rest.first_chunk::<27>() else {
                return Ok(Found::Cut(cut()));
            };
            let [_, _, _, _, version, flags, ..] = *header;
            if version != 0 {
                return Err(Fault::malformed(format!(
                    "the Ogg page at byte {start} has version {version}, expected 0"
                )));
            }
            let n_segments = usize::from(*header.last().unwrap_or(&0));
            let (Some(table), Some(page_serial), Some(checksum)) = (
                rest.get(27..27 + n_segments),
                u32_le(rest, 14),
                u32_le(rest, 22),
            ) else {
                return Ok(Found::Cut(cut()));
            };
            let body = 27 + n_segments;
            let n_page = body + table.iter().map(|n| usize::from(*n)).sum::<usize>();
            let whole = rest.get(..n_page);
            if let Some(whole) = whole
                && crc(whole) != checksum
            {
                return Err(Fault::malformed(format!(
                    "the Ogg page at byte {start} fails its checksum"
                )));
            }
            // A page that claims to go on past the end of the file is a cut one only when no other page follows.
            if whole.is_none() && rest.windows(4).skip(1).any(|bytes| bytes == b"OggS") {
                return Err(Fault::malformed(format!(
                    "the Ogg page at byte {start} claims the pages after it"
                )));
            }
            let granule = rest
                .get(6..14)
                .and_then(|field| field.first_chunk())
                .map(|field| u64::from_le_bytes(*field));
            let (first, last) = (flags & 2 != 0, flags & 4 != 0);
            self.at = start + n_page.min(rest.len());
            let ours = serial.is_none_or(|serial| serial == page_serial);
            if !(ours || first && is_opus(rest)) {
                continue;
            }
            if flags & 1 == 0 {
                self.partial.clear();
            }
            let mut packets = Vec::new();
            let mut at = body;
            for &n in table {
                let Some(segment) = rest.get(at..at + usize::from(n)) else {
                    break;
                };
                at += usize::from(n);
                if self.partial.len() + segment.len() > MAX_PACKET {
                    return Err(Fault::malformed(format!(
                        "an Ogg packet has more than {MAX_PACKET} bytes"
                    )));
                }
                self.partial.extend_from_slice(segment);
                if n < 255 {
                    packets.push(std::mem::take(&mut self.partial));
                }
            }
            let cut = whole.is_none().then(cut);
            // All ones: no packet ends here. A cut page keeps no promise about its end either.
            let granule = granule.filter(|granule| *granule != u64::MAX && cut.is_none());
            let last = last && cut.is_none();
            return Ok(Found::Page(Page {
                serial: page_serial,
                first,
                last,
                granule,
                packets,
                cut,
            }));
        }
    }
}

/// The checksum of a page with its checksum field as zero: polynomial 0x04c11db7, not reflected, from zero (RFC 3533, section 6).
fn crc(page: &[u8]) -> u32 {
    const TABLE: [u32; 256] = crc_table();
    page.iter().enumerate().fold(0, |sum, (at, byte)| {
        let byte = if (22..26).contains(&at) { 0 } else { *byte };
        let index = (sum >> 24) as u8 ^ byte;
        sum << 8 ^ TABLE.get(usize::from(index)).copied().unwrap_or_default()
    })
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time with an index below the length"
)]
const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut sum = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 0x8000_0000 != 0 {
                sum << 1 ^ 0x04c1_1db7
            } else {
                sum << 1
            };
            bit += 1;
        }
        table[index] = sum;
        index += 1;
    }
    table
}
