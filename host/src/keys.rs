//! New API keys for the gateway. A key is shown once; the file gets its hash.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Longest name; the gateway takes no longer one.
const NAME: usize = 64;

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name is not one.
    #[error("a name has 1 to {NAME} letters, digits, `-`, `_` and `.`")]
    Name,
}

/// A new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What the client sends.
    pub key: String,
    /// What goes into the file.
    pub lines: String,
}

/// Makes a key for that name, of 244 random bits from the system.
///
/// # Errors
/// When the name is not one.
pub fn new(name: &str) -> Result<NewKey, KeyError> {
    let is_name = (1..=NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !is_name {
        return Err(KeyError::Name);
    }
    let key = format!("cq_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let lines = format!(
        "[[key]]\nname = \"{name}\"\nsha256 = \"{}\"\n",
        hex::encode(Sha256::digest(&key))
    );
    Ok(NewKey { key, lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_only_their_hash_goes_into_the_file() {
        let (one, two) = (new("kiosk").unwrap(), new("kiosk").unwrap());
        assert_ne!(one.key, two.key);
        assert!(!one.lines.contains(&one.key) && !one.lines.contains(&one.key[3..]));
        let file: toml::Table = one.lines.parse().unwrap();
        let key = &file["key"][0];
        assert_eq!(key["name"].as_str(), Some("kiosk"));
        let hash = hex::encode(Sha256::digest(&one.key));
        assert_eq!(key["sha256"].as_str(), Some(hash.as_str()));
    }

    #[test]
    fn a_name_is_harmless() {
        for name in ["", "a b", "a\"", "a~b", "ü", &"x".repeat(NAME + 1)] {
            assert_eq!(new(name), Err(KeyError::Name), "{name}");
        }
    }
}
