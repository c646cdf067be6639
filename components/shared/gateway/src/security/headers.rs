//! Headers that every answer has, whatever it is: they take from browsers what no answer of ours needs.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What is no page may load nothing and be in no frame. A page brings its own policy.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Adds them where they are not there.
pub(crate) fn harden(headers: &mut HeaderMap) {
    for (name, value) in [
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (header::CONTENT_SECURITY_POLICY, NO_PAGE),
        // A page of another origin that is allowed to asks by CORS, which this does not concern.
        (
            CROSS_ORIGIN_RESOURCE_POLICY,
            HeaderValue::from_static("same-origin"),
        ),
    ] {
        headers.entry(name).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_own_policy() {
        let mut headers = HeaderMap::new();
        let own = HeaderValue::from_static("default-src 'self'");
        headers.insert(header::CONTENT_SECURITY_POLICY, own.clone());
        harden(&mut headers);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], own);
        assert_eq!(headers.len(), 4);
    }
}
