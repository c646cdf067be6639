//! What an operator sets, as environment variables.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `ASR_BASE_URL` | the server, such as `https://api.groq.com/openai`; required | |
//! | `ASR_MODEL` | the model asked for | `whisper-1` |
//! | `ASR_MODEL_FAST`, `ASR_MODEL_HIGH` | the models of the strategies `fast` and `high` | `ASR_MODEL` |
//! | `ASR_API_KEY` | the key, where the host does not add one | none |
//! | `ASR_FORMAT` | what to ask for: `verbose_json`, `json`, or `text` for servers that know no more | `verbose_json` |
//! | `ASR_LANGUAGES` | BCP 47 tags that the server knows, with commas; others are refused without asking | any |
//! | `ASR_TIMEOUT_MS` | longest time for a piece of the recording, all attempts together; less than the host's deadline for a call | 15000 |
//! | `ASR_RETRIES`, `ASR_ATTEMPT_TIMEOUT_MS`, `ASR_BREAKER_FAILURES`, `ASR_BREAKER_OPEN_MS`, `BREAKER_BUCKET` | see [`Settings::policy`] and `docs/servers.md` | |

use colloquy_upstream::{Api, Failure, Limits, Settings};

/// The model that OpenAI's interface began with; most servers take it for their default.
const DEFAULT_MODEL: &str = "whisper-1";
const DEFAULT_TIMEOUT_MS: u64 = 15_000;

/// What the server is asked to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Segments with times and probabilities.
    VerboseJson,
    /// The text alone, in JSON.
    Json,
    /// The text alone.
    Text,
}

impl Format {
    /// As the interface spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::VerboseJson => "verbose_json",
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}

/// What time may be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// The answer.
    Fast,
    /// Both.
    #[default]
    Balanced,
    /// The best transcript.
    High,
}

/// What an operator set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The server.
    pub api: Api,
    /// The model for [`Strategy::Fast`], where it is another one.
    pub fast: Option<String>,
    /// The model for [`Strategy::High`], where it is another one.
    pub high: Option<String>,
    /// What it is asked for.
    pub format: Format,
    /// Languages it knows; empty when that is not said.
    pub languages: Vec<String>,
}

impl Config {
    /// Reads the variables; `lookup` gives one by its name.
    ///
    /// # Errors
    /// `Unavailable` with the name of the variable that is missing or wrong.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let settings = Settings::new("ASR_", lookup);
        let timeout = settings.timeout(DEFAULT_TIMEOUT_MS)?;
        let format = match settings.text("FORMAT").as_deref() {
            None | Some("verbose_json") => Format::VerboseJson,
            Some("json") => Format::Json,
            Some("text") => Format::Text,
            Some(_) => {
                return Err(settings.wrong("FORMAT", "is none of verbose_json, json and text"));
            }
        };
        let languages = settings.text("LANGUAGES").unwrap_or_default();
        let languages = languages.split(',').map(str::trim);
        Ok(Self {
            api: Api {
                name: "the transcription server",
                base: settings.base_url()?,
                key: settings.key()?,
                model: settings
                    .text("MODEL")
                    .unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
                limits: Limits {
                    head: timeout,
                    pause: timeout,
                    total: Some(timeout),
                },
                policy: settings.policy()?,
            },
            fast: settings.text("MODEL_FAST"),
            high: settings.text("MODEL_HIGH"),
            format,
            languages: languages
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }

    /// The model to ask for.
    #[must_use]
    pub fn model(&self, strategy: Strategy) -> &str {
        let own = match strategy {
            Strategy::Fast => self.fast.as_deref(),
            Strategy::Balanced => None,
            Strategy::High => self.high.as_deref(),
        };
        own.unwrap_or(&self.api.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, Failure> {
        Config::read(&|name| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn only_the_address_is_required() {
        let text = read(&[]).unwrap_err().to_string();
        assert_eq!(text, "ASR_BASE_URL is not set");
        let config = read(&[
            ("ASR_BASE_URL", "https://api.groq.com/openai"),
            ("ASR_API_KEY", ""),
        ])
        .unwrap();
        assert_eq!(config.api.model, "whisper-1");
        assert_eq!((config.api.key, config.format), (None, Format::VerboseJson));
        assert!(config.languages.is_empty());
    }

    #[test]
    fn what_is_set_is_used() {
        let config = read(&[
            ("ASR_BASE_URL", "http://127.0.0.1:1"),
            ("ASR_MODEL", "large"),
            ("ASR_LANGUAGES", "en, de,"),
            ("ASR_FORMAT", "text"),
            ("ASR_TIMEOUT_MS", "2000"),
        ])
        .unwrap();
        assert_eq!(config.languages, ["en", "de"]);
        assert_eq!(
            (config.api.model.as_str(), config.format),
            ("large", Format::Text)
        );
        assert_eq!(config.api.limits.total.unwrap().as_millis(), 2000);
        for strategy in [Strategy::Fast, Strategy::Balanced, Strategy::High] {
            assert_eq!(config.model(strategy), "large");
        }
        let config = read(&[
            ("ASR_BASE_URL", "http://127.0.0.1:1"),
            ("ASR_MODEL_FAST", "turbo"),
            ("ASR_MODEL_HIGH", "large"),
        ])
        .unwrap();
        let models =
            [Strategy::Fast, Strategy::Balanced, Strategy::High].map(|it| config.model(it));
        assert_eq!(models, ["turbo", "whisper-1", "large"]);
        let wrong = read(&[
            ("ASR_BASE_URL", "http://127.0.0.1:1"),
            ("ASR_FORMAT", "srt"),
        ]);
        assert!(
            wrong
                .unwrap_err()
                .to_string()
                .starts_with("ASR_FORMAT is none of")
        );
    }
}
