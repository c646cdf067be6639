//! What a server answers, in any of the ways that servers do.
//!
//! `verbose_json` has segments with times and log-probabilities, if the server is OpenAI's or made from Whisper; other servers leave
//! parts of it out, and some answer plain text whatever they were asked for. What is missing stays missing: no time is invented but
//! that of the whole piece, and no confidence at all.

use colloquy_upstream::Failure;
use serde::Deserialize;
use serde_json::Value;

/// A recognised stretch; times in seconds from the start of what was sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// None when the server gives no times.
    pub seconds: Option<(f64, f64)>,
    /// Without space around it, never empty.
    pub text: String,
    /// Of the model, without special tokens.
    pub tokens: Vec<u32>,
    /// Mean natural log-probability of the tokens.
    pub avg_logprob: Option<f64>,
    /// Probability of no speech.
    pub no_speech_prob: Option<f64>,
    /// Temperature that gave this text.
    pub temperature: Option<f64>,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The language, as the server calls it.
    pub language: Option<String>,
    /// In the order of the server, which is that of time.
    pub segments: Vec<Heard>,
}

/// Most segments of an answer. Five minutes of speech, which are sent at most, have a few hundred; whoever listens is told of each one with
/// all before it.
const MOST_SEGMENTS: usize = 5_000;
/// The first special token of a Whisper; timestamps, languages and tasks follow.
const SPECIAL: u32 = 50_257;

/// Every field may be missing, and one that is not what it should be counts as missing: servers differ.
#[derive(Deserialize)]
struct Json {
    #[serde(default)]
    text: Value,
    #[serde(default)]
    language: Value,
    #[serde(default)]
    segments: Value,
}

impl Answer {
    /// Reads the body of an answer; `content_type` decides between JSON and text.
    ///
    /// # Errors
    /// `Unavailable` when it is neither, or JSON without any transcript.
    pub fn read(content_type: &str, body: &[u8]) -> Result<Self, Failure> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let is_json = kind.eq_ignore_ascii_case("application/json") || kind.ends_with("+json");
        let begins = |mark: &[u8]| body.trim_ascii_start().starts_with(mark);
        // Servers exist that send JSON as text, and (whisper.cpp's) text as HTML.
        if is_json || begins(b"{") {
            return Self::json(body);
        }
        let is_page = kind.eq_ignore_ascii_case("text/html") && begins(b"<");
        let texts = ["", "text/plain", "text/html"];
        let is_text = texts.iter().any(|text| kind.eq_ignore_ascii_case(text));
        if is_page || !is_text {
            return Err(bad("is neither JSON nor plain text"));
        }
        let text = std::str::from_utf8(body).map_err(|_| bad("is not UTF-8"))?;
        Ok(Self::plain(text, None))
    }

    fn json(body: &[u8]) -> Result<Self, Failure> {
        let json: Json =
            serde_json::from_slice(body).map_err(|_| bad("is no transcript in JSON"))?;
        let language = json
            .language
            .as_str()
            .filter(|name| !name.is_empty())
            .map(str::to_owned);
        let segments = json.segments.as_array();
        if segments.is_some_and(|all| all.len() > MOST_SEGMENTS) {
            return Err(bad("has more segments than speech can have"));
        }
        let heard: Vec<_> = segments.into_iter().flatten().filter_map(segment).collect();
        match json.text.as_str() {
            // Segments without a text, if any.
            Some(text) if heard.is_empty() => Ok(Self::plain(text, language)),
            None if segments.is_none() => Err(bad("has no transcript")),
            _ => Ok(Self {
                language,
                segments: heard,
            }),
        }
    }

    fn plain(text: &str, language: Option<String>) -> Self {
        // Some servers put each segment on a line of its own.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let heard = (!text.is_empty()).then(|| Heard {
            text,
            ..Heard::default()
        });
        Self {
            language,
            segments: heard.into_iter().collect(),
        }
    }
}

fn segment(value: &Value) -> Option<Heard> {
    let text = value.get("text")?.as_str()?.trim();
    if text.is_empty() {
        return None;
    }
    let number = |name: &str| value.get(name).and_then(Value::as_f64);
    let tokens = value.get("tokens").and_then(Value::as_array);
    let tokens = tokens.into_iter().flatten().filter_map(Value::as_u64);
    Some(Heard {
        seconds: number("start").zip(number("end")),
        text: text.to_owned(),
        tokens: tokens
            .filter_map(|token| u32::try_from(token).ok())
            .filter(|token| *token < SPECIAL)
            .collect(),
        avg_logprob: number("avg_logprob"),
        no_speech_prob: number("no_speech_prob"),
        temperature: number("temperature"),
    })
}

fn bad(what: &str) -> Failure {
    Failure::Unavailable(format!("the transcription server's answer {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &str) -> Answer {
        Answer::read(content_type, body.as_bytes()).unwrap()
    }

    #[test]
    fn segments_with_everything() {
        let answer = read(
            "application/json",
            r#"{"task":"transcribe","language":"english","duration":2.0,"text":" Ask not. What?","segments":[
              {"id":0,"seek":0,"start":0.0,"end":1.5,"text":" Ask not.","tokens":[50364,8554,406,13,50439],"temperature":0.2,
               "avg_logprob":-0.25,"compression_ratio":0.9,"no_speech_prob":0.01},
              {"id":1,"start":1.5,"end":1.6,"text":"  "},
              {"id":2,"start":1.6,"end":2,"text":"What?"}]}"#,
        );
        assert_eq!(answer.language.as_deref(), Some("english"));
        assert_eq!(answer.segments.len(), 2);
        assert_eq!(
            answer.segments[0],
            Heard {
                seconds: Some((0.0, 1.5)),
                text: "Ask not.".into(),
                tokens: vec![8554, 406, 13],
                avg_logprob: Some(-0.25),
                no_speech_prob: Some(0.01),
                temperature: Some(0.2),
            }
        );
        assert_eq!(answer.segments[1].avg_logprob, None);
    }

    #[test]
    fn the_text_alone() {
        for (kind, body) in [
            (
                "application/json; charset=utf-8",
                r#"{"text":" Hello there.\n"}"#,
            ),
            (
                "application/json",
                r#"{"text":"Hello there.","segments":[]}"#,
            ),
            (
                "application/json",
                r#"{"text":"Hello there.","segments":null,"language":7}"#,
            ),
            (
                "application/json",
                r#"{"text":"Hello there.","segments":[{"id":0,"start":0.0,"end":1.0}]}"#,
            ),
            ("text/plain", "Hello there.\n"),
            // whisper.cpp's server.
            ("text/html; charset=utf-8", " Hello\n there.\n"),
            ("text/html", r#"{"text":"Hello there."}"#),
            ("", "Hello there."),
        ] {
            let answer = read(kind, body);
            assert_eq!(answer.segments.len(), 1, "{kind} {body}");
            assert_eq!(answer.segments[0].text, "Hello there.");
            assert_eq!(answer.segments[0].seconds, None);
        }
    }

    #[test]
    fn silence_is_no_segment() {
        for (kind, body) in [
            ("application/json", r#"{"text":""}"#),
            ("application/json", r#"{"text":" ","segments":[]}"#),
            ("application/json", r#"{"segments":[]}"#),
            ("text/plain", "\n"),
        ] {
            assert!(read(kind, body).segments.is_empty(), "{body}");
        }
    }

    #[test]
    fn segments_have_a_bound() {
        let segments = |n| {
            let list = vec![r#"{"text":"a"}"#; n].join(",");
            format!("{{\"segments\":[{list}]}}")
        };
        let most = segments(MOST_SEGMENTS);
        assert_eq!(read("", &most).segments.len(), MOST_SEGMENTS);
        let more = Answer::read("", segments(MOST_SEGMENTS + 1).as_bytes());
        assert!(matches!(more, Err(Failure::Unavailable(_))), "{more:?}");
    }

    #[test]
    fn anything_else_is_an_error() {
        for (kind, body) in [
            ("application/json", &b"{\"text\":\"cut"[..]),
            ("application/json", b"{\"txt\":\"x\"}"),
            ("application/json", b"[]"),
            ("text/html", b"<html>sign in</html>"),
            ("text/html", b"\n<!DOCTYPE html>"),
            ("text/vtt", b"WEBVTT"),
            ("audio/wav", b"RIFF"),
            ("text/plain", b"\xff\xfe"),
        ] {
            let answer = Answer::read(kind, body);
            assert!(
                matches!(answer, Err(Failure::Unavailable(_))),
                "{kind} {answer:?}"
            );
        }
    }
}
