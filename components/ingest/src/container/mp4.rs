//! The one thing of ISO base media that symphonia reads and does not use: where an edit list says that the audio begins.
//!
//! AAC encoders put 1,024 or 2,112 samples in front of the audio and say so in an edit list (ISO 14496-12, section 8.6.6). Padding at the
//! end is left in place: it is silence of a few milliseconds. Nothing is validated here; what cannot be read is no edit.

/// Where the audio of a track begins in its media.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    time: u64,
    units_per_s: u32,
}

impl Start {
    /// Samples at `rate_hz` to drop. More than encoder delay is a cut made by an editor, and honoured all the same.
    pub(super) fn n_samples(self, rate_hz: u32) -> u64 {
        let n = u128::from(self.time) * u128::from(rate_hz) / u128::from(self.units_per_s.max(1));
        u64::try_from(n).unwrap_or(u64::MAX)
    }
}

/// The start that the edit list of the first audio track names.
pub(super) fn start(file: &[u8]) -> Option<Start> {
    let movie = child(file, b"moov")?;
    let track = boxes(movie)
        .filter(|(kind, _)| *kind == b"trak")
        .map(|(_, body)| body)
        .find(|track| is_audio(track))?;
    let header = child(child(track, b"mdia")?, b"mdhd")?;
    let units_per_s = u32_at(header, if wide(header)? { 20 } else { 12 })?;
    let list = child(child(track, b"edts")?, b"elst")?;
    let n_entries = u32_at(list, 4)?;
    let n_entry_bytes = if wide(list)? { 20 } else { 12 };
    // The first edit that is not empty; an empty one (time -1) delays the presentation, which is of no interest here.
    let time = list
        .get(8..)?
        .chunks_exact(n_entry_bytes)
        .take(n_entries as usize)
        .find_map(|entry| {
            let time = if n_entry_bytes == 20 {
                i64::from_be_bytes(*entry.get(8..)?.first_chunk()?)
            } else {
                i64::from(i32::from_be_bytes(*entry.get(4..)?.first_chunk()?))
            };
            u64::try_from(time).ok()
        })?;
    Some(Start { time, units_per_s })
}

fn is_audio(track: &[u8]) -> bool {
    let handler = child(track, b"mdia").and_then(|media| child(media, b"hdlr"));
    handler.and_then(|handler| handler.get(8..12)) == Some(b"soun")
}

/// Whether a full box is of version 1, with 64-bit times.
fn wide(body: &[u8]) -> Option<bool> {
    Some(*body.first()? == 1)
}

fn child<'a>(parent: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(parent)
        .find(|(found, _)| *found == kind)
        .map(|(_, body)| body)
}

/// Types and bodies of the boxes side by side in `bytes`; ends at the first that does not fit.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let kind = rest.get(4..)?.first_chunk::<4>()?;
        let (n_head, n_box) = match u32_at(rest, 0)? {
            0 => (8, rest.len()),
            1 => (
                16,
                usize::try_from(u64::from_be_bytes(*rest.get(8..)?.first_chunk()?)).ok()?,
            ),
            n => (8, n as usize),
        };
        let body = rest.get(n_head..n_box)?;
        rest = rest.get(n_box..)?;
        Some((kind, body))
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u32::from_be_bytes(*field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut bytes = (body.len() as u32 + 8).to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.extend(body);
        bytes
    }

    fn movie(handler: &[u8; 4], units_per_s: u32, times: &[i32]) -> Vec<u8> {
        let mut list = [0; 4].to_vec();
        list.extend((times.len() as u32).to_be_bytes());
        for time in times {
            list.extend(1_000_u32.to_be_bytes());
            list.extend(time.to_be_bytes());
            list.extend([0, 1, 0, 0]);
        }
        let mut header = [0; 12].to_vec();
        header.extend(units_per_s.to_be_bytes());
        let handler = [[0; 8].as_slice(), handler, &[0; 12]].concat();
        let media = [boxed(b"mdhd", &header), boxed(b"hdlr", &handler)].concat();
        let track = [
            boxed(b"edts", &boxed(b"elst", &list)),
            boxed(b"mdia", &media),
        ]
        .concat();
        [
            boxed(b"ftyp", b"M4A "),
            boxed(b"moov", &boxed(b"trak", &track)),
        ]
        .concat()
    }

    fn n_delay(file: &[u8], rate_hz: u32) -> u64 {
        start(file).map_or(0, |start| start.n_samples(rate_hz))
    }

    #[test]
    fn the_first_edit_of_the_audio_track_is_the_delay() {
        assert_eq!(n_delay(&movie(b"soun", 48_000, &[1_024]), 48_000), 1_024);
        assert_eq!(
            n_delay(&movie(b"soun", 48_000, &[-1, 1_024]), 48_000),
            1_024
        );
        assert_eq!(n_delay(&movie(b"soun", 96_000, &[2_048]), 48_000), 1_024);
        assert_eq!(n_delay(&movie(b"vide", 48_000, &[1_024]), 48_000), 0);
    }

    #[test]
    fn what_cannot_be_read_is_no_delay() {
        let file = movie(b"soun", 48_000, &[1_024]);
        for cut in 0..file.len() {
            assert_eq!(n_delay(&file[..cut], 48_000), 0);
        }
        assert_eq!(
            n_delay(&movie(b"soun", 0, &[1_024]), 48_000),
            1_024 * 48_000
        );
        // A box that contains itself ends the walk.
        assert_eq!(n_delay(b"\0\0\0\x01moov\0\0\0\0\0\0\0\0", 48_000), 0);
    }
}
