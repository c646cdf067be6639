//! The header of a wav that is still being written: it comes in any pieces, and often with sizes that say nothing.

/// Most bytes before the samples; real headers have 44, a few hundred with tags.
const LONGEST: usize = 64 << 10;
/// From this size on, and for 0, a length means "not known yet": encoders that write to a pipe put all ones or nearly so there.
const UNKNOWN: u32 = 0x7fff_0000;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Hertz.
    pub rate_hz: u32,
    /// One or two.
    pub channels: u16,
    /// Bytes of samples, if that is known.
    pub n_bytes: Option<u64>,
}

/// Why there is no audio in it for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadWav {
    /// Not a wav, or one that contradicts itself.
    #[error("is not a wav file")]
    Damaged,
    /// Something else than 16-bit PCM with one channel or two.
    #[error("has audio other than 16-bit PCM with one or two channels")]
    Encoding,
}

/// Looks for the format and the beginning of the samples. None while more bytes are needed.
///
/// # Errors
/// As soon as it is clear that it is not a wav that can be read.
pub fn header(bytes: &[u8]) -> Result<Option<(Format, usize)>, BadWav> {
    if bytes.len() < 12 {
        let wanted = b"RIFF";
        let n = bytes.len().min(wanted.len());
        return if bytes.get(..n) == wanted.get(..n) {
            Ok(None)
        } else {
            Err(BadWav::Damaged)
        };
    }
    if !bytes.starts_with(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(BadWav::Damaged);
    }
    let mut at = 12;
    let mut format = None;
    loop {
        let (Some(name), Some(size)) = (bytes.get(at..at + 4), number(bytes, at + 4)) else {
            return more(at);
        };
        let content = at + 8;
        match name {
            b"data" => {
                let (rate_hz, channels) = format.ok_or(BadWav::Damaged)?;
                let n_bytes = (size != 0 && size < UNKNOWN).then_some(u64::from(size));
                let format = Format {
                    rate_hz,
                    channels,
                    n_bytes,
                };
                return Ok(Some((format, content)));
            }
            b"fmt " => {
                if size < 16 {
                    return Err(BadWav::Damaged);
                }
                let Some(chunk) = bytes.get(content..content + size as usize) else {
                    return more(content.saturating_add(size as usize));
                };
                format = Some(pcm(chunk)?);
            }
            _ => {}
        }
        // Chunks begin at even places.
        at = content
            .saturating_add(size as usize)
            .saturating_add(size as usize % 2);
        if at > LONGEST {
            return Err(BadWav::Damaged);
        }
    }
}

fn more(end: usize) -> Result<Option<(Format, usize)>, BadWav> {
    if end > LONGEST {
        Err(BadWav::Damaged)
    } else {
        Ok(None)
    }
}

/// Rate and channels.
fn pcm(chunk: &[u8]) -> Result<(u32, u16), BadWav> {
    let short = |at: usize| {
        let bytes = chunk
            .get(at..at + 2)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map(u16::from_le_bytes)
    };
    // The extensible format has the real one at the beginning of its GUID.
    let tag = match short(0) {
        Some(0xfffe) => short(24),
        tag => tag,
    };
    match (tag, short(2), number(chunk, 4), short(14)) {
        (Some(1), Some(channels @ 1..=2), Some(rate), Some(16))
            if crate::config::RATES_HZ.contains(&rate) =>
        {
            Ok((rate, channels))
        }
        _ => Err(BadWav::Encoding),
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    bytes.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file by another writer.
    fn written(spec: hound::WavSpec) -> Vec<u8> {
        let mut file = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        for n in 0..10_i16 {
            match spec.sample_format {
                hound::SampleFormat::Int => writer.write_sample(n).unwrap(),
                hound::SampleFormat::Float => writer.write_sample(f32::from(n)).unwrap(),
            }
        }
        writer.finalize().unwrap();
        file.into_inner()
    }

    fn spec(
        channels: u16,
        bits_per_sample: u16,
        sample_format: hound::SampleFormat,
    ) -> hound::WavSpec {
        hound::WavSpec {
            channels,
            sample_rate: 22_050,
            bits_per_sample,
            sample_format,
        }
    }

    #[test]
    fn a_header_is_found_at_every_cut() {
        let file = written(spec(1, 16, hound::SampleFormat::Int));
        for cut in 0..44 {
            assert_eq!(header(&file[..cut]), Ok(None), "{cut}");
        }
        let expected = Format {
            rate_hz: 22_050,
            channels: 1,
            n_bytes: Some(20),
        };
        assert_eq!(header(&file[..44]), Ok(Some((expected, 44))));
        assert_eq!(header(&file), Ok(Some((expected, 44))));
    }

    #[test]
    fn other_chunks_are_passed_over_and_sizes_may_be_unknown() {
        let mut file = written(spec(2, 16, hound::SampleFormat::Int));
        file.splice(
            36..36,
            *b"LIST\x03\0\0\0abc\0fact\x04\0\0\0\x01\x02\x03\x04",
        );
        let data = 44 + 12 + 12;
        for (size, n_bytes) in [
            (20, Some(20)),
            (0, None),
            (u32::MAX, None),
            (i32::MAX as u32, None),
        ] {
            file[data - 4..data].copy_from_slice(&u32::to_le_bytes(size));
            let (format, at) = header(&file).unwrap().unwrap();
            assert_eq!((format.channels, format.n_bytes, at), (2, n_bytes, data));
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_apart() {
        for (channels, bits, kind) in [
            (1, 8, hound::SampleFormat::Int),
            (1, 24, hound::SampleFormat::Int),
            (1, 32, hound::SampleFormat::Float),
            (6, 16, hound::SampleFormat::Int),
        ] {
            if channels == 6 || bits != 16 {
                let file = if channels == 6 {
                    let mut file = written(spec(2, 16, kind));
                    file[22] = 6;
                    file
                } else {
                    written(spec(channels, bits, kind))
                };
                assert_eq!(header(&file), Err(BadWav::Encoding), "{channels} {bits}");
            }
        }
        let file = written(spec(1, 16, hound::SampleFormat::Int));
        let damaged = |edit: fn(&mut Vec<u8>)| {
            let mut file = file.clone();
            edit(&mut file);
            header(&file)
        };
        assert_eq!(damaged(|f| f[0] = b'X'), Err(BadWav::Damaged));
        assert_eq!(damaged(|f| f[9] = b'X'), Err(BadWav::Damaged));
        assert_eq!(damaged(|f| f[16] = 2), Err(BadWav::Damaged));
        assert_eq!(damaged(|f| f[12] = b'x'), Err(BadWav::Damaged));
        assert_eq!(damaged(|f| f[16..20].fill(0xff)), Err(BadWav::Damaged));
        assert_eq!(damaged(|f| f[24..28].fill(0)), Err(BadWav::Encoding));
        assert_eq!(header(b"{\"error\""), Err(BadWav::Damaged));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let file = written(spec(1, 16, hound::SampleFormat::Int));
        let mut state = 1_u32;
        for _ in 0..20_000 {
            let mut bytes = file.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = state as usize % bytes.len();
                bytes[at] = (state >> 24) as u8;
            }
            let _any = header(&bytes);
        }
    }
}
