//! Every setting: environment variables, with defaults that suit a laptop.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `KV_FOLDER` | /data | where the buckets are |
//! | `KV_BUCKETS` | any plain name | buckets that may be opened, separated by commas |
//! | `KV_MAX_VALUE_BYTES` | 33554432 | largest value |
//! | `KV_MAX_KEYS` | 1000 | most keys of a bucket; the oldest give way |
//! | `KV_MAX_BUCKET_BYTES` | 268435456 | most bytes of a bucket's values; the oldest give way |

use crate::error::Error;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the buckets are.
    pub folder: String,
    /// Buckets that may be opened; none for every plain name.
    pub buckets: Option<Vec<String>>,
    /// Limits of a bucket.
    pub limits: Limits,
}

/// Limits of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest value in bytes.
    pub max_value_bytes: u64,
    /// Most keys.
    pub max_keys: u64,
    /// Most bytes of all values.
    pub max_bucket_bytes: u64,
}

impl Config {
    /// Reads the settings, `lookup` giving the value of a variable if it is set.
    ///
    /// # Errors
    /// `Variable`: the first value that cannot be used.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let number = |name: &'static str, default: u64| match lookup(name) {
            None => Ok(default),
            Some(value) => match value.trim().parse() {
                Ok(number @ 1..=0xff_ffff_ffff_u64) => Ok(number),
                _ => Err(Error::Variable {
                    name,
                    expected: "a whole number from 1",
                    value,
                }),
            },
        };
        let folder = lookup("KV_FOLDER").unwrap_or_else(|| "/data".to_owned());
        if folder.trim().is_empty() {
            return Err(Error::Variable {
                name: "KV_FOLDER",
                expected: "a folder",
                value: folder,
            });
        }
        Ok(Self {
            folder,
            buckets: lookup("KV_BUCKETS").map(buckets).transpose()?,
            limits: Limits {
                max_value_bytes: number("KV_MAX_VALUE_BYTES", 32 << 20)?,
                max_keys: number("KV_MAX_KEYS", 1_000)?,
                max_bucket_bytes: number("KV_MAX_BUCKET_BYTES", 256 << 20)?,
            },
        })
    }
}

/// Whether a bucket may have this name: it becomes a folder, so it is letters, digits, `-` and `_`, and starts with a letter or digit.
#[must_use]
pub fn plain(name: &str) -> bool {
    let first = name.bytes().next();
    name.len() <= 64
        && first.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

fn buckets(value: String) -> Result<Vec<String>, Error> {
    let names: Vec<String> = value
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect();
    if names.iter().all(|name| plain(name)) {
        Ok(names)
    } else {
        Err(Error::Variable {
            name: "KV_BUCKETS",
            expected: "names of small letters, digits, `-` and `_`, separated by commas",
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, Error> {
        Config::read(|name| {
            set.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        let config = read(&[]).unwrap();
        assert_eq!((config.folder.as_str(), config.buckets), ("/data", None));
        assert_eq!(config.limits.max_keys, 1_000);
    }

    #[test]
    fn values_are_read() {
        let config = read(&[("KV_BUCKETS", "sessions, audio"), ("KV_MAX_KEYS", "5")]).unwrap();
        assert_eq!(config.buckets.unwrap(), ["sessions", "audio"]);
        assert_eq!(config.limits.max_keys, 5);
    }

    #[test]
    fn mistakes_are_named() {
        let message = |name, value| read(&[(name, value)]).unwrap_err().to_string();
        assert!(message("KV_MAX_KEYS", "0").contains("KV_MAX_KEYS must be a whole number"));
        assert!(message("KV_MAX_VALUE_BYTES", "1M").contains("`1M`"));
        assert!(message("KV_BUCKETS", "sessions,../etc").contains("KV_BUCKETS"));
        assert!(message("KV_FOLDER", " ").contains("KV_FOLDER must be a folder"));
    }

    #[test]
    fn a_bucket_is_a_plain_name() {
        for name in ["sessions", "audio-2", "0", "a_b"] {
            assert!(plain(name), "{name}");
        }
        let long = "a".repeat(65);
        for name in [
            "", ".", "..", "a/b", "a\\b", "A", "é", "-a", "_", "a b", "a\0", &long,
        ] {
            assert!(!plain(name), "{name:?}");
        }
    }
}
