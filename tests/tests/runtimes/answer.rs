//! What came back, in a form that is the same for the same answer: what differs from run to run is replaced, audio by its digest.
//!
//! Replaced are ids that nobody can guess, by order of appearance, so that the same id has the same name everywhere in a case; points
//! in time; and times that something took. Nothing else: transcripts, confidences, cards, words, the order of events and every sample of
//! the voice have to be the same on every runtime.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colloquy_tests::speech::Wav;
use reqwest::blocking::Response;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Headers that are part of an answer.
const HEADERS: [&str; 6] = [
    "accept-ranges",
    "allow",
    "content-range",
    "content-type",
    "retry-after",
    "x-content-type-options",
];

/// Members that hold how long something took, and objects full of them.
const DURATIONS: [&str; 2] = ["average_response_time", "timing"];

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Map<String, Value>,
    pub(crate) body: Body,
}

/// Its body.
pub(crate) enum Body {
    Json(Value),
    /// Names and data.
    Events(Vec<(String, Value)>),
    Audio(Vec<u8>),
    Other(Vec<u8>),
}

impl Answer {
    /// Reads a response to its end; `id` is the request's, which every answer has to carry.
    pub(crate) fn read(response: Response, id: &str) -> Result<Self> {
        let status = response.status().as_u16();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        ensure!(
            header("x-request-id").as_deref() == Some(id),
            "the answer has another x-request-id than {id}: {:?}",
            response.headers()
        );
        let headers = HEADERS
            .iter()
            .filter_map(|&name| Some((name.to_owned(), header(name)?.into())))
            .collect();
        let kind = header("content-type").unwrap_or_default();
        let bytes = response.bytes()?.to_vec();
        let text = || String::from_utf8(bytes.clone()).context("the body is not text");
        let body = match kind.split(';').next().unwrap_or_default() {
            "application/json" | "application/problem+json" => {
                Body::Json(serde_json::from_str(&text()?).with_context(|| kind.clone())?)
            }
            "text/event-stream" => Body::Events(events(&text()?)?),
            "audio/wav" if status == 200 => Body::Audio(bytes),
            _ => Body::Other(bytes),
        };
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    /// The JSON body, or the data of the last event.
    pub(crate) fn document(&self) -> Option<&Value> {
        match &self.body {
            Body::Json(value) => Some(value),
            Body::Events(events) => events.last().map(|(_, data)| data),
            Body::Audio(_) | Body::Other(_) => None,
        }
    }

    /// The form that is compared.
    pub(crate) fn normal(&self, names: &mut Names) -> Result<Value> {
        let body = match &self.body {
            Body::Json(value) => json!({ "json": names.replace(value) }),
            Body::Events(events) => {
                let mut lines = Vec::new();
                for (name, data) in events {
                    lines.push(json!([name, names.replace(&with_digest(data)?)]));
                }
                json!({ "events": lines })
            }
            Body::Audio(bytes) => {
                let wav = Wav::parse(bytes)?;
                json!({ "audio": {
                    "sample_rate": wav.sample_rate,
                    "samples": wav.samples.len(),
                    "sha256": digest(bytes),
                } })
            }
            Body::Other(bytes) => json!({ "bytes": bytes.len(), "sha256": digest(bytes) }),
        };
        Ok(json!({ "status": self.status, "headers": self.headers, "body": body }))
    }
}

/// Server-sent events as the gateway writes them: a name and one line of JSON each.
fn events(text: &str) -> Result<Vec<(String, Value)>> {
    ensure!(text.ends_with("\n\n"), "the stream ends inside of an event");
    text.trim_end()
        .split("\n\n")
        .map(|event| {
            let (name, data) = event
                .strip_prefix("event: ")
                .and_then(|rest| rest.split_once("\ndata: "))
                .with_context(|| format!("not an event: {event:?}"))?;
            let data = serde_json::from_str(data).with_context(|| data.to_owned())?;
            Ok((name.to_owned(), data))
        })
        .collect()
}

/// The data of an event, audio replaced.
fn with_digest(data: &Value) -> Result<Value> {
    let mut data = data.clone();
    if let Some(audio) = data.get("audio").and_then(Value::as_str) {
        let bytes = STANDARD.decode(audio)?;
        data["audio"] = json!({ "samples": bytes.len() / 2, "sha256": digest(&bytes) });
    }
    Ok(data)
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The ids of a case.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    fn replace(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| {
                    let value = if DURATIONS.contains(&name.as_str()) {
                        duration(value)
                    } else {
                        self.replace(value)
                    };
                    (name.clone(), value)
                })
                .collect(),
            Value::Array(items) => items.iter().map(|item| self.replace(item)).collect(),
            Value::String(text) => self.word(text).into(),
            other => other.clone(),
        }
    }

    /// Ids may be part of a path.
    fn word(&mut self, text: &str) -> String {
        if is_time(text) {
            return "<time>".to_owned();
        }
        let parts: Vec<String> = text
            .split('/')
            .map(|part| {
                if !is_id(part) {
                    return part.to_owned();
                }
                let next = format!("<id {}>", self.0.len() + 1);
                self.0.entry(part.to_owned()).or_insert(next).clone()
            })
            .collect();
        parts.join("/")
    }
}

/// Whether there was a time is the same everywhere; how long it was is not.
fn duration(value: &Value) -> Value {
    match value {
        Value::Number(_) => "<duration>".into(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), duration(value)))
            .collect(),
        other => other.clone(),
    }
}

/// 32 hexadecimal digits, or a UUID as it is usually written.
fn is_id(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let mut digits = text.bytes().filter(|b| *b != b'-');
    (groups == [32] || groups == [8, 4, 4, 4, 12])
        && digits.all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// RFC 3339, such as `2026-01-31T12:00:00.000Z`.
fn is_time(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z')
}
