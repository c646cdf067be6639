//! What stands among the frames of an mp3 and is not to be heard: ID3 tags, and the frame that an encoder puts first to describe the
//! others (Xing, Info, VBRI).

use super::frame::{Header, N_HEADER};

/// The sound goes through the decoder's filters: this many samples pass before the first of the encoder comes out.
const N_DECODER_DELAY: u32 = 529;
const N_ID3V2: usize = 10;
const N_ID3V1: u64 = 128;

/// What begins with these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// An ID3 tag of this many bytes.
    Id3(u64),
    /// An ID3 tag whose length has not come yet.
    Unfinished,
    /// No tag.
    None,
}

/// Looks for an ID3 tag at the beginning of `bytes`, of which there are three at least.
#[must_use]
pub fn id3(bytes: &[u8]) -> Tag {
    if bytes.starts_with(b"TAG") {
        return Tag::Id3(N_ID3V1);
    }
    if !bytes.starts_with(b"ID3") {
        return Tag::None;
    }
    let Some([_, _, _, major, minor, flags, size @ ..]) = bytes.first_chunk::<N_ID3V2>() else {
        return Tag::Unfinished;
    };
    // Seven bits of each byte.
    if *major == 0xff || *minor == 0xff || size.iter().any(|byte| *byte > 0x7f) {
        return Tag::None;
    }
    let n = size.iter().fold(0, |n, byte| n << 7 | u64::from(*byte));
    let footer = if flags & 0x10 == 0 { 0 } else { N_ID3V2 };
    Tag::Id3((N_ID3V2 + footer) as u64 + n)
}

/// What an encoder says of the frames that follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Info {
    /// How many there are; none when the encoder could not know it.
    pub n_frames: Option<u32>,
    /// Samples at the beginning that are not of the sound.
    pub n_delay: u32,
    /// And at the end.
    pub n_padding: u32,
}

/// Reads a frame that is no audio but a description; none when it is audio.
///
/// The layout is LAME's (its `VbrTag.c`), which FFmpeg writes too; the encoder's name tells whether delay and padding are there.
#[must_use]
pub fn info(frame: &[u8], header: &Header) -> Option<Info> {
    // Fraunhofer's is always at the same place, and says nothing of delay.
    if frame.get(N_HEADER + 32..N_HEADER + 36) == Some(b"VBRI") {
        return Some(Info::default());
    }
    let mut rest = frame.get(N_HEADER + header.n_side_info()..)?;
    let mut take = |n: usize| {
        let (taken, after) = rest.split_at_checked(n)?;
        rest = after;
        Some(taken)
    };
    if !matches!(take(4)?, b"Xing" | b"Info") {
        return None;
    }
    let number = |bytes: Option<&[u8]>| {
        let bytes = bytes?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    let flags = number(take(4)).unwrap_or(0);
    let mut optional = |bit: u32, n: usize| (flags & bit != 0).then(|| take(n)).flatten();
    let n_frames = number(optional(1, 4)).filter(|n| *n > 0);
    let (_bytes, _index, _quality) = (optional(2, 4), optional(4, 100), optional(8, 4));
    // The encoder's name, then twelve bytes about loudness and the like, then two numbers of twelve bits.
    let (encoder, _, gap) = (take(9), take(12), take(3));
    let known = encoder.is_some_and(|name| {
        [b"LAME", b"Lavf", b"Lavc"]
            .iter()
            .any(|known| name.starts_with(*known))
    });
    let (n_delay, n_padding) = match gap {
        Some(&[a, b, c]) if known => {
            let (a, b, c) = (u32::from(a), u32::from(b), u32::from(c));
            let padding = (b & 15) << 8 | c;
            (
                (a << 4 | b >> 4) + N_DECODER_DELAY,
                padding.saturating_sub(N_DECODER_DELAY),
            )
        }
        _ => (0, 0),
    };
    Some(Info {
        n_frames,
        n_delay,
        n_padding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_id3_tags() {
        assert_eq!(id3(b"ID3\x04\0\0\0\0\0\x23...."), Tag::Id3(45));
        assert_eq!(id3(b"ID3\x03\0\0\x01\x02\x03\x04"), Tag::Id3(2_130_318));
        assert_eq!(id3(b"ID3\x04\0\x10\0\0\0\0"), Tag::Id3(20));
        assert_eq!(id3(b"TAG"), Tag::Id3(128));
        assert_eq!(id3(b"ID3\x04\0\0\0\0\0"), Tag::Unfinished);
        assert_eq!(id3(b"ID3\x04\0\0\x80\0\0\0"), Tag::None);
        assert_eq!(id3(b"\xff\xfb\x90"), Tag::None);
    }

    /// A frame of 64 kbit/s, mono, 24 kHz with this at the place of the description.
    fn frame(content: &[u8]) -> (Vec<u8>, Header) {
        let mut frame = vec![0xff, 0xf3, 0x84, 0xc4];
        frame.resize(N_HEADER + 9, 0);
        frame.extend(content);
        frame.resize(192, 0);
        let header = Header::parse(&frame).unwrap();
        (frame, header)
    }

    #[test]
    fn descriptions_of_every_length() {
        let read = |content: &[u8]| {
            let (frame, header) = frame(content);
            info(&frame, &header)
        };
        let nothing = Info::default();
        assert_eq!(read(b"Xing\0\0\0\0"), Some(nothing));
        // The place is kept, the number is not known.
        assert_eq!(read(b"Info\0\0\0\x01\0\0\0\0"), Some(nothing));
        let n_frames = Some(258);
        assert_eq!(
            read(b"Info\0\0\0\x01\0\0\x01\x02"),
            Some(Info {
                n_frames,
                ..nothing
            })
        );
        let mut full = b"Info\0\0\0\x0f\0\0\x01\x02\0\0\x10\0".to_vec();
        full.resize(full.len() + 104, 7);
        full.extend(b"LAME3.100............\x24\x04\x56");
        let gapless = Info {
            n_frames,
            n_delay: 576 + 529,
            n_padding: 0x456 - 529,
        };
        assert_eq!(read(&full), Some(gapless));
        let at = full.len() - 24;
        full[at] = b'?';
        assert_eq!(
            read(&full),
            Some(Info {
                n_frames,
                ..nothing
            })
        );
        assert_eq!(read(b"Infx"), None);
        let (mut fraunhofer, header) = frame(b"");
        fraunhofer[36..40].copy_from_slice(b"VBRI");
        assert_eq!(info(&fraunhofer, &header), Some(nothing));
        for n in 0..192 {
            let _any = info(&frame(&full).0[..n], &header);
        }
    }
}
