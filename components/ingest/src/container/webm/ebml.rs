//! The elements that Matroska files are made of (RFC 8794).
//!
//! Only identifiers and sizes are read here; what they mean is not known.

use std::ops::Range;

use crate::fault::Fault;

/// An element: its identifier and where its content is. The content may be longer than the bytes there are.
pub(super) struct Element {
    pub(super) id: u32,
    pub(super) body: Range<usize>,
    /// The size is unknown; the content lasts until an element that cannot be inside.
    pub(super) open: bool,
}

/// The element at `at`, or none when its identifier or size is cut (RFC 8794, sections 5 and 6).
pub(super) fn element(bytes: &[u8], at: usize) -> Result<Option<Element>, Fault> {
    let Some(first) = bytes.get(at) else {
        return Ok(None);
    };
    let n_id = first.leading_zeros() as usize + 1;
    if n_id > 4 {
        return Err(Fault::malformed(format!("no WebM element at byte {at}")));
    }
    let Some(field) = bytes.get(at..at + n_id) else {
        return Ok(None);
    };
    let id = field.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let at_size = at + n_id;
    match bytes.get(at_size) {
        None => return Ok(None),
        Some(0) => {
            return Err(Fault::malformed(format!(
                "the WebM element at byte {at} has an invalid size"
            )));
        }
        Some(_) => {}
    }
    let Some((size, n_size)) = vint(bytes, at_size) else {
        return Ok(None);
    };
    let open = size == u64::MAX >> (64 - 7 * n_size);
    let start = at_size + n_size;
    let end = start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
    Ok(Some(Element {
        id,
        body: start..end,
        open,
    }))
}

/// A variable-length integer without its marker, and how many bytes it has.
pub(super) fn vint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let n = bytes.get(at)?.leading_zeros() as usize + 1;
    if n > 8 {
        return None;
    }
    let value = unsigned(bytes.get(at..at + n)?)?;
    Some((value & (u64::MAX >> (64 - 7 * n)), n))
}

pub(super) fn unsigned(field: &[u8]) -> Option<u64> {
    (field.len() <= 8).then(|| {
        field
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_lose_their_marker() {
        assert_eq!(vint(b"\x81", 0), Some((1, 1)));
        assert_eq!(vint(b"\x40\x02", 0), Some((2, 2)));
        assert_eq!(
            vint(b"\x01\xff\xff\xff\xff\xff\xff\xff", 0),
            Some((u64::MAX >> 8, 8))
        );
        assert_eq!(vint(b"\x40", 0), None);
        assert_eq!(vint(b"\0", 0), None);
    }
}
