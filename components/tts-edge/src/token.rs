//! The token that the service asks for beside the client's own, which is the same for everybody.
//!
//! Version 1 is a SHA-256 of the time, in steps of five minutes as Windows counts them, and the client token. Version 2 mixes more into
//! it and is not computed here: another program writes it to a file that is mounted, or it is a setting.

use std::fmt::Write as _;
use std::path::PathBuf;

use colloquy_upstream::Failure;
use sha2::{Digest, Sha256};

/// Seconds from 1601, where Windows begins, to 1970.
const WINDOWS: i64 = 11_644_473_600;
/// Seconds for which a token is the same.
const STEP: i64 = 300;
/// Seconds in which the times of Windows count: 100 ns.
const TICKS: i128 = 10_000_000;
/// Longest token.
const MAX_TOKEN: usize = 512;

/// Where tokens come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Version 1, computed.
    V1,
    /// The same for every connection.
    Static(String),
    /// What this file has in it when a connection is made.
    File(PathBuf),
    /// None is sent.
    None,
}

impl Source {
    /// Whether the time is in the token, so that a clock that is wrong matters.
    #[must_use]
    pub fn has_time(&self) -> bool {
        *self == Self::V1
    }

    /// The token at a time in seconds since 1970.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read or holds no token.
    pub fn token(&self, client: &str, unix_s: i64) -> Result<String, Failure> {
        match self {
            Self::V1 => Ok(version_1(client, unix_s)),
            Self::Static(token) => Ok(token.clone()),
            Self::None => Ok(String::new()),
            Self::File(path) => {
                let wrong = |why: &str| {
                    Failure::Unavailable(format!("EDGE_TOKEN_FILE, {}, {why}", path.display()))
                };
                let text = std::fs::read_to_string(path).map_err(|_| wrong("cannot be read"))?;
                let token = text.trim();
                if is_token(token) {
                    Ok(token.to_owned())
                } else {
                    Err(wrong("holds no token"))
                }
            }
        }
    }
}

/// Whether a text can be a token: it is sent in an address.
#[must_use]
pub fn is_token(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    !text.is_empty() && text.len() <= MAX_TOKEN && text.chars().all(fits)
}

fn version_1(client: &str, unix_s: i64) -> String {
    let windows = unix_s.saturating_add(WINDOWS);
    let ticks = i128::from(windows - windows.rem_euclid(STEP)) * TICKS;
    let digest = Sha256::digest(format!("{ticks}{client}"));
    let mut token = String::with_capacity(64);
    for byte in digest {
        // Writing to a string does not fail.
        let _written = write!(token, "{byte:02X}");
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "6A5AA1D4EAFF4E9FB37E23D68491D6F4";

    #[test]
    fn version_1_is_what_other_clients_compute() {
        let token = |unix_s| Source::V1.token(CLIENT, unix_s).unwrap();
        let known = "42301B335578FEFDAE2637DED1ABD614505D432559EC08032B82048483726AFF";
        assert_eq!(token(1_700_000_000), known);
        // 1,699,999,800 is a multiple of 300.
        assert_eq!(token(1_699_999_800), known);
        assert_eq!(token(1_700_000_099), known);
        assert_ne!(token(1_699_999_799), known);
        assert_ne!(token(1_700_000_100), known);
    }

    #[test]
    fn a_file_is_read_each_time() {
        let path = std::env::temp_dir().join(format!("tts-edge-token-{}", std::process::id()));
        let source = Source::File(path.clone());
        for token in ["0123456789ABCDEF-AB", "X"] {
            std::fs::write(&path, format!("{token}\n")).unwrap();
            assert_eq!(source.token(CLIENT, 0).unwrap(), token);
        }
        std::fs::write(&path, "a b").unwrap();
        assert!(matches!(
            source.token(CLIENT, 0),
            Err(Failure::Unavailable(_))
        ));
        std::fs::remove_file(&path).unwrap();
        let why = source.token(CLIENT, 0).unwrap_err().to_string();
        assert!(why.contains("cannot be read"), "{why}");
    }
}
