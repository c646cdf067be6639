//! What an operator sets, as environment variables. Defaults are what the service took in 2026.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `EDGE_URL` | the service's address, `wss://` or `ws://` | `wss://speech.platform.bing.com/consumer/speech/synthesize/readaloud/edge/v1` |
//! | `EDGE_CLIENT_TOKEN` | the client token that all Edge browsers share | as Edge 143 |
//! | `EDGE_CHROMIUM` | the version of the browser, in the user agent and the token's version | `143.0.3650.75` |
//! | `EDGE_GEC_VERSION` | the version of the token | `1-` and `EDGE_CHROMIUM` |
//! | `EDGE_TOKEN_MODE` | `v1` computes the token, `static` takes `EDGE_TOKEN`, `file` reads `EDGE_TOKEN_FILE` for each connection, `none` sends none | `v1` |
//! | `EDGE_QUERY` | template of the query | as Edge 143 |
//! | `EDGE_COOKIE` | template of the cookie, `none` for no cookie | `muid={muid};` |
//! | `EDGE_HEADERS` | JSON object of further headers (templates too); null leaves one of ours out | none |
//! | `EDGE_FORMAT` | the audio asked for: mono, mp3 or raw 16-bit PCM | `audio-24khz-48kbitrate-mono-mp3` |
//! | `EDGE_VOICES` | the voices, `name` or `name\|locale\|gender\|display name`, with commas | a few |
//! | `EDGE_VOICES_FILE` | the voices as the service lists them, a mounted file | none |
//! | `EDGE_VOICE` | the default voice | the first |
//! | `EDGE_CONNECT_TIMEOUT_MS` | longest wait for a connection, TLS and WebSocket included | 5000 |
//! | `EDGE_TIMEOUT_MS` | longest wait for each message | 10000 |
//! | `EDGE_TOTAL_TIMEOUT_MS` | longest time for one request's audio | 120000 |
//! | `EDGE_BREAKER_FAILURES` | failures in a row after which the service is not asked | 5 |
//! | `EDGE_BREAKER_OPEN_MS` | for how long it is not | 60000 |
//! | `BREAKER_BUCKET` | the key-value bucket in which that is kept | `breakers` |

use std::collections::BTreeMap;
use std::time::Duration;

use colloquy_upstream::voices::Voice;
use colloquy_upstream::{Failure, Policy, Settings};

use crate::endpoint::{Endpoint, Introduction};
use crate::format::Format;
use crate::token::{self, Source};
use crate::voices;

const URL: &str = "wss://speech.platform.bing.com/consumer/speech/synthesize/readaloud/edge/v1";
const CLIENT_TOKEN: &str = "6A5AA1D4EAFF4E9FB37E23D68491D6F4";
const CHROMIUM: &str = "143.0.3650.75";
const QUERY: &str =
    "TrustedClientToken={client}&ConnectionId={id}&Sec-MS-GEC={token}&Sec-MS-GEC-Version={version}";
const COOKIE: &str = "muid={muid};";
const ORIGIN: &str = "chrome-extension://jdiccldimpdaibmpdkjnbmckianbfold";
const FORMAT: &str = "audio-24khz-48kbitrate-mono-mp3";
const TIMES_MS: std::ops::RangeInclusive<u64> = 100..=600_000;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection is there.
    pub connect: Duration,
    /// Between messages.
    pub pause: Duration,
    /// For the audio of one request.
    pub total: Duration,
}

/// What an operator set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The service.
    pub endpoint: Endpoint,
    /// How to introduce ourselves there.
    pub introduction: Introduction,
    /// The client token.
    pub client_token: String,
    /// The token's version.
    pub version: String,
    /// Where tokens come from.
    pub token: Source,
    /// What it is asked to send.
    pub format: Format,
    /// Its voices, the default one first; at least one.
    pub voices: Vec<Voice>,
    /// Times.
    pub limits: Limits,
    /// When the service is left alone. Requests are not sent again: speech would come late, and the service does not like many.
    pub policy: Policy,
}

impl Config {
    /// Reads the variables; `lookup` gives one by its name.
    ///
    /// # Errors
    /// `Unavailable` with the name of the variable that is wrong.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let settings = Settings::new("EDGE_", lookup);
        let text =
            |name: &str, default: &str| settings.text(name).unwrap_or_else(|| default.to_owned());
        let time = |name: &str, default: u64| {
            settings
                .number(name, TIMES_MS, default)
                .map(Duration::from_millis)
        };
        let endpoint = Endpoint::parse(&text("URL", URL));
        let chromium = text("CHROMIUM", CHROMIUM);
        if !chromium.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err(settings.wrong("CHROMIUM", "is not a version such as 143.0.3650.75"));
        }
        let client_token = text("CLIENT_TOKEN", CLIENT_TOKEN);
        if !token::is_token(&client_token) {
            return Err(settings.wrong("CLIENT_TOKEN", "has characters that no token has"));
        }
        Ok(Self {
            endpoint: endpoint.map_err(|error| settings.wrong("URL", error))?,
            introduction: Introduction {
                query: text("QUERY", QUERY),
                headers: headers(&settings, &chromium)?,
            },
            client_token,
            version: text("GEC_VERSION", &format!("1-{chromium}")),
            token: source(&settings)?,
            format: Format::parse(&text("FORMAT", FORMAT))
                .map_err(|error| settings.wrong("FORMAT", error))?,
            voices: all_voices(&settings)?,
            limits: Limits {
                connect: time("CONNECT_TIMEOUT_MS", 5_000)?,
                pause: time("TIMEOUT_MS", 10_000)?,
                total: time("TOTAL_TIMEOUT_MS", 120_000)?,
            },
            policy: policy(&settings)?,
        })
    }
}

/// The breaker's variables. Those of attempts, which other stages have, would do nothing here.
fn policy(settings: &Settings<'_>) -> Result<Policy, Failure> {
    for name in ["RETRIES", "ATTEMPT_TIMEOUT_MS"] {
        if settings.text(name).is_some() {
            return Err(settings.wrong(name, "is set, but requests are not sent again"));
        }
    }
    settings.breaker()
}

fn source(settings: &Settings<'_>) -> Result<Source, Failure> {
    match settings.text("TOKEN_MODE").as_deref() {
        None | Some("v1") => Ok(Source::V1),
        Some("none") => Ok(Source::None),
        Some("static") => {
            let token = settings.text("TOKEN").ok_or_else(|| {
                settings.wrong("TOKEN", "is not set, but EDGE_TOKEN_MODE is static")
            })?;
            if token::is_token(&token) {
                Ok(Source::Static(token))
            } else {
                Err(settings.wrong("TOKEN", "has characters that no token has"))
            }
        }
        Some("file") => {
            let path = settings.text("TOKEN_FILE");
            let path = path.ok_or_else(|| {
                settings.wrong("TOKEN_FILE", "is not set, but EDGE_TOKEN_MODE is file")
            })?;
            Ok(Source::File(path.into()))
        }
        Some(_) => Err(settings.wrong("TOKEN_MODE", "is none of v1, static, file and none")),
    }
}

/// The headers of Edge, with those that an operator adds, replaces or leaves out.
fn headers(settings: &Settings<'_>, chromium: &str) -> Result<Vec<(String, String)>, Failure> {
    let major = chromium.split('.').next().unwrap_or_default();
    let agent = format!(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36 \
         Edg/{major}.0.0.0"
    );
    let mut headers: BTreeMap<String, String> = [
        ("pragma", "no-cache"),
        ("cache-control", "no-cache"),
        ("origin", ORIGIN),
        ("user-agent", agent.as_str()),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("accept-language", "en-US,en;q=0.9"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let cookie = settings.text("COOKIE").unwrap_or_else(|| COOKIE.to_owned());
    if cookie != "none" {
        headers.insert("cookie".to_owned(), cookie);
    }
    if let Some(text) = settings.text("HEADERS") {
        let own: BTreeMap<String, Option<String>> = serde_json::from_str(&text).map_err(|_| {
            settings.wrong(
                "HEADERS",
                "is not a JSON object of names and texts (or null)",
            )
        })?;
        for (name, value) in own {
            let name = name.to_ascii_lowercase();
            match value {
                Some(value) => headers.insert(name, value),
                None => headers.remove(&name),
            };
        }
    }
    Ok(headers.into_iter().collect())
}

fn all_voices(settings: &Settings<'_>) -> Result<Vec<Voice>, Failure> {
    let mut voices = match (settings.text("VOICES"), settings.text("VOICES_FILE")) {
        (Some(_), Some(_)) => {
            return Err(settings.wrong("VOICES_FILE", "is set, and so is EDGE_VOICES"));
        }
        (None, Some(path)) => {
            let text = std::fs::read_to_string(&path).map_err(|_| {
                settings.wrong("VOICES_FILE", format_args!("({path}) cannot be read"))
            })?;
            voices::parse_json(&text).map_err(|error| settings.wrong("VOICES_FILE", error))?
        }
        (list, None) => {
            let list = list.unwrap_or_else(|| voices::DEFAULT.to_owned());
            voices::parse(&list).map_err(|error| settings.wrong("VOICES", error))?
        }
    };
    if let Some(default) = settings.text("VOICE") {
        let at = voices.iter().position(|voice| voice.name == default);
        let at = at.ok_or_else(|| settings.wrong("VOICE", "is not one of the voices"))?;
        let voice = voices.remove(at);
        voices.insert(0, voice);
    }
    Ok(voices)
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
    fn the_defaults_are_what_edge_sends() {
        let config = read(&[]).unwrap();
        assert_eq!(config.endpoint.origin(), "wss://speech.platform.bing.com");
        assert_eq!(config.version, "1-143.0.3650.75");
        assert_eq!(config.format.rate_hz(), 24_000);
        assert_eq!(
            config.voices.first().unwrap().name,
            "en-US-EmmaMultilingualNeural"
        );
        let header = |name: &str| {
            let mut headers = config.introduction.headers.iter();
            headers
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(header("cookie"), Some("muid={muid};"));
        assert!(header("user-agent").unwrap().ends_with("Edg/143.0.0.0"));
    }

    #[test]
    fn what_changes_each_year_can_be_changed() {
        let config = read(&[
            ("EDGE_URL", "wss://api.example.com/v2"),
            ("EDGE_CHROMIUM", "150.1.2.3"),
            ("EDGE_GEC_VERSION", "2-150.1.2.3"),
            ("EDGE_TOKEN_MODE", "static"),
            ("EDGE_TOKEN", "0123-AB"),
            ("EDGE_COOKIE", "none"),
            (
                "EDGE_HEADERS",
                r#"{"Origin": null, "Sec-MS-GEC": "{token}"}"#,
            ),
            ("EDGE_VOICES", "a,b"),
            ("EDGE_VOICE", "b"),
        ])
        .unwrap();
        assert_eq!(config.token, Source::Static("0123-AB".to_owned()));
        assert_eq!(config.version, "2-150.1.2.3");
        let names: Vec<_> = config
            .introduction
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert!(names.contains(&"sec-ms-gec"), "{names:?}");
        assert!(
            !names.contains(&"origin") && !names.contains(&"cookie"),
            "{names:?}"
        );
        let names: Vec<_> = config
            .voices
            .iter()
            .map(|voice| voice.name.as_str())
            .collect();
        assert_eq!(names, ["b", "a"]);
    }

    #[test]
    fn mistakes_name_their_variable() {
        for (name, value) in [
            ("EDGE_URL", "https://example.com"),
            ("EDGE_CHROMIUM", "new"),
            ("EDGE_CLIENT_TOKEN", "a b"),
            ("EDGE_TOKEN_MODE", "v3"),
            ("EDGE_HEADERS", "a: b"),
            ("EDGE_FORMAT", "audio-24khz-96kbitrate-stereo-mp3"),
            ("EDGE_VOICES", "a,a"),
            ("EDGE_VOICES_FILE", "/nowhere/voices.json"),
            ("EDGE_VOICE", "nobody"),
            ("EDGE_TIMEOUT_MS", "0"),
            ("EDGE_BREAKER_FAILURES", "0"),
            ("EDGE_BREAKER_OPEN_MS", "soon"),
            ("EDGE_RETRIES", "2"),
            ("EDGE_ATTEMPT_TIMEOUT_MS", "2000"),
        ] {
            let text = read(&[(name, value)]).unwrap_err().to_string();
            assert!(text.starts_with(&format!("{name} ")), "{text}");
        }
        for mode in ["static", "file"] {
            let text = read(&[("EDGE_TOKEN_MODE", mode)]).unwrap_err().to_string();
            assert!(text.starts_with("EDGE_TOKEN"), "{text}");
        }
    }
}
