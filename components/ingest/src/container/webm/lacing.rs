//! Cuts the content of a block into its frames (RFC 9559, section 10.3).
//!
//! Sizes that do not add up give none; nothing is allocated beyond one slice for each frame, of which there are at most 256.

use super::ebml::vint;

/// The frames of a block, by the lacing bits of its flags.
pub(super) fn frames(lacing: u8, content: &[u8]) -> Option<Vec<&[u8]>> {
    match lacing {
        0 => Some(vec![content]),
        1 => xiph_lacing(content),
        2 => fixed_lacing(content),
        _ => ebml_lacing(content),
    }
}

/// The number of frames and what follows it.
fn lace_head(content: &[u8]) -> Option<(usize, &[u8])> {
    let (n, rest) = content.split_first()?;
    Some((usize::from(*n) + 1, rest))
}

fn fixed_lacing(content: &[u8]) -> Option<Vec<&[u8]>> {
    let (n, rest) = lace_head(content)?;
    let size = rest.len() / n;
    (size > 0 && rest.len() % n == 0).then(|| rest.chunks(size).collect())
}

fn xiph_lacing(content: &[u8]) -> Option<Vec<&[u8]>> {
    let (n, mut rest) = lace_head(content)?;
    let mut sizes = Vec::with_capacity(n);
    for _ in 1..n {
        let mut size = 0;
        loop {
            let (byte, tail) = rest.split_first()?;
            rest = tail;
            size += usize::from(*byte);
            if *byte < 255 {
                break;
            }
        }
        sizes.push(size);
    }
    cut_frames(rest, &sizes)
}

fn ebml_lacing(content: &[u8]) -> Option<Vec<&[u8]>> {
    let (n, mut rest) = lace_head(content)?;
    let mut sizes: Vec<usize> = Vec::with_capacity(n);
    for index in 1..n {
        let (value, n_value) = vint(rest, 0)?;
        rest = rest.get(n_value..)?;
        // The first size is given, the others as signed differences in the middle of their range.
        let size = if index == 1 {
            i64::try_from(value).ok()?
        } else {
            let previous = i64::try_from(*sizes.last()?).ok()?;
            let middle = (1_i64 << (7 * n_value - 1)) - 1;
            previous.checked_add(i64::try_from(value).ok()? - middle)?
        };
        sizes.push(usize::try_from(size).ok()?);
    }
    cut_frames(rest, &sizes)
}

/// Frames of the given sizes, and one more of what is left.
fn cut_frames<'a>(mut rest: &'a [u8], sizes: &[usize]) -> Option<Vec<&'a [u8]>> {
    let mut frames = Vec::with_capacity(sizes.len() + 1);
    for size in sizes {
        let (frame, tail) = rest.split_at_checked(*size)?;
        frames.push(frame);
        rest = tail;
    }
    frames.push(rest);
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lacing_cuts_a_block_into_its_frames() {
        let frames: Vec<&[u8]> = vec![b"abc", b"de", b"fghi"];
        assert_eq!(xiph_lacing(b"\x02\x03\x02abcdefghi"), Some(frames.clone()));
        // 0x83: three bytes; 0xbe: 62 - 63 = one less.
        assert_eq!(ebml_lacing(b"\x02\x83\xbeabcdefghi"), Some(frames));
        assert_eq!(
            fixed_lacing(b"\x02abcdef"),
            Some(vec![b"ab".as_slice(), b"cd", b"ef"])
        );
        assert_eq!(fixed_lacing(b"\x02abcde"), None);
        assert_eq!(xiph_lacing(b"\x02\xff"), None);
        assert_eq!(ebml_lacing(b"\x02\x81\x80abc"), None);
    }
}
