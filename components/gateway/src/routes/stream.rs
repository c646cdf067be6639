//! A turn as server-sent events: the pipeline's event names, JSON data, `done` or `error` last.
//!
//! The next event is pulled only when the one before has left, and a client that goes away drops the turn, which cancels its work.

use std::convert::Infallible;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::stream;
use http::header;
use serde_json::{Value, json};

use crate::{
    contract::{listen, respond},
    problem::Problem,
    turn::{self, Event, Turn},
};

/// The events of a turn. The status is 200 whatever happens later, so a failure is an `error` event with a problem document.
pub(super) fn respond(turn: Turn, path: String) -> Response {
    let events = stream::unfold(Some((turn, path)), |state| async move {
        let (mut turn, path) = state?;
        loop {
            return match turn.pull() {
                Ok(Some(event)) => {
                    let is_last = matches!(event, Event::Done(_));
                    let Some((name, data)) = named(event) else {
                        continue;
                    };
                    Some((
                        Ok::<_, Infallible>(frame(name, &data)),
                        (!is_last).then_some((turn, path)),
                    ))
                }
                Ok(None) => Some((Ok(failed(&Problem::internal(None), &turn, &path)), None)),
                Err(problem) => Some((Ok(failed(&problem, &turn, &path)), None)),
            };
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(events)).into_response()
}

fn failed(problem: &Problem, turn: &Turn, path: &str) -> Bytes {
    frame("error", &problem.document(path, turn.request_id()))
}

/// JSON has no line breaks of its own, so one `data` line is enough.
fn frame(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

/// An event's name and data. The reports of the two halves are part of the answer document instead.
fn named(event: Event) -> Option<(&'static str, Value)> {
    Some(match event {
        Event::Done(document) => ("done", document),
        Event::Listen(event) => return heard(event),
        Event::Respond(event) => return answered(event),
    })
}

fn heard(event: listen::Event) -> Option<(&'static str, Value)> {
    Some(match event {
        listen::Event::SpeechStarted(ms) => ("speech-started", json!({ "at_ms": ms })),
        listen::Event::SpeechStopped(ms) => ("speech-stopped", json!({ "at_ms": ms })),
        listen::Event::Partial(text) => ("partial", json!({ "text": text })),
        listen::Event::Transcript(found) => (
            "transcript",
            json!({
                "text": found.text,
                "language": found.language,
                "confidence": found.confidence,
                "duration_ms": found.duration_ms,
                "speech_ms": found.speech_ms,
            }),
        ),
        listen::Event::Done(_) => return None,
    })
}

fn answered(event: respond::Event) -> Option<(&'static str, Value)> {
    Some(match event {
        respond::Event::Intent(found) => {
            let respond::Classification {
                intent,
                item_type,
                confidence,
            } = found;
            (
                "intent",
                json!({ "intent": intent, "item_type": item_type, "confidence": confidence }),
            )
        }
        respond::Event::Items(items) => (
            "items",
            json!({
                "items": items.cards.iter().map(turn::card).collect::<Vec<_>>(),
                "n_matching": items.n_matching,
                "content_filter": items.content_filter,
            }),
        ),
        respond::Event::Token(text) => ("token", json!({ "text": text })),
        respond::Event::Sentence(found) => (
            "sentence",
            json!({ "index": found.index, "text": found.text }),
        ),
        respond::Event::Audio(audio) => {
            let bytes: Vec<u8> = audio
                .samples
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect();
            (
                "audio",
                json!({
                    "sequence": audio.sequence,
                    "sentence_index": audio.sentence_index,
                    "format": "pcm_s16le",
                    "sample_rate_hz": audio.sample_rate_hz,
                    "audio": STANDARD.encode(bytes),
                }),
            )
        }
        respond::Event::Degraded(found) => (
            "degraded",
            json!({ "stage": found.stage, "reason": found.reason }),
        ),
        respond::Event::Done(_) => return None,
    })
}
