//! Ogg pages (RFC 3533) of one logical stream: whole packets only, none longer than a page can hold.

/// Most packets of a page. With Opus packets of 20 ms a page is 0.2 s.
const MAX_PACKETS: usize = 10;

/// Any number does: there is one stream.
const SERIAL: u32 = 0x636f_6c6c;

const FIRST: u8 = 2;
const LAST: u8 = 4;

/// Writes packets as pages.
#[derive(Default)]
pub(crate) struct Pages {
    /// Packets that wait for their page, with the position after each.
    pending: Vec<(Vec<u8>, u64)>,
    n_pages: u32,
}

impl Pages {
    /// A page of its own for a header packet; the first one begins the stream.
    pub(crate) fn header(&mut self, packet: Vec<u8>, out: &mut Vec<u8>) {
        let kind = if self.n_pages == 0 { FIRST } else { 0 };
        self.page(&[(packet, 0)], kind, out);
    }

    /// Adds a packet; `position` is where the stream is after it.
    pub(crate) fn packet(&mut self, packet: Vec<u8>, position: u64, out: &mut Vec<u8>) {
        // One packet always waits, for the last page needs one.
        if self.pending.len() >= MAX_PACKETS {
            let packets = std::mem::take(&mut self.pending);
            self.page(&packets, 0, out);
        }
        self.pending.push((packet, position));
    }

    /// The last page; `position` is where the stream ends, perhaps within the last packet.
    pub(crate) fn finish(&mut self, position: u64, out: &mut Vec<u8>) {
        let mut packets = std::mem::take(&mut self.pending);
        if let Some((_, last)) = packets.last_mut() {
            *last = position;
        }
        self.page(&packets, LAST, out);
    }

    fn page(&mut self, packets: &[(Vec<u8>, u64)], kind: u8, out: &mut Vec<u8>) {
        let mut lacing = Vec::new();
        for (packet, _) in packets {
            lacing.resize(lacing.len() + packet.len() / 255, 255);
            lacing.push((packet.len() % 255) as u8);
        }
        let position = packets.last().map_or(0, |(_, position)| *position);
        let mut page = b"OggS\0".to_vec();
        page.push(kind);
        page.extend(position.to_le_bytes());
        page.extend(SERIAL.to_le_bytes());
        page.extend(self.n_pages.to_le_bytes());
        let checksum_at = page.len();
        page.extend([0; 4]);
        page.push(u8::try_from(lacing.len()).unwrap_or(u8::MAX));
        page.extend(lacing);
        for (packet, _) in packets {
            page.extend_from_slice(packet);
        }
        let checksum = checksum(&page).to_le_bytes();
        if let Some(place) = page.get_mut(checksum_at..checksum_at + 4) {
            place.copy_from_slice(&checksum);
        }
        self.n_pages += 1;
        out.extend(page);
    }
}

/// The CRC of the standard: polynomial 0x04c11db7, most significant bit first, nothing inverted.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u32::from(byte) << 24), |crc, _| {
            let shifted = crc << 1;
            if crc >> 31 == 1 {
                shifted ^ 0x04c1_1db7
            } else {
                shifted
            }
        })
    })
}
