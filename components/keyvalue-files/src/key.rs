//! Keys as names of files, and back.
//!
//! Every key has exactly one name and no name means anything to a file system: no separators, no dots but the first, nothing that
//! differs only in case (some file systems ignore it), and a prefix, so that no name is reserved. Small letters, digits, `-` and `_` stay
//! as they are; a capital letter becomes `+` and the small one; every other byte becomes `%` and two hexadecimal digits.

use crate::error::Error;

/// Longest name without its prefix in bytes. Most file systems take 255.
pub const MAX_NAME: usize = 240;

const PREFIX: &str = "k.";

/// The name of a key's file.
///
/// # Errors
/// `Key` when there is no name for it: empty, or too long.
pub fn encode(key: &str) -> Result<String, Error> {
    let mut name = String::from(PREFIX);
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'A'..=b'Z' => name.extend(['+', char::from(byte.to_ascii_lowercase())]),
            _ => name.extend(['%', digit(byte >> 4), digit(byte & 15)]),
        }
    }
    let found = name.len() - PREFIX.len();
    if (1..=MAX_NAME).contains(&found) {
        Ok(name)
    } else {
        Err(Error::Key {
            max: MAX_NAME,
            found,
        })
    }
}

/// The key of a name; none when it is not the name of a key.
#[must_use]
pub fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = name.strip_prefix(PREFIX)?.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => rest.next()?.to_ascii_uppercase(),
            b'%' => value(rest.next()?)? << 4 | value(rest.next()?)?,
            _ => byte,
        });
    }
    let key = String::from_utf8(bytes).ok()?;
    // There is one name for a key: whatever else would decode to it was not made here.
    (encode(&key).ok()? == name).then_some(key)
}

fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0')
}

fn value(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_plain() {
        assert_eq!(encode("session-1_a").unwrap(), "k.session-1_a");
        assert_eq!(encode("A/b:../c").unwrap(), "k.+a%2fb%3a%2e%2e%2fc");
        assert_eq!(encode("é").unwrap(), "k.%c3%a9");
    }

    #[test]
    fn decoding_undoes_encoding_and_names_stay_inside() {
        let mut keys: Vec<String> = (0..=0x250_u32)
            .filter_map(char::from_u32)
            .map(String::from)
            .collect();
        keys.extend(["..", "con", "../../etc/passwd", "a\0b", "+%", "AbC", "🎙"].map(str::to_owned));
        let mut names = std::collections::BTreeSet::new();
        for key in &keys {
            let name = encode(key).unwrap();
            assert_eq!(decode(&name).as_ref(), Some(key));
            assert!(!name.contains(['/', '\\', '\0', ':']), "{name:?}");
            assert!(!name[PREFIX.len()..].contains('.'), "{name:?}");
            assert!(names.insert(name.to_lowercase()), "{key:?} collides");
        }
    }

    #[test]
    fn other_files_are_not_keys() {
        for name in [
            "", "k.", "a", ".k", "t.17", "k.A", "k.%", "k.%2", "k.%zz", "k.%61", "k.+1", "k.%ff",
            "k.%2F",
        ] {
            assert_eq!(decode(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_key_has_a_length() {
        assert!(encode(&"a".repeat(MAX_NAME)).is_ok());
        let message = encode(&"A".repeat(MAX_NAME)).unwrap_err().to_string();
        assert!(
            message.contains("240") && message.contains("480"),
            "{message}"
        );
        assert!(encode("").is_err());
    }
}
