//! What an operator sets, as environment variables.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `TTS_BASE_URL` | the server, such as `https://api.openai.com`; required | |
//! | `TTS_MODEL` | the model asked for | `tts-1` |
//! | `TTS_VOICES` | the voices, `name` or `name\|locale\|gender\|display name`, with commas | `TTS_VOICE` alone |
//! | `TTS_VOICE` | the default voice | the first of `TTS_VOICES`, `alloy` without any |
//! | `TTS_API_KEY` | the key, where the host does not add one | none |
//! | `TTS_FORMAT` | what to ask for: `pcm`, `wav` or `mp3`; each is understood whatever is asked for, but raw `pcm` | `pcm` |
//! | `TTS_RATE_HZ` | sample rate of `pcm` where the server does not say it | 24000, as OpenAI's |
//! | `TTS_TIMEOUT_MS` | longest wait for the answer, all attempts together, and then for each piece; less than the host's deadline for a call | 15000 |
//! | `TTS_RETRIES`, `TTS_ATTEMPT_TIMEOUT_MS`, `TTS_BREAKER_FAILURES`, `TTS_BREAKER_OPEN_MS`, `BREAKER_BUCKET` | see [`Settings::policy`] and `docs/servers.md` | |

use colloquy_upstream::voices::{self, Voice};
use colloquy_upstream::{Api, Failure, Limits, Settings};

const DEFAULT_MODEL: &str = "tts-1";
const DEFAULT_VOICE: &str = "alloy";
const DEFAULT_TIMEOUT_MS: u64 = 15_000;
const DEFAULT_RATE_HZ: u32 = 24_000;
/// Rates that audio can have.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=48_000;

/// What the server is asked to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Signed 16-bit samples, little-endian, one channel, and nothing else.
    Pcm,
    /// The same with a header.
    Wav,
    /// MPEG audio layer III: a tenth of the bytes.
    Mp3,
}

impl Format {
    /// As the interface spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcm => "pcm",
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
        }
    }
}

/// What an operator set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The server.
    pub api: Api,
    /// What it is asked for.
    pub format: Format,
    /// Its voices, the default one first; at least one.
    pub voices: Vec<Voice>,
    /// Sample rate of audio that does not say it.
    pub rate_hz: u32,
}

impl Config {
    /// Reads the variables; `lookup` gives one by its name.
    ///
    /// # Errors
    /// `Unavailable` with the name of the variable that is missing or wrong.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let settings = Settings::new("TTS_", lookup);
        let timeout = settings.timeout(DEFAULT_TIMEOUT_MS)?;
        let format = match settings.text("FORMAT").as_deref() {
            None | Some("pcm") => Format::Pcm,
            Some("wav") => Format::Wav,
            Some("mp3") => Format::Mp3,
            Some("opus" | "aac" | "flac") => {
                return Err(settings.wrong(
                    "FORMAT",
                    "is a format that is not decoded here: it is pcm, wav or mp3",
                ));
            }
            Some(_) => return Err(settings.wrong("FORMAT", "is none of pcm, wav and mp3")),
        };
        Ok(Self {
            api: Api {
                name: "the speech server",
                base: settings.base_url()?,
                key: settings.key()?,
                model: settings
                    .text("MODEL")
                    .unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
                limits: Limits {
                    head: timeout,
                    pause: timeout,
                    total: None,
                },
                policy: settings.policy()?,
            },
            format,
            voices: all_voices(&settings)?,
            rate_hz: settings.number("RATE_HZ", RATES_HZ, DEFAULT_RATE_HZ)?,
        })
    }
}

fn all_voices(settings: &Settings<'_>) -> Result<Vec<Voice>, Failure> {
    let list = settings.text("VOICES").unwrap_or_default();
    let mut voices = voices::parse(&list).map_err(|error| settings.wrong("VOICES", error))?;
    match settings.text("VOICE") {
        Some(default) => match voices.iter().position(|voice| voice.name == default) {
            Some(at) => voices.rotate_left(at),
            None if voices.is_empty() => {
                voices = voices::parse(&default).map_err(|error| settings.wrong("VOICE", error))?;
            }
            None => return Err(settings.wrong("VOICE", "is not in TTS_VOICES")),
        },
        None if voices.is_empty() => {
            voices =
                voices::parse(DEFAULT_VOICE).map_err(|error| settings.wrong("VOICE", error))?;
        }
        None => {}
    }
    Ok(voices)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, Failure> {
        Config::read(&|name| {
            if name == "TTS_BASE_URL" {
                return Some("https://api.openai.com/v1".into());
            }
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn names(variables: &[(&str, &str)]) -> Vec<String> {
        let voices = read(variables).unwrap().voices;
        voices.into_iter().map(|voice| voice.name).collect()
    }

    #[test]
    fn the_default_voice_is_first() {
        assert_eq!(names(&[]), ["alloy"]);
        assert_eq!(names(&[("TTS_VOICE", "nova|en-US|female")]), ["nova"]);
        assert_eq!(names(&[("TTS_VOICES", "a,b,c")]), ["a", "b", "c"]);
        assert_eq!(
            names(&[("TTS_VOICES", "a,b,c"), ("TTS_VOICE", "c")]),
            ["c", "a", "b"]
        );
        let config = read(&[("TTS_VOICES", "a,b"), ("TTS_VOICE", "b")]).unwrap();
        let chosen = |name| voices::choose(&config.voices, name).map(|voice| voice.name.as_str());
        assert_eq!(chosen(None), Ok("b"));
        assert_eq!(chosen(Some("a")), Ok("a"));
        assert!(matches!(chosen(Some("A")), Err(Failure::Unsupported(_))));
    }

    #[test]
    fn mistakes_name_their_variable() {
        for (name, value) in [
            ("TTS_FORMAT", "opus"),
            ("TTS_FORMAT", "speex"),
            ("TTS_RATE_HZ", "1000"),
            ("TTS_VOICES", "a,a"),
            ("TTS_API_KEY", "schlüssel"),
        ] {
            let text = read(&[(name, value)]).unwrap_err().to_string();
            assert!(text.starts_with(&format!("{name} ")), "{text}");
        }
        let text = read(&[("TTS_VOICES", "a"), ("TTS_VOICE", "b")]).unwrap_err();
        assert_eq!(text.to_string(), "TTS_VOICE is not in TTS_VOICES");
    }
}
