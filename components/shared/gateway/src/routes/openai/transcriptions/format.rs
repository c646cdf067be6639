//! A transcript in the formats of the interface.
//!
//! Times are those of the recogniser's segments. `seek` is where a segment begins in frames of 10 ms, because there is no window of
//! 30 s here; `compression_ratio` is that of the segment's text, as Whisper defines it.

use std::fmt::Write as _;

use serde::Serialize;
use utoipa::ToSchema;

use super::languages;
use crate::contract::listen;

/// How a transcript is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Json,
    Text,
    Srt,
    Vtt,
    VerboseJson,
}

impl Format {
    /// The format of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "text" => Self::Text,
            "srt" => Self::Srt,
            "vtt" => Self::Vtt,
            "verbose_json" => Self::VerboseJson,
            _ => return None,
        })
    }

    /// The media type and the document.
    pub(super) fn document(self, heard: &Heard) -> (&'static str, String) {
        let json = "application/json";
        match self {
            Self::Json => (json, in_json(&Transcription::of(heard))),
            Self::VerboseJson => (json, in_json(&VerboseTranscription::of(heard))),
            Self::Text => (
                "text/plain; charset=utf-8",
                format!("{}\n", heard.transcript.text),
            ),
            Self::Srt => ("application/x-subrip; charset=utf-8", srt(heard)),
            Self::Vtt => ("text/vtt; charset=utf-8", vtt(heard)),
        }
    }
}

/// What was heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) transcript: listen::Transcript,
    /// Stages that fell back.
    pub(super) degraded: Vec<String>,
}

/// A transcript, `response_format` `json`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Transcription {
    /// Empty when nobody spoke.
    text: String,
    usage: Usage,
    /// Stages that fell back; absent when none did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    degraded: Vec<String>,
}

/// A transcript, `response_format` `verbose_json`.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct VerboseTranscription {
    /// Always `transcribe`.
    task: &'static str,
    /// The language's English name in lower case, as OpenAI's own server gives it; `und` when nobody spoke.
    #[schema(example = "english")]
    language: String,
    /// Length of the recording in seconds.
    duration: f64,
    /// Empty when nobody spoke.
    text: String,
    segments: Vec<Segment>,
    usage: Usage,
    /// Stages that fell back; absent when none did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    degraded: Vec<String>,
}

/// A recognised stretch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TranscriptionSegment)]
pub(in crate::routes) struct Segment {
    /// From 0.
    id: u32,
    /// Where it begins, in frames of 10 ms.
    seek: u32,
    /// Seconds.
    start: f64,
    /// Seconds.
    end: f64,
    text: String,
    /// Token ids of the model.
    tokens: Vec<u32>,
    /// The temperature that gave this text.
    temperature: f32,
    /// Mean natural log-probability of the tokens.
    avg_logprob: f32,
    /// Bytes of the text over bytes of the same, compressed by zlib.
    compression_ratio: f64,
    /// Probability that nobody speaks, 0 to 1.
    no_speech_prob: f32,
}

/// What was counted: the length of the recording.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TranscriptionUsage)]
pub(in crate::routes) struct Usage {
    /// Always `duration`.
    r#type: &'static str,
    /// Length of the recording in seconds.
    seconds: f64,
}

impl Usage {
    fn of(heard: &Heard) -> Self {
        Self {
            r#type: "duration",
            seconds: seconds(heard.transcript.duration_ms),
        }
    }
}

impl Transcription {
    fn of(heard: &Heard) -> Self {
        Self {
            text: heard.transcript.text.clone(),
            usage: Usage::of(heard),
            degraded: heard.degraded.clone(),
        }
    }
}

impl VerboseTranscription {
    fn of(heard: &Heard) -> Self {
        let found = &heard.transcript;
        Self {
            task: "transcribe",
            language: languages::name(&found.language).to_owned(),
            duration: seconds(found.duration_ms),
            text: found.text.clone(),
            segments: (0..).zip(&found.segments).map(segment).collect(),
            usage: Usage::of(heard),
            degraded: heard.degraded.clone(),
        }
    }
}

fn segment((id, segment): (u32, &listen::Segment)) -> Segment {
    Segment {
        id,
        seek: segment.start_ms / 10,
        start: seconds(segment.start_ms),
        end: seconds(segment.end_ms),
        text: segment.text.clone(),
        tokens: segment.tokens.clone(),
        temperature: segment.temperature,
        avg_logprob: segment.avg_logprob,
        compression_ratio: compression_ratio(&segment.text),
        no_speech_prob: segment.no_speech_prob,
    }
}

fn compression_ratio(text: &str) -> f64 {
    let compressed = miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), 6);
    text.len() as f64 / compressed.len().max(1) as f64
}

fn seconds(ms: u32) -> f64 {
    f64::from(ms) / 1_000.0
}

fn in_json(document: &impl Serialize) -> String {
    // Structures of text and numbers serialise.
    serde_json::to_string(document).unwrap_or_default()
}

fn srt(heard: &Heard) -> String {
    let mut file = String::new();
    for (number, segment) in (1_u32..).zip(&heard.transcript.segments) {
        let (start, end) = (clock(segment.start_ms, ','), clock(segment.end_ms, ','));
        // Writing to a string does not fail.
        let _ = write!(
            file,
            "{number}\n{start} --> {end}\n{}\n\n",
            line(&segment.text)
        );
    }
    file
}

fn vtt(heard: &Heard) -> String {
    let mut file = "WEBVTT\n\n".to_owned();
    for segment in &heard.transcript.segments {
        let (start, end) = (clock(segment.start_ms, '.'), clock(segment.end_ms, '.'));
        // What looks like a tag or an entity is neither.
        let text = line(&segment.text)
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let _ = write!(file, "{start} --> {end}\n{text}\n\n");
    }
    file
}

/// A cue ends with an empty line, so it must not contain one.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn clock(ms: u32, point: char) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!(
        "{hours:02}:{minutes:02}:{seconds:02}{point}{:03}",
        ms % 1_000
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn heard() -> Heard {
        let segment = |start_ms, end_ms, text: &str| listen::Segment {
            start_ms,
            end_ms,
            text: text.into(),
            tokens: vec![11, 12],
            avg_logprob: -0.25,
            no_speech_prob: 0.125,
            temperature: 0.0,
        };
        Heard {
            transcript: listen::Transcript {
                text: "What <did>\n\nshe do? At Bell & Co.".into(),
                language: "en".into(),
                confidence: 0.5,
                duration_ms: 3_723_500,
                speech_ms: 3_000,
                segments: vec![
                    segment(40, 1_500, "What <did>\n\nshe do?"),
                    segment(3_661_001, 3_723_456, "At Bell & Co."),
                ],
            },
            degraded: vec![],
        }
    }

    fn json_of(format: Format, heard: &Heard) -> Value {
        let (kind, document) = format.document(heard);
        assert_eq!(kind, "application/json");
        serde_json::from_str(&document).unwrap()
    }

    #[test]
    fn subtitles_are_laid_out_as_their_formats_say() {
        assert_eq!(
            Format::Srt.document(&heard()).1,
            "1\n00:00:00,040 --> 00:00:01,500\nWhat <did> she do?\n\n\
             2\n01:01:01,001 --> 01:02:03,456\nAt Bell & Co.\n\n"
        );
        assert_eq!(
            Format::Vtt.document(&heard()).1,
            "WEBVTT\n\n00:00:00.040 --> 00:00:01.500\nWhat &lt;did&gt; she do?\n\n\
             01:01:01.001 --> 01:02:03.456\nAt Bell &amp; Co.\n\n"
        );
    }

    #[test]
    fn json_and_text_have_the_words() {
        let heard = heard();
        assert_eq!(
            json_of(Format::Json, &heard),
            json!({ "text": heard.transcript.text, "usage": { "type": "duration", "seconds": 3723.5 } })
        );
        let (kind, text) = Format::Text.document(&heard);
        assert!(kind.starts_with("text/plain") && text.ends_with("Co.\n"));
    }

    #[test]
    fn verbose_json_is_complete() {
        let document = json_of(Format::VerboseJson, &heard());
        assert_eq!(document["task"], "transcribe");
        assert_eq!(
            (&document["language"], &document["duration"]),
            (&json!("english"), &json!(3723.5))
        );
        let mut last = document["segments"][1].clone();
        let ratio = last["compression_ratio"].take().as_f64().unwrap();
        assert!((0.3..1.0).contains(&ratio), "{ratio}");
        assert_eq!(
            last,
            json!({
                "id": 1, "seek": 366_100, "start": 3661.001, "end": 3723.456, "text": "At Bell & Co.", "tokens": [11, 12],
                "temperature": 0.0, "avg_logprob": -0.25, "compression_ratio": null, "no_speech_prob": 0.125,
            })
        );
        let repeated = compression_ratio(&"again and ".repeat(40));
        assert!(repeated > 5.0, "{repeated}");
    }

    #[test]
    fn silence_has_no_segments() {
        let mut heard = heard();
        heard.transcript = listen::Transcript {
            text: String::new(),
            language: "und".into(),
            segments: vec![],
            ..heard.transcript
        };
        heard.degraded.push("asr".into());
        let document = json_of(Format::VerboseJson, &heard);
        assert_eq!(
            (
                &document["language"],
                &document["segments"],
                &document["degraded"]
            ),
            (&json!("und"), &json!([]), &json!(["asr"]))
        );
        assert_eq!(Format::Srt.document(&heard).1, "");
        assert_eq!(Format::Vtt.document(&heard).1, "WEBVTT\n\n");
    }
}
