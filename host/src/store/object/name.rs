//! Names of objects for keys: one segment of a path, of letters, digits, `-`, `=` and `_`, in the same order as the keys.
//!
//! A byte that is not a digit or a letter other than `z` is a sign and two hexadecimal digits. Which sign depends on where the byte lies,
//! so that names are ordered as keys are: `-` before the digits, `=` between digits and capitals, `_` between capitals and small letters,
//! `z` from there on.

/// Longest name: file systems allow 255 bytes, and some are needed while a file is written.
pub(super) const NAME: usize = 240;

/// The name for a key; none when it would be too long.
pub(super) fn encode(key: &str) -> Option<String> {
    let mut name = String::with_capacity(key.len() + 16);
    for byte in key.bytes() {
        match sign(byte) {
            None => name.push(char::from(byte)),
            Some(sign) => name.push_str(&format!("{}{byte:02x}", char::from(sign))),
        }
    }
    (name.len() <= NAME).then_some(name)
}

/// The key of a name; none for what is not ours.
pub(super) fn decode(name: &str) -> Option<String> {
    let mut key = Vec::with_capacity(name.len());
    let mut bytes = name.bytes();
    while let Some(byte) = bytes.next() {
        if byte.is_ascii_alphanumeric() && byte != b'z' {
            key.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        let escaped = u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
        if sign(escaped) != Some(byte) {
            return None;
        }
        key.push(escaped);
    }
    String::from_utf8(key).ok().filter(|key| !key.is_empty())
}

/// The sign of an escaped byte; none for one that stands for itself.
fn sign(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'y' => None,
        ..=b'/' => Some(b'-'),
        b':'..=b'@' => Some(b'='),
        b'['..=b'`' => Some(b'_'),
        _ => Some(b'z'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_as_keys_are() {
        let mut keys: Vec<String> = (1..128)
            .map(char::from)
            .flat_map(|c| ["", "a", "é"].map(|rest| format!("{c}{rest}")))
            .collect();
        keys.extend(["ü", "\u{10ffff}", "a/b", "a-b", "z", "zz", "..", "."].map(str::to_owned));
        keys.sort();
        let names: Vec<String> = keys.iter().map(|key| encode(key).unwrap()).collect();
        assert!(names.is_sorted(), "{names:?}");
        for (key, name) in keys.iter().zip(&names) {
            assert_eq!(decode(name).as_ref(), Some(key), "{name}");
            let ours = |c: char| c.is_ascii_alphanumeric() || "-=_".contains(c);
            assert!(name.chars().all(ours), "{name}");
        }
    }

    #[test]
    fn what_is_not_ours_is_no_key() {
        for name in ["", ".lock", "-", "-2", "-zz", "z30", "=2d", "a.wav", "zff"] {
            assert_eq!(decode(name), None, "{name}");
        }
        assert_eq!(encode(&"a".repeat(NAME)).map(|name| name.len()), Some(NAME));
        assert_eq!(encode(&"a".repeat(NAME + 1)), None);
        assert_eq!(encode("3f2a-b"), Some("3f2a-2db".into()));
    }
}
