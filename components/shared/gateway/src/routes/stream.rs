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
use futures_util::{StreamExt as _, stream};
use http::header;
use serde_json::{Value, json};

use crate::{
    contract::{Degradation, listen, respond},
    problem::Problem,
    turn::{Card, Event, Turn},
};

/// The events of a turn. The first one is awaited before the response begins, so that whatever fails until then has its own status;
/// a later failure is an `error` event with a problem document.
///
/// # Errors
/// What fails before the first event.
pub(super) fn respond(mut turn: Turn, path: String) -> Result<Response, Problem> {
    let first = turn.pull()?;
    let events = stream::unfold(Some((Some(first), turn, path)), |state| async move {
        let (mut first, mut turn, path) = state?;
        loop {
            let pulled = first.take().map_or_else(|| turn.pull(), Ok);
            let named = match pulled {
                Ok(Some(Event::Done(document))) => return Some((frame("done", &document), None)),
                Ok(Some(Event::Listen(event))) => heard(event),
                Ok(Some(Event::Respond(event))) => answered(event),
                Ok(None) => return Some((failed(&Problem::internal(None), &turn, &path), None)),
                Err(problem) => return Some((failed(&problem, &turn, &path), None)),
            };
            if let Some((name, data)) = named {
                return Some((frame(name, &data), Some((None, turn, path))));
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let frames = events.map(Ok::<_, Infallible>);
    Ok((headers, Body::from_stream(frames)).into_response())
}

fn failed(problem: &Problem, turn: &Turn, path: &str) -> Bytes {
    frame("error", &problem.document(path, turn.request_id()))
}

/// JSON has no line breaks of its own, so one `data` line is enough.
fn frame(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

/// An event's name and data. The reports of the two halves are part of the answer document instead.
fn heard(event: listen::Event) -> Option<(&'static str, Value)> {
    Some(match event {
        listen::Event::SpeechStarted(ms) => ("speech-started", json!({ "at_ms": ms })),
        listen::Event::SpeechStopped(ms) => ("speech-stopped", json!({ "at_ms": ms })),
        listen::Event::Partial(text) => ("partial", json!({ "text": text })),
        listen::Event::Degraded(found) => degraded(found),
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

fn degraded(found: Degradation) -> (&'static str, Value) {
    (
        "degraded",
        json!({ "stage": found.stage, "reason": found.reason }),
    )
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
                "items": items.cards.into_iter().map(Card::from).collect::<Vec<_>>(),
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
        respond::Event::Degraded(found) => degraded(found),
        respond::Event::Mentioned(ids) => ("mentioned", json!({ "item_ids": ids })),
        respond::Event::Done(_) => return None,
    })
}
