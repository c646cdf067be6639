//! Moments: milliseconds since 1970 in stores, RFC 3339 in documents, IMF-fixdate in headers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
#[must_use]
pub fn to_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// As in documents: `2026-11-22T20:35:00.123Z`.
#[must_use]
pub fn rfc3339(ms: u64) -> String {
    humantime::format_rfc3339_millis(from_ms(ms)).to_string()
}

/// As in headers: `Sun, 22 Nov 2026 20:35:00 GMT`.
#[must_use]
pub fn imf(ms: u64) -> String {
    httpdate::fmt_http_date(from_ms(ms))
}

/// Both formatters panic past the year 9999, so nothing later leaves here.
fn from_ms(ms: u64) -> SystemTime {
    const LATEST_MS: u64 = 253_402_300_799_000;
    UNIX_EPOCH + Duration::from_millis(ms.min(LATEST_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_their_forms() {
        assert_eq!(rfc3339(1_795_379_700_123), "2026-11-22T20:35:00.123Z");
        assert_eq!(imf(1_795_379_700_123), "Sun, 22 Nov 2026 20:35:00 GMT");
        assert_eq!(rfc3339(u64::MAX), "9999-12-31T23:59:59.000Z");
        assert!(imf(u64::MAX).ends_with("9999 23:59:59 GMT"));
    }
}
