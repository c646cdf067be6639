//! What an operator sets, as environment variables.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LLM_BASE_URL` | the server | `https://api.groq.com/openai` |
//! | `LLM_MODEL` | the model asked for | `openai/gpt-oss-120b`, as Groq calls it |
//! | `LLM_MODEL_FAST` | the one for the strategy `fast` | `LLM_MODEL`; `openai/gpt-oss-20b` when neither server nor model is set |
//! | `LLM_MODEL_HIGH` | the one for the strategy `high` | `LLM_MODEL` |
//! | `LLM_API_KEY` | the key, where the host does not add one | none |
//! | `LLM_MAX_TOKENS`, `_FAST`, `_HIGH` | most tokens of an answer, within what the caller allows | 220, 120, 320 |
//! | `LLM_TEMPERATURE` | 0 to 2 in place of the caller's; `none` sends none, for models that refuse it | the caller's |
//! | `LLM_TOKENS_FIELD` | `max_tokens` or `max_completion_tokens` | the latter for OpenAI and Groq |
//! | `LLM_REASONING_EFFORT` | for models that think; `none` sends none | `low` for gpt-oss models |
//! | `LLM_REASONING_TOKENS` | tokens for thoughts, beside those of the answer | 512 with an effort, else 0 |
//! | `LLM_EXTRA` | a JSON object with more fields of the request | |
//! | `LLM_HISTORY_MESSAGES` | most earlier messages sent along | 8 |
//! | `LLM_HISTORY_CHARS` | most characters of them | 4000 |
//! | `LLM_PERSONA_DIR` | the folder with `persona.json` | `/content` |
//! | `LLM_TIMEOUT_MS` | longest wait for an answer to begin, and then for each piece; less than the host's deadline for a call | 15000 |
//! | `LLM_TOTAL_TIMEOUT_MS` | longest time from the beginning of an answer to its end | 60000 |
//!
//! And those of every stage that asks a server (`Settings::policy`): `LLM_RETRIES`, `LLM_ATTEMPT_TIMEOUT_MS`, `LLM_BREAKER_FAILURES`,
//! `LLM_BREAKER_OPEN_MS`, and `BREAKER_BUCKET`, see `docs/servers.md`.

use std::path::PathBuf;
use std::time::Duration;

use colloquy_upstream::{Api, BaseUrl, Failure, Limits, Settings};
use serde_json::{Map, Value};

use crate::request::Strategy;

const GROQ: &str = "https://api.groq.com/openai";
/// Of Groq's production models in November 2026, the better and the quicker one; those of Llama 3 were switched off in August.
const GROQ_MODELS: (&str, &str) = ("openai/gpt-oss-120b", "openai/gpt-oss-20b");
/// Servers whose documentation calls `max_tokens` outdated; many others know only that.
const NEW_FIELD: &[&str] = &["api.openai.com", "api.groq.com"];
/// Fields of a request that are this stage's own.
const OWN_FIELDS: &[&str] = &["model", "messages", "stream", "stream_options", "n"];
const DEFAULT_TIMEOUT_MS: u64 = 15_000;
const DEFAULT_TOTAL_MS: u64 = 60_000;

/// What an answer of one strategy is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The model.
    pub model: String,
    /// Most tokens.
    pub max_tokens: u32,
    /// What the model is told of the length.
    pub length: &'static str,
}

/// Which temperature is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Temperature {
    /// The caller's.
    Asked,
    /// This one.
    Fixed(f64),
    /// None at all.
    Unsent,
}

/// What an operator set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The server; its model is the balanced one.
    pub api: Api,
    /// Longest time from the head of an answer to its end.
    pub total: Duration,
    /// For `fast`, `balanced` and `high`.
    choices: [Choice; 3],
    /// Which temperature is sent.
    pub temperature: Temperature,
    /// Name of the field with the most tokens.
    pub tokens_field: &'static str,
    /// How hard a model should think.
    effort: Option<String>,
    reasoning_tokens: Option<u32>,
    /// More fields of a request.
    pub extra: Map<String, Value>,
    /// Most earlier messages, and most characters of them.
    pub history: (usize, usize),
    /// The folder with `persona.json`.
    pub persona: PathBuf,
}

impl Config {
    /// Reads the variables; `lookup` gives one by its name.
    ///
    /// # Errors
    /// `Unavailable` with the name of the variable that is wrong.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let settings = Settings::new("LLM_", lookup);
        let timeout = settings.timeout(DEFAULT_TIMEOUT_MS)?;
        let total = settings.number("TOTAL_TIMEOUT_MS", 100..=600_000, DEFAULT_TOTAL_MS)?;
        let base = match settings.text("BASE_URL") {
            Some(_) => settings.base_url()?,
            None => BaseUrl::parse(GROQ).map_err(|error| Failure::Internal(error.to_string()))?,
        };
        let is_groq = settings.text("BASE_URL").is_none() && settings.text("MODEL").is_none();
        let model = match settings.text("MODEL") {
            Some(model) => model,
            None if base.authority == "api.groq.com" => GROQ_MODELS.0.to_owned(),
            None => {
                return Err(
                    settings.wrong("MODEL", "is not set, which only Groq has a default for")
                );
            }
        };
        let quick = if is_groq { GROQ_MODELS.1 } else { &model };
        let choice = |suffix: &str, model: &str, max_tokens: u32, length| {
            let name = |name: &str| format!("{name}{suffix}");
            Ok(Choice {
                model: settings
                    .text(&name("MODEL"))
                    .unwrap_or_else(|| model.to_owned()),
                max_tokens: settings.number(&name("MAX_TOKENS"), 1..=8192, max_tokens)?,
                length,
            })
        };
        let choices = [
            choice("_FAST", quick, 120, "one or two short sentences")?,
            choice("", &model, 220, "two or three sentences")?,
            choice("_HIGH", &model, 320, "three or four sentences")?,
        ];
        Ok(Self {
            tokens_field: tokens_field(&settings, &base)?,
            api: Api {
                name: "the language model's server",
                base,
                key: settings.key()?,
                model,
                limits: Limits {
                    head: timeout,
                    pause: timeout,
                    // That of an answer begins with its head; see `total`.
                    total: None,
                },
                policy: settings.policy()?,
            },
            total: Duration::from_millis(total),
            choices,
            temperature: temperature(&settings)?,
            effort: settings.text("REASONING_EFFORT"),
            reasoning_tokens: match settings.text("REASONING_TOKENS") {
                Some(_) => Some(settings.number("REASONING_TOKENS", 0..=32_768, 0)?),
                None => None,
            },
            extra: extra(&settings)?,
            history: (
                settings.number("HISTORY_MESSAGES", 0..=100, 8)?,
                settings.number("HISTORY_CHARS", 0..=100_000, 4_000)?,
            ),
            persona: settings
                .text("PERSONA_DIR")
                .map_or_else(|| PathBuf::from("/content"), PathBuf::from),
        })
    }

    /// What an answer of this strategy is made with.
    #[must_use]
    pub fn choice(&self, strategy: Strategy) -> &Choice {
        let [fast, balanced, high] = &self.choices;
        match strategy {
            Strategy::Fast => fast,
            Strategy::Balanced => balanced,
            Strategy::High => high,
        }
    }

    /// How hard this model is told to think, if it is told, and its tokens for that.
    #[must_use]
    pub fn reasoning(&self, model: &str) -> (Option<&str>, u32) {
        let effort = match self.effort.as_deref() {
            Some("none") => None,
            Some(effort) => Some(effort),
            None => model.contains("gpt-oss").then_some("low"),
        };
        let default = if effort.is_some() { 512 } else { 0 };
        (effort, self.reasoning_tokens.unwrap_or(default))
    }
}

fn tokens_field(settings: &Settings<'_>, base: &BaseUrl) -> Result<&'static str, Failure> {
    match settings.text("TOKENS_FIELD").as_deref() {
        Some("max_tokens") => Ok("max_tokens"),
        Some("max_completion_tokens") => Ok("max_completion_tokens"),
        Some(_) => Err(settings.wrong(
            "TOKENS_FIELD",
            "is neither max_tokens nor max_completion_tokens",
        )),
        None if NEW_FIELD.contains(&base.authority.as_str()) => Ok("max_completion_tokens"),
        None => Ok("max_tokens"),
    }
}

fn temperature(settings: &Settings<'_>) -> Result<Temperature, Failure> {
    Ok(match settings.text("TEMPERATURE").as_deref() {
        None => Temperature::Asked,
        Some("none") => Temperature::Unsent,
        Some(_) => Temperature::Fixed(settings.number("TEMPERATURE", 0.0..=2.0, 0.0)?),
    })
}

fn extra(settings: &Settings<'_>) -> Result<Map<String, Value>, Failure> {
    let Some(text) = settings.text("EXTRA") else {
        return Ok(Map::new());
    };
    let extra: Map<String, Value> =
        serde_json::from_str(&text).map_err(|_| settings.wrong("EXTRA", "is no JSON object"))?;
    match OWN_FIELDS.iter().find(|name| extra.contains_key(**name)) {
        Some(name) => Err(settings.wrong(
            "EXTRA",
            format!("has the field {name}, which is the stage's own"),
        )),
        None => Ok(extra),
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

    fn models(variables: &[(&str, &str)]) -> [String; 3] {
        let config = read(variables).unwrap();
        [Strategy::Fast, Strategy::Balanced, Strategy::High]
            .map(|strategy| config.choice(strategy).model.clone())
    }

    #[test]
    fn nothing_set_is_groq() {
        let config = read(&[]).unwrap();
        assert_eq!(config.api.base.path("/v1/x"), "/openai/v1/x");
        assert_eq!(config.tokens_field, "max_completion_tokens");
        assert_eq!(config.reasoning("openai/gpt-oss-20b"), (Some("low"), 512));
        assert_eq!(config.reasoning("llama"), (None, 0));
        let big = "openai/gpt-oss-120b";
        assert_eq!(models(&[]), ["openai/gpt-oss-20b", big, big]);
    }

    #[test]
    fn strategies_fall_back_to_the_balanced_model() {
        let base = ("LLM_BASE_URL", "http://127.0.0.1:8080");
        assert_eq!(models(&[base, ("LLM_MODEL", "m")]), ["m", "m", "m"]);
        assert_eq!(models(&[("LLM_MODEL", "m")]), ["m", "m", "m"]);
        let all = [
            base,
            ("LLM_MODEL", "m"),
            ("LLM_MODEL_FAST", "f"),
            ("LLM_MODEL_HIGH", "h"),
        ];
        assert_eq!(models(&all), ["f", "m", "h"]);
        let config = read(&[base, ("LLM_MODEL", "m"), ("LLM_MAX_TOKENS_HIGH", "500")]).unwrap();
        assert_eq!(config.choice(Strategy::High).max_tokens, 500);
        assert_eq!(config.choice(Strategy::Fast).max_tokens, 120);
        assert_eq!(config.tokens_field, "max_tokens");
    }

    #[test]
    fn mistakes_name_their_variable() {
        for (name, value) in [
            ("LLM_BASE_URL", "groq"),
            ("LLM_TEMPERATURE", "warm"),
            ("LLM_TEMPERATURE", "2.1"),
            ("LLM_MAX_TOKENS_FAST", "0"),
            ("LLM_TOKENS_FIELD", "tokens"),
            ("LLM_REASONING_TOKENS", "-1"),
            ("LLM_EXTRA", "[]"),
            ("LLM_EXTRA", r#"{"stream":false}"#),
            ("LLM_HISTORY_CHARS", "many"),
            ("LLM_TOTAL_TIMEOUT_MS", "1"),
        ] {
            let text = read(&[(name, value)]).unwrap_err().to_string();
            assert!(text.starts_with(&format!("{name} ")), "{text}");
        }
        let text = read(&[("LLM_BASE_URL", "http://127.0.0.1:1")]).unwrap_err();
        assert!(text.to_string().starts_with("LLM_MODEL "), "{text}");
    }

    #[test]
    fn none_sends_none() {
        let config = read(&[
            ("LLM_TEMPERATURE", "none"),
            ("LLM_REASONING_EFFORT", "none"),
        ])
        .unwrap();
        assert_eq!(config.temperature, Temperature::Unsent);
        assert_eq!(config.reasoning("openai/gpt-oss-20b"), (None, 0));
        let config = read(&[("LLM_TEMPERATURE", "0.3")]).unwrap();
        assert_eq!(config.temperature, Temperature::Fixed(0.3));
    }
}
