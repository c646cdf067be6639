//! The id of a request: the client's when it is harmless, a new one otherwise.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// Its header, in requests and responses.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id accepted from a client, in characters.
const LENGTH: usize = 128;

/// Letters, digits, `-`, `_` and `.`; safe in a header, a log line and a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    /// Takes the id out of a request's headers, or makes one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers
            .get(X_REQUEST_ID)
            .filter(|value| harmless(value.as_bytes()));
        Self(given.cloned().unwrap_or_else(fresh))
    }

    /// As a header's value.
    pub(super) fn value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

fn harmless(id: &[u8]) -> bool {
    (1..=LENGTH).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

fn fresh() -> HeaderValue {
    let id = Uuid::new_v4().simple().to_string();
    HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_str(given).unwrap());
        RequestId::of(&headers).to_string()
    }

    #[test]
    fn a_harmless_id_is_kept() {
        assert_eq!(of("turn-1_a.B"), "turn-1_a.B");
    }

    #[test]
    fn any_other_is_replaced() {
        for bad in [
            "",
            "a b",
            "a/../b",
            "x\u{e9}",
            &"a".repeat(LENGTH + 1),
            "<script>",
        ] {
            let id = of(bad);
            assert_ne!(id, bad);
            assert_eq!(id.len(), 32);
        }
        assert_ne!(
            RequestId::of(&HeaderMap::new()),
            RequestId::of(&HeaderMap::new())
        );
    }
}
