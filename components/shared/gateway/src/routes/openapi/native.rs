//! The native routes.
#![expect(dead_code, reason = "read by the macro only")]

use super::schema::{Liveness, Readiness, ServerSentEvent, SpokenQuestion};
use crate::{
    problem::Document,
    routes::{
        about::{About, Health},
        content::{ContentPage, ContentTypes, SearchAnswer},
        health::DetailedHealth,
        process::Question,
        sessions::{SessionCreated, SessionEnded, Wanted},
        tts::{TtsAnswer, TtsRequest, TtsVoices},
    },
    session::SessionDocument,
    turn::TurnAnswer,
};

/// What this is
///
/// A page for a browser (`Accept: text/html`), name, version and stages as JSON otherwise.
#[utoipa::path(get, path = "/", tag = "service", operation_id = "about", responses(
    (status = 200, description = "Name, version and stages", content((About = "application/json"), (String = "text/html"))),
))]
pub(super) fn about() {}

/// Whether a turn can be served
///
/// Needs no key.
#[utoipa::path(get, path = "/health", tag = "service", operation_id = "health", responses(
    (status = 200, description = "It can", body = Health),
))]
pub(super) fn health() {}

/// What works
///
/// The same document with 200, when a turn can be served, and with 503.
#[utoipa::path(get, path = "/health/detailed", tag = "service", operation_id = "health_detailed", responses(
    (status = 200, description = "A turn can be served", body = DetailedHealth),
    (status = 503, description = "No turn can be served", content(
        (DetailedHealth = "application/json"), (Document = "application/problem+json"),
    )),
))]
pub(super) fn health_detailed() {}

/// Whether the process is alive
///
/// Of the host; on other hosts this route does not exist.
#[utoipa::path(get, path = "/livez", tag = "host", operation_id = "livez", responses(
    (status = 200, description = "It is", body = Liveness),
))]
pub(super) fn livez() {}

/// Whether the process takes requests
///
/// Of the host; on other hosts this route does not exist.
#[utoipa::path(get, path = "/readyz", tag = "host", operation_id = "readyz", responses(
    (status = 200, description = "It does", body = Readiness),
    (status = 503, description = "It starts, ends, or has lost something; `waiting_for` says what", body = Readiness),
))]
pub(super) fn readyz() {}

/// Metrics for Prometheus
///
/// Of the host; on other hosts this route does not exist.
#[utoipa::path(get, path = "/metrics", tag = "host", operation_id = "metrics", responses(
    (status = 200, description = "All metrics", body = String, content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"),
))]
pub(super) fn metrics() {}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "service", operation_id = "openapi", responses(
    (status = 200, description = "OpenAPI 3.1", body = Object),
))]
pub(super) fn openapi() {}

/// This document, to be read
#[utoipa::path(get, path = "/docs", tag = "service", operation_id = "docs", responses(
    (status = 200, description = "One page without scripts", body = String, content_type = "text/html; charset=utf-8"),
))]
pub(super) fn docs() {}

/// Ask out loud
///
/// The recording is heard once all of it is there. With `Accept: text/event-stream` the answer comes event by event: `speech-started`,
/// `speech-stopped`, `partial`, `transcript`, `intent`, `items`, `token`, `sentence`, `audio` (16-bit samples in base64 with a sequence
/// number), `mentioned`, `degraded`, and `done` with the same document as the JSON answer, or `error` with a problem, last.
///
/// A recording without speech is answered too: with an empty transcription and a request to repeat.
#[utoipa::path(post, path = "/process", tag = "turns", operation_id = "process",
    request_body(content = SpokenQuestion, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The answer", content((TurnAnswer = "application/json"), (ServerSentEvent = "text/event-stream"))),
    )
)]
pub(super) fn process() {}

/// Ask in writing
///
/// Like `/process`, without the events of the listening half.
#[utoipa::path(post, path = "/process/text", tag = "turns", operation_id = "process_text",
    request_body(content = Question),
    responses(
        (status = 200, description = "The answer", content((TurnAnswer = "application/json"), (ServerSentEvent = "text/event-stream"))),
    )
)]
pub(super) fn process_text() {}

/// Begin a session
///
/// The body may be empty.
#[utoipa::path(post, path = "/session/create", tag = "sessions", operation_id = "create_session",
    request_body(content = Wanted),
    responses((status = 201, description = "The session", body = SessionCreated))
)]
pub(super) fn create_session() {}

/// What was said in a session
#[utoipa::path(get, path = "/session/{id}", tag = "sessions", operation_id = "show_session",
    params(("id" = String, Path, description = "Id of the session")),
    responses((status = 200, description = "The session", body = SessionDocument))
)]
pub(super) fn show_session() {}

/// End a session
///
/// Its audio is removed.
#[utoipa::path(delete, path = "/session/{id}", tag = "sessions", operation_id = "end_session",
    params(("id" = String, Path, description = "Id of the session")),
    responses((status = 200, description = "What was removed", body = SessionEnded))
)]
pub(super) fn end_session() {}

/// Say something
///
/// The audio is kept like that of an answer, for `/audio/{id}`.
#[utoipa::path(post, path = "/tts", tag = "speech", operation_id = "tts",
    request_body(content = TtsRequest),
    responses((status = 200, description = "Where the audio is", body = TtsAnswer))
)]
pub(super) fn tts() {}

/// Who can speak
#[utoipa::path(get, path = "/tts/voices", tag = "speech", operation_id = "tts_voices",
    responses((status = 200, description = "The voices, the default one first", body = TtsVoices))
)]
pub(super) fn tts_voices() {}

/// Audio of an answer
///
/// Until it expires. `HEAD` works as well.
#[utoipa::path(get, path = "/audio/{id}", tag = "speech", operation_id = "audio",
    params(
        ("id" = String, Path, description = "`audio_file` of an answer"),
        ("Range" = Option<String>, Header, description = "Part of the bytes, such as `bytes=0-1023`"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` that the client has"),
    ),
    responses(
        (status = 200, description = "All of it", body = Vec<u8>, content_type = "audio/wav", headers(
            ("ETag" = String, description = "Of these bytes"), ("Expires" = String, description = "When it will be gone"),
        )),
        (status = 206, description = "The range", body = Vec<u8>, content_type = "audio/wav", headers(
            ("Content-Range" = String, description = "Which part of how many bytes"),
        )),
        (status = 304, description = "The client has it already"),
        (status = 416, description = "There are fewer bytes", body = Document, content_type = "application/problem+json"),
    )
)]
pub(super) fn audio() {}

/// The types of the content base
#[utoipa::path(get, path = "/content/types", tag = "content", operation_id = "content_types",
    responses((status = 200, description = "The types", body = ContentTypes))
)]
pub(super) fn content_types() {}

/// The items of a type
#[utoipa::path(get, path = "/content/{type}", tag = "content", operation_id = "content_items",
    params(
        ("type" = String, Path, description = "Name of a type", example = "project"),
        ("offset" = Option<u32>, Query, description = "Items to leave out, 0 by default", maximum = 1000000),
        ("limit" = Option<u32>, Query, description = "Most items, 100 by default", minimum = 1, maximum = 500),
    ),
    responses((status = 200, description = "A page of them", body = ContentPage))
)]
pub(super) fn content_items() {}

/// Search the content base
///
/// Either `q` or `tech` must be there.
#[utoipa::path(get, path = "/content/search", tag = "content", operation_id = "content_search",
    params(
        ("q" = Option<String>, Query, description = "Words to look for"),
        ("type" = Option<String>, Query, description = "Name of a type"),
        ("tech" = Option<String>, Query, description = "Technologies, separated by commas"),
        ("limit" = Option<u32>, Query, description = "Most results, 10 by default", minimum = 1, maximum = 50),
    ),
    responses((status = 200, description = "What was found", body = SearchAnswer))
)]
pub(super) fn content_search() {}
