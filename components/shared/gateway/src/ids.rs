//! Identifiers that the gateway makes and accepts. What is not of their form never gets near a store.

use uuid::Uuid;

/// A new id that nobody can guess: 32 hexadecimal digits.
#[must_use]
pub fn new() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The id of a session for which nobody has chosen one: a UUID, version 4.
#[must_use]
pub fn new_session() -> String {
    Uuid::new_v4().hyphenated().to_string()
}

/// Whether this can be the id of audio: exactly what [`new`] gives.
#[must_use]
pub fn is_audio(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether this can be the id of a session, which a client may choose: 8 to 64 letters, digits, `-` and `_`.
#[must_use]
pub fn is_session(id: &str) -> bool {
    (8..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// Whether a request id from outside can be kept: up to 128 visible characters that are safe in a log line.
#[must_use]
pub fn is_request(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(&b))
}

/// Whether this can be the name of a voice.
#[must_use]
pub fn is_voice(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_. ".contains(&b))
}

/// Whether this has the form of a BCP 47 language tag.
#[must_use]
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_first = parts.next().is_some_and(|part| {
        (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic())
    });
    tag.len() <= 35
        && is_first
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_differ_and_are_valid() {
        let (one, two) = (new(), new());
        assert_ne!(one, two);
        assert!(is_audio(&one) && is_session(&one) && is_request(&one));
        let session = new_session();
        let version = Uuid::parse_str(&session).unwrap().get_version_num();
        assert!(is_session(&session) && session.len() == 36 && version == 4);
    }

    #[test]
    fn anything_else_is_refused() {
        for id in [
            "",
            "../../etc/passwd",
            "0",
            &"A".repeat(32),
            &"a".repeat(33),
            "é",
        ] {
            assert!(!is_audio(id), "{id}");
        }
        for id in ["", "short", "../../etc", "a b c d e f", &"x".repeat(65)] {
            assert!(!is_session(id), "{id}");
        }
        assert!(is_session("0b0e7a38-5f0c-4bb4-8f5e-7f1d2c3b4a59"));
        for id in ["", "a b", "a\nb", &"x".repeat(129)] {
            assert!(!is_request(id), "{id}");
        }
    }

    #[test]
    fn languages() {
        for tag in ["en", "en-US", "zh-Hans-CN", "de-1996"] {
            assert!(is_language(tag), "{tag}");
        }
        for tag in ["", "e", "en_US", "en-", "12", "en-waytoolongtag"] {
            assert!(!is_language(tag), "{tag}");
        }
    }
}
