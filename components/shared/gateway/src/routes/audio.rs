//! `GET /audio/{id}`: audio of an answer, whole or in part, until it expires. `HEAD` comes with it.
//!
//! What needs no bytes, such as `HEAD` and a client that has them already, does not read them.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::{
    app::App,
    ids,
    problem::{Code, Problem},
    range::{self, Wanted},
    store::StoredAudio,
    times,
};

/// Serves audio. What is not the id of audio is not there; it never becomes part of a key.
pub(super) async fn audio(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = id
        .ok()
        .map(|Path(id)| id)
        .filter(|id| ids::is_audio(id))
        .ok_or_else(gone)?;
    let about = app.store().audio_meta(&id)?.ok_or_else(gone)?;

    let etag = format!("\"{id}\"");
    let left_s = about.expires_at_ms.saturating_sub(app.now_ms()) / 1_000;
    let common = [
        (header::ETAG, etag.clone()),
        (
            header::CACHE_CONTROL,
            format!("private, max-age={left_s}, immutable"),
        ),
        (header::EXPIRES, times::imf(about.expires_at_ms)),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
    ];
    if text(&headers, &header::IF_NONE_MATCH).is_some_and(|tags| matches(tags, &etag)) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let content_type = HeaderValue::try_from(about.content_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let content_type = [(header::CONTENT_TYPE, content_type)];
    let length = usize::try_from(about.n_bytes).unwrap_or(usize::MAX);
    if method == Method::HEAD {
        let length = [(header::CONTENT_LENGTH, length.to_string())];
        return Ok((common, content_type, length).into_response());
    }
    // A range is of the representation that the client knows, or of none.
    let is_known = text(&headers, &header::IF_RANGE).is_none_or(|tag| tag.trim() == etag);
    let range = text(&headers, &header::RANGE).filter(|_| is_known);
    let wanted = range::wanted(range, length);
    if wanted == Wanted::Beyond {
        let text = format!("the audio has {length} bytes");
        let problem = Problem::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            Code::InvalidRequest,
            text,
        );
        let shown = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
        return Ok((shown, problem).into_response());
    }
    // All of the bytes are here before the head leaves, so whatever becomes of them in the store, the client gets them.
    let StoredAudio { bytes, start, .. } = app.store().audio(&id)?.ok_or_else(gone)?;
    let audio = Bytes::from(bytes).slice(start..);
    let Wanted::Part(part) = wanted else {
        return Ok((common, content_type, audio).into_response());
    };
    let shown = format!(
        "bytes {}-{}/{length}",
        part.start,
        part.end.saturating_sub(1)
    );
    let shown = [(header::CONTENT_RANGE, shown)];
    let status = StatusCode::PARTIAL_CONTENT;
    Ok((status, common, content_type, shown, audio.slice(part)).into_response())
}

fn gone() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        Code::NotFound,
        "there is no such audio, or it has expired",
    )
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a list of entity tags names this one, by weak comparison.
fn matches(tags: &str, etag: &str) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
