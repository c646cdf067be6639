//! The `Range` header of RFC 9110, section 14, for one range of bytes.
//!
//! Several ranges at once are answered with the whole, as the RFC allows: nobody plays audio that way, and `multipart/byteranges` is a
//! way to make a server work.

use std::ops::Range;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Everything: there is no range, or none that is understood.
    Whole,
    /// These bytes, which exist.
    Part(Range<usize>),
    /// Bytes that do not exist.
    Beyond,
}

/// Reads the header against a body of `length` bytes.
#[must_use]
pub fn wanted(header: Option<&str>, length: usize) -> Wanted {
    let Some(range) = header.and_then(parse) else {
        return Wanted::Whole;
    };
    let part = match range {
        Asked::From(first) => first..length,
        Asked::Between(first, last) => first..last.saturating_add(1).min(length),
        Asked::Last(count) => length.saturating_sub(count)..length,
    };
    if part.is_empty() {
        Wanted::Beyond
    } else {
        Wanted::Part(part)
    }
}

enum Asked {
    From(usize),
    Between(usize, usize),
    Last(usize),
}

/// None for what is not one valid range of bytes, which the RFC wants ignored.
fn parse(header: &str) -> Option<Asked> {
    let (unit, ranges) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || ranges.contains(',') {
        return None;
    }
    let (first, last) = ranges.trim().split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", count) => Some(Asked::Last(number(count)?)),
        (first, "") => Some(Asked::From(number(first)?)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Asked::Between(first, last))
        }
    }
}

/// Digits only. More of them than fit mean "past the end".
fn number(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let cases = [
            (None, Wanted::Whole),
            (Some("bytes=0-"), Wanted::Part(0..100)),
            (Some("bytes=10-19"), Wanted::Part(10..20)),
            (Some("BYTES = 99-200"), Wanted::Part(99..100)),
            (Some("bytes=-5"), Wanted::Part(95..100)),
            (Some("bytes=-500"), Wanted::Part(0..100)),
            (
                Some("bytes=0-99999999999999999999999"),
                Wanted::Part(0..100),
            ),
            (Some("bytes=100-"), Wanted::Beyond),
            (Some("bytes=99999999999999999999999-"), Wanted::Beyond),
            (Some("bytes=-0"), Wanted::Beyond),
            (Some("bytes=5-4"), Wanted::Whole),
            (Some("bytes=0-1,5-6"), Wanted::Whole),
            (Some("bytes=-"), Wanted::Whole),
            (Some("bytes=+1-2"), Wanted::Whole),
            (Some("lines=1-2"), Wanted::Whole),
            (Some("nonsense"), Wanted::Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(wanted(header, 100), expected, "{header:?}");
        }
        assert_eq!(wanted(Some("bytes=0-0"), 0), Wanted::Beyond);
    }
}
