//! The routes that OpenAI's clients know, under `/v1`: an unmodified client works with only its base URL changed.

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request},
    routing::{get, post},
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::StatusCode;
use serde::Serialize;

use super::recording;
use crate::{
    app::App,
    config::Config,
    problem::{Code, Problem},
};

pub(super) mod chat;
pub(super) mod error;
pub(super) mod models;
pub(super) mod speech;
pub(super) mod transcriptions;

/// Most bytes of a body that is read for nothing.
const MAX_UNREAD_BYTES: usize = 64 << 20;

/// All of them.
pub(super) fn routes(config: &Config) -> Router<App> {
    let transcribe = post(transcriptions::transcribe)
        .layer(DefaultBodyLimit::max(recording::max_body_bytes(config)));
    let complete = post(chat::complete).layer(DefaultBodyLimit::max(chat::max_body_bytes(config)));
    Router::new()
        .route("/v1/models", get(models::list))
        .route("/v1/models/{id}", get(models::show))
        .route("/v1/audio/speech", post(speech::speak))
        .route("/v1/audio/transcriptions", transcribe)
        .route("/v1/audio/voices", get(speech::voices))
        .route("/v1/chat/completions", complete)
}

/// What to say of a route of OpenAI's that there is not, if it is more than that. The body is read first, because most clients do not
/// listen before they have sent it.
pub(super) async fn missing(request: Request) -> Option<Problem> {
    let text = match request.uri().path() {
        "/v1/audio/translations" => {
            "nothing here translates speech: /v1/audio/transcriptions gives the words in the language that they are spoken in"
        }
        "/v1/completions" | "/v1/responses" => "answers are given on /v1/chat/completions only",
        _ => return None,
    };
    read_to_its_end(request.into_body()).await;
    Some(Problem::new(StatusCode::NOT_FOUND, Code::NotFound, text))
}

/// Reads a body and keeps nothing of it. One that is longer than any that is taken here is left where it is.
async fn read_to_its_end(body: Body) {
    let mut chunks = body.into_data_stream();
    let mut room = MAX_UNREAD_BYTES;
    while let Some(Ok(chunk)) = chunks.next().await
        && chunk.len() <= room
    {
        room -= chunk.len();
    }
}

/// An event of a stream. JSON has no line breaks of its own, so one `data` line is enough.
fn frame(document: &impl Serialize) -> Bytes {
    let document = serde_json::to_string(document).unwrap_or_default();
    Bytes::from(format!("data: {document}\n\n"))
}

#[cfg(test)]
mod tests;
