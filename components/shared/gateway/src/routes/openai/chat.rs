//! `POST /v1/chat/completions`: the answering half of the pipeline, without a session of its own.
//!
//! The client sends the conversation, the last message is the question. A recording as part of it goes through the listening half first.

use std::convert::Infallible;

use axum::{
    Extension,
    body::Body,
    extract::{State, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::{error::ApiError, models::Use};
use crate::{
    app::App,
    config::Config,
    contract::{events, respond},
    problem::Problem,
    routes::{Id, RequestId, media_type, recording},
};
use answer::{Found, Head};
use answering::{Answering, Told};
use request::Asked;

mod answer;
mod answering;
mod hearing;
mod request;

#[cfg(test)]
pub(in crate::routes) use answer::{ChatChunk, ChatCompletion};
pub(in crate::routes) use request::ChatRequest;

/// Where a body is cut off: a recording in base64, and the words.
pub(super) fn max_body_bytes(config: &Config) -> usize {
    let encoded = config.max_upload_bytes.div_ceil(3).saturating_mul(4);
    usize::try_from(encoded.saturating_add(1 << 18)).unwrap_or(usize::MAX)
}

/// A conversation in, the next thing to say out.
pub(super) async fn complete(
    State(app): State<App>,
    Extension(RequestId(request_id)): Id,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    if media_type(&headers)
        .is_none_or(|kind| kind != "application/json" && !kind.ends_with("+json"))
    {
        return Err(ApiError::media_type("send application/json"));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => recording::too_large(&app),
        _ => Problem::invalid("the body could not be read to its end"),
    })?;
    let mut wanted: ChatRequest = serde_json::from_slice(&body)
        .map_err(|error| Problem::invalid(format!("the JSON body cannot be read: {error}")))?;
    drop(body);
    wanted.check()?;
    Use::Chat.check(&app, wanted.model.as_deref())?;
    let voice = wanted.voice()?;
    let asked = ChatRequest::asked(std::mem::take(&mut wanted.messages))?;
    let answering = start(&app, &request_id, &wanted, asked, voice)?;
    if wanted.stream == Some(true) {
        let include_usage = wanted
            .stream_options
            .is_some_and(|options| options.include_usage == Some(true));
        return streamed(answering, include_usage);
    }
    let document = answering.into_whole()?;
    Ok(crate::routes::json(StatusCode::OK, &json!(document)))
}

/// The answer in the making.
fn start(
    app: &App,
    request_id: &str,
    wanted: &ChatRequest,
    asked: Asked,
    spoken: Option<request::Voice>,
) -> Result<Answering, ApiError> {
    let id = crate::ids::new();
    let mut found = Found::default();
    let mut text = asked.text;
    let mut language = wanted.language.clone();
    if let Some(recording) = asked.recording {
        let heard = hearing::hear(app, &id, request_id, &recording, language.clone())?;
        if heard.language != "und" {
            language.get_or_insert(heard.language);
        }
        if !text.is_empty() && !heard.text.is_empty() {
            text.push('\n');
        }
        text.push_str(&heard.text);
        found.transcription = Some(heard.text);
        found.degraded = heard.degraded;
    } else if text.is_empty() {
        return Err(ApiError::invalid("messages", "the question is empty"));
    }
    if text.chars().count() > app.config.max_text_chars {
        let text = format!(
            "a question may have {} characters",
            app.config.max_text_chars
        );
        return Err(ApiError::invalid("messages", text));
    }
    let said = asked
        .history
        .iter()
        .flat_map(|turn| [&turn.user, &turn.assistant]);
    let prompt_words = said.chain([&text]).map(|text| answer::words(text)).sum();
    let turn = events::Turn {
        session_id: id.clone(),
        request_id: request_id.to_owned(),
    };
    app.ports.publish(events::Event::TurnStarted(turn));
    let answer = app
        .ports
        .respond(respond::Request {
            session_id: id.clone(),
            request_id: request_id.to_owned(),
            text,
            language: language.unwrap_or_else(|| "und".to_owned()),
            history: asked.history,
            max_items: app.config.max_cards,
            speak: spoken.is_some(),
            voice: spoken.as_ref().and_then(|voice| voice.name.clone()),
            rate: 1.0,
            strategy: app.config.strategy,
        })
        .map_err(|error| Problem::of_stage(error, None, None))?;
    let head = Head {
        id: format!("chatcmpl-{id}"),
        created: app.now_ms() / 1_000,
        model: wanted.model.clone().unwrap_or_default(),
    };
    let format = spoken.map(|voice| voice.format);
    Ok(Answering::new(answer, head, found, prompt_words, format))
}

/// The answer piece by piece. The first one is awaited, so that whatever fails before has its own status.
fn streamed(mut answering: Answering, include_usage: bool) -> Result<Response, ApiError> {
    let first = answering.pull(include_usage)?;
    let pieces = stream::unfold(Some((Some(first), answering)), move |state| async move {
        let (first, mut answering) = state?;
        match first.map_or_else(|| answering.pull(include_usage), Ok) {
            Ok(Told::Piece(piece)) => Some((super::frame(&*piece), Some((None, answering)))),
            Ok(Told::End) => Some((Bytes::from_static(b"data: [DONE]\n\n"), None)),
            Err(problem) => Some((ApiError::from(problem).frame(), None)),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let frames = pieces.map(Ok::<Bytes, Infallible>);
    Ok((headers, Body::from_stream(frames)).into_response())
}
