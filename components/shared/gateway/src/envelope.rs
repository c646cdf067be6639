//! How audio lies in a store: what it is and until when, then the bytes.
//!
//! Layout: the four bytes `CQA1`, the length of the header as a little-endian `u32`, the header as JSON, the content. A later layout gets
//! another magic, so that old and new can be told apart.

use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 4] = b"CQA1";

/// What is known of stored audio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The session that it belongs to.
    pub session_id: String,
    /// Such as `audio/wav`.
    pub content_type: String,
    /// Milliseconds since 1970; from then on it is gone.
    pub expires_at_ms: u64,
}

/// Puts header and content together.
///
/// # Errors
/// Never for a header of text and numbers; the type of the serialiser.
pub fn seal(header: &Header, content: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let header = serde_json::to_vec(header)?;
    let length = u32::try_from(header.len()).unwrap_or(u32::MAX);
    let mut envelope = Vec::with_capacity(8 + header.len() + content.len());
    envelope.extend_from_slice(MAGIC);
    envelope.extend_from_slice(&length.to_le_bytes());
    envelope.extend_from_slice(&header);
    envelope.extend_from_slice(content);
    Ok(envelope)
}

/// Takes an envelope apart: the header, and where the content begins. None when it is not one.
#[must_use]
pub fn open(envelope: &[u8]) -> Option<(Header, usize)> {
    let rest = envelope.strip_prefix(MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let header = serde_json::from_slice(rest.get(..length)?).ok()?;
    Some((header, 8 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_comes_out_and_nothing_else_does() {
        let header = Header {
            session_id: "s".into(),
            content_type: "audio/wav".into(),
            expires_at_ms: 5,
        };
        let envelope = seal(&header, b"content").unwrap();
        let (found, start) = open(&envelope).unwrap();
        assert_eq!((found, &envelope[start..]), (header, &b"content"[..]));
        for length in 0..envelope.len() - b"content".len() {
            assert_eq!(open(&envelope[..length]), None, "cut at {length}");
        }
        assert_eq!(open(b"CQA2\0\0\0\0{}"), None);
        assert_eq!(open(b"CQA1\xff\xff\xff\xff{}"), None);
    }
}
