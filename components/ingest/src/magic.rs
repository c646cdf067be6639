//! Which container the first bytes of a recording belong to.
//!
//! Only content counts; names and declared media types are not seen here. Known foreign formats are named, so that the refusal says
//! what was sent. Nothing behind the first few bytes is validated.

/// A container that this crate opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// RIFF/WAVE.
    Wav,
    /// A bare stream of MPEG audio layer III frames.
    Mp3,
    /// Native FLAC.
    Flac,
    /// Ogg, whatever is inside.
    Ogg,
    /// ISO base media: mp4, m4a, mov, 3gp.
    Mp4,
    /// Matroska or WebM.
    WebM,
}

impl Container {
    /// The name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::Flac => "flac",
            Self::Ogg => "ogg",
            Self::Mp4 => "mp4",
            Self::WebM => "webm",
        }
    }
}

/// What the bytes so far say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Too few bytes to tell.
    Undecided,
    /// A supported container, which begins at this byte: an ID3v2 tag may come before.
    Known(Container, usize),
    /// Something else; the text names it.
    Foreign(String),
}

/// What every refusal of a container adds.
pub const EXPECTED: &str = "expected wav, mp3, flac, ogg, mp4 or webm";

/// Enough bytes for every signature below.
const N_HEAD: usize = 12;

/// Foreign signatures: offset, bytes, name.
const FOREIGN: &[(usize, &[u8], &str)] = &[
    (0, b"RIFX", "big-endian wav (RIFX)"),
    (0, b"RF64", "64-bit wav (RF64)"),
    (0, b"BW64", "64-bit wav (BW64)"),
    (0, b"FORM", "AIFF"),
    (0, b"caff", "CAF"),
    (0, b"#!AMR", "AMR"),
    (0, b"MThd", "MIDI"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b".snd", "Sun audio (au)"),
    (0, b"FLV\x01", "Flash video"),
    (
        0,
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        "Windows Media (ASF)",
    ),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"\x7fELF", "an ELF binary"),
    (0, b"\0asm", "a WebAssembly binary"),
    (0, b"<", "markup text (HTML or XML)"),
    (0, b"{", "JSON text"),
];

/// Recognises the container of a recording that begins with `bytes`. With `ended`, there are no more bytes to wait for.
pub fn recognise(bytes: &[u8], ended: bool) -> Verdict {
    let mut start = 0;
    // A tag may follow a tag; each one is at least ten bytes long, so this ends.
    loop {
        let rest = bytes.get(start..).unwrap_or_default();
        if rest.len() < N_HEAD && !ended {
            return Verdict::Undecided;
        }
        match id3v2_len(rest) {
            Some(len) if start + len >= bytes.len() => {
                return if ended {
                    Verdict::Foreign("an ID3 tag with no audio behind it".into())
                } else {
                    Verdict::Undecided
                };
            }
            Some(len) => start += len,
            None => return verdict(rest, start),
        }
    }
}

fn verdict(head: &[u8], start: usize) -> Verdict {
    let at = |offset: usize, signature: &[u8]| {
        head.get(offset..)
            .is_some_and(|rest| rest.starts_with(signature))
    };
    let container = if at(0, b"RIFF") && at(8, b"WAVE") {
        Container::Wav
    } else if at(0, b"fLaC") {
        Container::Flac
    } else if at(0, b"OggS") {
        Container::Ogg
    } else if at(0, b"\x1a\x45\xdf\xa3") {
        Container::WebM
    } else if at(4, b"ftyp") {
        Container::Mp4
    } else if is_layer3(head) {
        Container::Mp3
    } else {
        return Verdict::Foreign(foreign(head));
    };
    Verdict::Known(container, start)
}

/// Length of an ID3v2 tag with its header and footer, if one begins here (ID3v2.4, section 3.1).
fn id3v2_len(head: &[u8]) -> Option<usize> {
    let [b'I', b'D', b'3', major, _, flags, size @ ..] = head else {
        return None;
    };
    let size: &[u8; 4] = size.first_chunk()?;
    if *major == 0xff || size.iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let size = size
        .iter()
        .fold(0, |sum, byte| sum << 7 | usize::from(*byte));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + size + footer)
}

/// Whether a valid MPEG audio layer III frame header begins here (ISO 11172-3, section 2.4.1.3).
fn is_layer3(head: &[u8]) -> bool {
    let Some(&[sync, b1, b2, _]) = head.first_chunk::<4>() else {
        return false;
    };
    let version_reserved = b1 >> 3 & 3 == 1;
    let layer3 = b1 >> 1 & 3 == 1;
    let bit_rate = b2 >> 4;
    let rate_reserved = b2 >> 2 & 3 == 3;
    sync == 0xff
        && b1 & 0xe0 == 0xe0
        && layer3
        && !version_reserved
        && bit_rate != 0
        && bit_rate != 15
        && !rate_reserved
}

fn foreign(head: &[u8]) -> String {
    for (offset, signature, name) in FOREIGN {
        if head
            .get(*offset..)
            .is_some_and(|rest| rest.starts_with(signature))
        {
            return (*name).to_owned();
        }
    }
    match head {
        [b'R', b'I', b'F', b'F', _, _, _, _, form @ ..] if form.len() >= 4 => {
            let form: String = form.iter().take(4).map(|byte| printable(*byte)).collect();
            format!("RIFF with the form {form:?}, not WAVE")
        }
        [0xff, second, ..] if second & 0xf6 == 0xf0 => "a raw AAC stream (ADTS)".into(),
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 => {
            "MPEG audio that is not layer III".into()
        }
        [] => "nothing".into(),
        _ => {
            let bytes: Vec<_> = head
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!(
                "an unknown format that begins with the bytes {}",
                bytes.join(" ")
            )
        }
    }
}

fn printable(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' {
        char::from(byte)
    } else {
        '.'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_known_by_their_first_bytes() {
        let cases: [(&[u8], Container); 7] = [
            (b"RIFF\x24\0\0\0WAVEfmt ", Container::Wav),
            (b"fLaC\0\0\0\x22\x10\0\x10\0", Container::Flac),
            (b"OggS\0\x02\0\0\0\0\0\0", Container::Ogg),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\0\0\0",
                Container::WebM,
            ),
            (b"\0\0\0\x1cftypM4A ", Container::Mp4),
            (b"\xff\xfb\x90\x64\0\0\0\0\0\0\0\0", Container::Mp3),
            (b"\xff\xf3\x48\xc4\0\0\0\0\0\0\0\0", Container::Mp3),
        ];
        for (bytes, container) in cases {
            assert_eq!(recognise(bytes, false), Verdict::Known(container, 0));
        }
    }

    #[test]
    fn few_bytes_decide_only_at_the_end() {
        assert_eq!(recognise(b"fLaC", false), Verdict::Undecided);
        assert_eq!(recognise(b"fLaC", true), Verdict::Known(Container::Flac, 0));
        assert_eq!(recognise(b"", true), Verdict::Foreign("nothing".into()));
    }

    #[test]
    fn tags_before_the_audio_are_skipped() {
        let tag = [b"ID3\x04\0\0\0\0\0\x05".as_slice(), b"hello"].concat();
        let file = [
            tag.as_slice(),
            tag.as_slice(),
            b"\xff\xfb\x90\x64\0\0\0\0\0\0\0\0",
        ]
        .concat();
        assert_eq!(recognise(&file, false), Verdict::Known(Container::Mp3, 30));
        assert_eq!(recognise(&file[..22], false), Verdict::Undecided);
        assert!(matches!(recognise(&tag, true), Verdict::Foreign(text) if text.contains("ID3")));
    }

    #[test]
    fn foreign_formats_are_named() {
        let cases: [(&[u8], &str); 7] = [
            (b"RIFF\0\0\0\0AVI LIST", "\"AVI \""),
            (b"FORM\0\0\0\0AIFFCOMM", "AIFF"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\r", "PNG"),
            (b"\xff\xf1\x50\x80\0\0\0\0\0\0\0\0", "ADTS"),
            (b"\xff\xfd\x90\x64\0\0\0\0\0\0\0\0", "not layer III"),
            (b"<!doctype html>", "HTML"),
            (b"\x01\x02\x03\x04\0\0\0\0\0\0\0\0", "01 02 03 04"),
        ];
        for (bytes, name) in cases {
            match recognise(bytes, false) {
                Verdict::Foreign(text) => assert!(text.contains(name), "{text}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
