//! What an operator set, from environment variables with one prefix such as `ASR_`.
//!
//! An empty variable counts as not set: deployment tools like to set all of them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::base::BaseUrl;
use crate::failure::Failure;
use crate::policy::Policy;
use crate::said;

/// Shortest and longest time that can be set.
const TIMES_MS: std::ops::RangeInclusive<u64> = 100..=600_000;

/// A key. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A key that can be sent in a header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let sendable = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        sendable.then(|| Self(text.to_owned()))
    }

    /// The value of the `authorization` header.
    #[must_use]
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// A text without the key.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        text.replace(&self.0, said::KEY)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The variables of one stage.
pub struct Settings<'a> {
    prefix: &'static str,
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Settings<'a> {
    /// Variables that begin with `prefix`; `lookup` reads one by its full name.
    pub fn new(prefix: &'static str, lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { prefix, lookup }
    }

    /// The text of a variable, without space around it; none when it is not set or empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(&format!("{}{name}", self.prefix))?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The message of a variable that is not what it should be. It does not repeat the value, which could be a key in the wrong place.
    #[must_use]
    pub fn wrong(&self, name: &str, why: impl fmt::Display) -> Failure {
        Failure::Unavailable(format!("{}{name} {why}", self.prefix))
    }

    /// The server's address, `BASE_URL`.
    ///
    /// # Errors
    /// `Unavailable` when it is not set or not an address.
    pub fn base_url(&self) -> Result<BaseUrl, Failure> {
        let text = self.text("BASE_URL");
        let text = text.ok_or_else(|| self.wrong("BASE_URL", "is not set"))?;
        BaseUrl::parse(&text).map_err(|error| self.wrong("BASE_URL", error))
    }

    /// The key, `API_KEY`; none where the host adds one or the server asks for none.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be sent in a header.
    pub fn key(&self) -> Result<Option<Key>, Failure> {
        self.text("API_KEY")
            .map(|text| {
                let why = "has characters that no key has";
                Key::new(&text).ok_or_else(|| self.wrong("API_KEY", why))
            })
            .transpose()
    }

    /// A number in a range, or the default.
    ///
    /// # Errors
    /// `Unavailable` when it is not one.
    pub fn number<N>(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<N>,
        default: N,
    ) -> Result<N, Failure>
    where
        N: FromStr + PartialOrd + fmt::Display,
    {
        let Some(text) = self.text(name) else {
            return Ok(default);
        };
        let value = text.parse::<N>().ok().filter(|value| range.contains(value));
        value.ok_or_else(|| {
            let why = format!("is not a number from {} to {}", range.start(), range.end());
            self.wrong(name, why)
        })
    }

    /// A time, in milliseconds in a variable ending in `TIMEOUT_MS`, or the default.
    ///
    /// # Errors
    /// `Unavailable` when it is not one of 100 ms to 10 minutes.
    pub fn timeout(&self, default_ms: u64) -> Result<Duration, Failure> {
        self.number("TIMEOUT_MS", TIMES_MS, default_ms)
            .map(Duration::from_millis)
    }

    /// How a server that fails is dealt with:
    ///
    /// | variable | meaning | default |
    /// |---|---|---|
    /// | `RETRIES` | how often a request that failed is sent again, 0 to 5 | 2 |
    /// | `ATTEMPT_TIMEOUT_MS` | longest time of one attempt, up to the answer's head, or to its end where it is read whole; `TIMEOUT_MS` is for all attempts together | `TIMEOUT_MS` |
    /// | `BREAKER_FAILURES` | failures in a row after which the server is not asked, 1 to 1000 | 5 |
    /// | `BREAKER_OPEN_MS` | for how long, 100 ms to 10 minutes | 60000 |
    ///
    /// # Errors
    /// `Unavailable` with the name of the variable that is wrong.
    pub fn policy(&self) -> Result<Policy, Failure> {
        let breaker = self.breaker()?;
        let attempt = self
            .text("ATTEMPT_TIMEOUT_MS")
            .map(|_| self.number("ATTEMPT_TIMEOUT_MS", TIMES_MS, 0))
            .transpose()?;
        Ok(Policy {
            retries: self.number("RETRIES", 0..=5, breaker.retries)?,
            attempt: attempt.map(Duration::from_millis),
            ..breaker
        })
    }

    /// The breaker's part of [`Self::policy`], for a protocol with attempts of its own; their number here is the default.
    ///
    /// # Errors
    /// `Unavailable` with the name of the variable that is wrong.
    pub fn breaker(&self) -> Result<Policy, Failure> {
        let default = Policy::default();
        let open_ms = self.number("BREAKER_OPEN_MS", TIMES_MS, 60_000)?;
        Ok(Policy {
            n_failures: self.number("BREAKER_FAILURES", 1..=1000, default.n_failures)?,
            open: Duration::from_millis(open_ms),
            ..default
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(name: &str, value: &str, read: impl FnOnce(&Settings<'_>) -> T) -> T {
        let lookup = |asked: &str| (asked == name).then(|| value.to_owned());
        read(&Settings::new("ASR_", &lookup))
    }

    #[test]
    fn mistakes_name_the_variable_and_not_its_value() {
        let wrong = [
            read("ASR_BASE_URL", "sk-secret", |s| s.base_url().unwrap_err()),
            read("ASR_BASE_URL", "  ", |s| s.base_url().unwrap_err()),
            read("ASR_API_KEY", "sk-secret\nsk-secret", |s| {
                s.key().unwrap_err()
            }),
            read("ASR_TIMEOUT_MS", "99", |s| s.timeout(1).unwrap_err()),
            read("ASR_TIMEOUT_MS", "sk-secret", |s| s.timeout(1).unwrap_err()),
            read("ASR_RETRIES", "6", |s| s.policy().unwrap_err()),
            read("ASR_ATTEMPT_TIMEOUT_MS", "1", |s| s.policy().unwrap_err()),
            read("ASR_BREAKER_FAILURES", "0", |s| s.policy().unwrap_err()),
            read("ASR_BREAKER_OPEN_MS", "-1", |s| s.policy().unwrap_err()),
        ];
        for failure in wrong {
            let text = failure.to_string();
            assert!(
                text.starts_with("ASR_") && !text.contains("secret"),
                "{text}"
            );
            assert!(matches!(failure, Failure::Unavailable(_)));
        }
    }

    #[test]
    fn what_is_not_set_has_a_default() {
        read("OTHER", "1", |settings| {
            assert_eq!(settings.timeout(1500).unwrap().as_millis(), 1500);
            assert_eq!(settings.key().unwrap(), None);
            assert_eq!(settings.text("MODEL"), None);
            assert_eq!(settings.policy().unwrap(), Policy::default());
        });
    }

    #[test]
    fn how_failures_are_dealt_with_can_be_set() {
        let policy = |name, value| read(name, value, |settings| settings.policy().unwrap());
        assert_eq!(policy("ASR_RETRIES", "0").retries, 0);
        let attempt = policy("ASR_ATTEMPT_TIMEOUT_MS", "700").attempt;
        assert_eq!(attempt, Some(Duration::from_millis(700)));
        assert_eq!(policy("ASR_BREAKER_FAILURES", "7").n_failures, 7);
        let open = policy("ASR_BREAKER_OPEN_MS", "1500").open;
        assert_eq!(open, Duration::from_millis(1500));
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = Key::new(" sk-secret ").unwrap();
        assert_eq!(key.bearer(), "Bearer sk-secret");
        assert_eq!(format!("{key:?}"), "Key");
        assert_eq!(key.redact("bad key sk-secret."), "bad key (key).");
    }
}
