//! `POST /session/create`, `GET` and `DELETE /session/{id}`.

use axum::{
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    response::Response,
};
use bytes::Bytes;
use colloquy_encode::Format;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{App, from_json, json as document, whole};
use crate::{
    ids,
    problem::{Code, Problem},
    session::{MAX_METADATA_BYTES, Session},
    times,
};

/// The optional body of `POST /session/create`.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    session_id: Option<String>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// Begins a session, under an id of the client's if it has one that is free.
pub(super) async fn create(
    State(app): State<App>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = whole(body)?;
    let wanted = if body.trim_ascii().is_empty() {
        Wanted::default()
    } else {
        from_json(&body)?
    };
    let id = wanted.session_id.unwrap_or_else(ids::new_session);
    if !ids::is_session(&id) {
        return Err(Problem::invalid(
            "session_id must be 8 to 64 letters, digits, `-` and `_`",
        ));
    }
    if serde_json::to_vec(&wanted.metadata).map_or(usize::MAX, |json| json.len())
        > MAX_METADATA_BYTES
    {
        return Err(Problem::too_large(format!(
            "metadata may have {MAX_METADATA_BYTES} bytes"
        )));
    }
    let mut session = Session::new(id, app.now_ms());
    let voice = wanted
        .metadata
        .get("preferred_voice")
        .and_then(Value::as_str);
    session.preferred_voice = voice
        .filter(|voice| ids::is_voice(voice))
        .map(str::to_owned);
    session.metadata = wanted.metadata;
    app.store().create(&session)?;
    app.store().sweep();
    let body = json!({
        "session_id": session.session_id,
        "expires_at": times::rfc3339(session.expires_at_ms(app.config.session_ttl_ms)),
        "capabilities": {
            "audio_in": ["wav", "mp3", "flac", "ogg", "webm", "m4a"],
            "audio_out": Format::ALL.map(Format::name),
            "event_stream": true,
            "max_upload_bytes": app.config.max_upload_bytes,
            "min_audio_ms": app.config.min_audio_ms,
            "max_audio_ms": app.config.max_audio_ms,
            "max_text_chars": app.config.max_text_chars,
            "max_cards": app.config.max_cards,
        },
    });
    Ok(document(StatusCode::CREATED, &body))
}

/// Tells what was said in a session.
pub(super) async fn show(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let session = app.live_session(&checked(id)?)?;
    Ok(document(
        StatusCode::OK,
        &session.document(app.config.session_ttl_ms),
    ))
}

/// Ends a session and removes its audio.
pub(super) async fn end(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = checked(id)?;
    let ended = app.store().end(&id)?;
    app.store().sweep();
    let body = json!({
        "status": "ended",
        "cleanup_info": {
            "session_id": id,
            "turns_removed": ended.n_turns,
            "audio_removed": ended.n_audio,
        },
    });
    Ok(document(StatusCode::OK, &body))
}

/// What is not the id of a session is not there.
fn checked(id: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    id.ok()
        .map(|Path(id)| id)
        .filter(|id| ids::is_session(id))
        .ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_FOUND,
                Code::SessionNotFound,
                "there is no session of that id",
            )
        })
}
