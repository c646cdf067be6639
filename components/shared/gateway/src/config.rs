//! Every setting of the gateway: environment variables, with defaults that suit a laptop.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `MAX_UPLOAD_BYTES` | 26214400 | most encoded bytes of a recording |
//! | `MAX_AUDIO_MS` | 30000 | longest recording in milliseconds |
//! | `MIN_AUDIO_MS` | 100 | shortest recording in milliseconds |
//! | `MAX_TEXT_CHARS` | 2000 | longest question in characters |
//! | `MAX_CARDS` | 4 | most cards of an answer, 0 to 4 |
//! | `STRATEGY` | balanced | `fast`, `balanced` or `high`, where a question does not say |
//! | `SESSION_TTL_S` | 3600 | seconds that a session lives after its last turn |
//! | `AUDIO_TTL_S` | 1800 | seconds that an answer's audio is kept |
//! | `KV_SESSIONS` | sessions | key-value store of the sessions |
//! | `KV_AUDIO` | audio | key-value store of the audio; may be the same one |
//!
//! Who may use it, and how much: [`security`]. How sessions and audio are kept: [`sessions`].

pub mod security;
pub mod sessions;

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::contract::Strategy;
use security::Security;
use sessions::Sessions;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Most encoded bytes of a recording.
    pub max_upload_bytes: u64,
    /// Longest recording in milliseconds.
    pub max_audio_ms: u32,
    /// Shortest recording in milliseconds.
    pub min_audio_ms: u32,
    /// Longest question in characters.
    pub max_text_chars: usize,
    /// Most cards of an answer.
    pub max_cards: u32,
    /// How much time answers may take for their quality, where a question does not say.
    pub strategy: Strategy,
    /// Milliseconds that a session lives after its last turn.
    pub session_ttl_ms: u64,
    /// Milliseconds that audio is kept.
    pub audio_ttl_ms: u64,
    /// Store of the sessions.
    pub kv_sessions: String,
    /// Store of the audio.
    pub kv_audio: String,
    /// How sessions and audio are kept.
    pub sessions: Sessions,
    /// Who may use it, and how much.
    pub security: Security,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not a number, or out of range.
    #[error("{name} must be a whole number from {min} to {max}, is `{value}`")]
    Number {
        /// The variable.
        name: &'static str,
        /// Least value allowed.
        min: u64,
        /// Greatest value allowed.
        max: u64,
        /// What it was set to.
        value: String,
    },
    /// Two settings that contradict each other.
    #[error("MIN_AUDIO_MS ({min}) must be less than MAX_AUDIO_MS ({max})")]
    Durations {
        /// `MIN_AUDIO_MS`.
        min: u32,
        /// `MAX_AUDIO_MS`.
        max: u32,
    },
    /// Not one of the three.
    #[error("STRATEGY must be `fast`, `balanced` or `high`, is `{0}`")]
    Strategy(String),
    /// A store without a name.
    #[error("{0} must not be empty")]
    Empty(&'static str),
    /// A variable that is nearly the name of a setting. What it was to set would silently have its default.
    #[error("{name} is no setting; {meant} is one")]
    Misspelt {
        /// The variable.
        name: String,
        /// The setting.
        meant: String,
    },
    /// A text that is not what it has to be.
    #[error("{name} must be {wanted}, is `{value}`")]
    Form {
        /// The variable.
        name: &'static str,
        /// What it can be.
        wanted: &'static str,
        /// What it was set to.
        value: String,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_upload_bytes: 26_214_400,
            max_audio_ms: 30_000,
            min_audio_ms: 100,
            max_text_chars: 2_000,
            max_cards: 4,
            strategy: Strategy::Balanced,
            session_ttl_ms: 3_600_000,
            audio_ttl_ms: 1_800_000,
            kv_sessions: "sessions".to_owned(),
            kv_audio: "audio".to_owned(),
            sessions: Sessions::default(),
            security: Security::default(),
        }
    }
}

impl Config {
    /// Reads the settings, `lookup` giving the value of a variable if it is set.
    ///
    /// # Errors
    /// The first value that cannot be used, by its name.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let number = |name: &'static str, default: u64, min: u64, max: u64| match lookup(name) {
            None => Ok(default),
            Some(value) => match value.trim().parse() {
                Ok(number) if (min..=max).contains(&number) => Ok(number),
                _ => Err(ConfigError::Number {
                    name,
                    min,
                    max,
                    value,
                }),
            },
        };
        // Every maximum below fits the type that takes it.
        let small = |name, default, min, max: u32| {
            number(name, default, min, max.into()).map(|n| u32::try_from(n).unwrap_or(max))
        };
        let text = |name: &'static str, default: String| match lookup(name) {
            None => Ok(default),
            Some(value) if value.trim().is_empty() => Err(ConfigError::Empty(name)),
            Some(value) => Ok(value.trim().to_owned()),
        };
        let default = Self::default();
        let config = Self {
            max_upload_bytes: number("MAX_UPLOAD_BYTES", default.max_upload_bytes, 1, 1 << 30)?,
            max_audio_ms: small("MAX_AUDIO_MS", default.max_audio_ms.into(), 1, 3_600_000)?,
            min_audio_ms: small("MIN_AUDIO_MS", default.min_audio_ms.into(), 0, 3_600_000)?,
            // The intent stage takes no more than 4,000.
            max_text_chars: small("MAX_TEXT_CHARS", 2_000, 1, 4_000)? as usize,
            max_cards: small("MAX_CARDS", default.max_cards.into(), 0, 4)?,
            strategy: match lookup("STRATEGY") {
                None => default.strategy,
                Some(name) => Strategy::named(name.trim()).ok_or(ConfigError::Strategy(name))?,
            },
            session_ttl_ms: number(
                "SESSION_TTL_S",
                default.session_ttl_ms / 1_000,
                1,
                31_536_000,
            )? * 1_000,
            audio_ttl_ms: number("AUDIO_TTL_S", default.audio_ttl_ms / 1_000, 1, 31_536_000)?
                * 1_000,
            kv_sessions: text("KV_SESSIONS", default.kv_sessions)?,
            kv_audio: text("KV_AUDIO", default.kv_audio)?,
            sessions: Sessions::read(number)?,
            security: Security::read(&lookup)?,
        };
        if config.min_audio_ms >= config.max_audio_ms {
            return Err(ConfigError::Durations {
                min: config.min_audio_ms,
                max: config.max_audio_ms,
            });
        }
        Ok(config)
    }

    /// Looks for settings that are spelt wrongly among the variables that are set. Others are let through, since the stages of a component
    /// that has them inside have theirs beside the gateway's.
    ///
    /// # Errors
    /// The first such variable, and what was meant.
    pub fn check_names<'n>(set: impl Iterator<Item = &'n str>) -> Result<(), ConfigError> {
        let known = RefCell::new(BTreeSet::new());
        // Nothing is set, so this cannot fail, and it asks for everything.
        let _defaults = Self::read(|name| {
            known.borrow_mut().insert(name.to_owned());
            None
        });
        let known = known.into_inner();
        for name in set.filter(|name| !known.contains(*name)) {
            let is_near = |meant: &&String| {
                name.len().abs_diff(meant.len()) <= NEARLY
                    && strsim::damerau_levenshtein(name, meant) <= NEARLY
            };
            if let Some(meant) = known.iter().find(is_near) {
                return Err(ConfigError::Misspelt {
                    name: name.to_owned(),
                    meant: meant.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Names that differ by so many letters are one name, misspelt. No two settings of the gateway and the stages are so near.
const NEARLY: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            set.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        assert_eq!(read(&[]), Ok(Config::default()));
    }

    #[test]
    fn values_are_read() {
        let config = read(&[
            ("MAX_AUDIO_MS", " 5000 "),
            ("SESSION_TTL_S", "1"),
            ("KV_AUDIO", "default"),
            ("STRATEGY", "high"),
        ])
        .unwrap();
        assert_eq!(
            (
                config.max_audio_ms,
                config.session_ttl_ms,
                config.kv_audio.as_str(),
                config.strategy,
            ),
            (5_000, 1_000, "default", Strategy::High)
        );
    }

    #[test]
    fn a_name_that_is_nearly_right_is_a_mistake() {
        for (name, meant) in [
            ("KEY_FILE", "KEYS_FILE"),
            ("RATE_TURN", "RATE_TURNS"),
            ("SESSION_TTL_MS", "SESSION_TTL_S"),
            ("TRUSTED_PORXIES", "TRUSTED_PROXIES"),
        ] {
            let error = Config::check_names([name].into_iter()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{name} is no setting; {meant} is one")
            );
        }
        let fine = [
            "KEYS_FILE",
            "MIN_AUDIO_MS",
            "LLM_MODEL",
            "TTS_VOICE",
            "PATH",
        ];
        assert_eq!(Config::check_names(fine.into_iter()), Ok(()));
    }

    #[test]
    fn mistakes_are_named() {
        let message = |name, value| read(&[(name, value)]).unwrap_err().to_string();
        assert_eq!(
            message("MAX_CARDS", "9"),
            "MAX_CARDS must be a whole number from 0 to 4, is `9`"
        );
        assert!(message("MAX_UPLOAD_BYTES", "25MB").contains("`25MB`"));
        assert!(message("MIN_AUDIO_MS", "30000").contains("must be less than"));
        assert_eq!(
            message("STRATEGY", "best"),
            "STRATEGY must be `fast`, `balanced` or `high`, is `best`"
        );
        assert_eq!(message("KV_SESSIONS", " "), "KV_SESSIONS must not be empty");
    }
}
