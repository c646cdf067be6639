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
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{from_json, json as document, whole};
use crate::{
    app::App,
    ids,
    problem::{Code, Problem},
    session::{MAX_METADATA_BYTES, Session},
    times,
};

/// What a new session may have; all of it is optional.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = SessionWanted)]
pub(super) struct Wanted {
    /// An id of the client's own, which must be free.
    #[schema(pattern = "^[A-Za-z0-9_-]{8,64}$")]
    session_id: Option<String>,
    /// Whatever the client wants to keep with the session, 4 KiB at most. `preferred_voice` is heeded.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
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
    let config = &app.config;
    let created = SessionCreated {
        expires_at: times::rfc3339(session.expires_at_ms(config.session_ttl_ms)),
        session_id: session.session_id,
        capabilities: Capabilities {
            audio_in: ["wav", "mp3", "flac", "ogg", "webm", "m4a"],
            audio_out: Format::ALL.map(Format::name),
            event_stream: true,
            max_upload_bytes: config.max_upload_bytes,
            min_audio_ms: config.min_audio_ms,
            max_audio_ms: config.max_audio_ms,
            max_text_chars: config.max_text_chars,
            max_cards: config.max_cards,
        },
    };
    Ok(document(StatusCode::CREATED, &json!(created)))
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
    let ended = SessionEnded {
        status: "ended",
        cleanup_info: CleanupInfo {
            session_id: id,
            turns_removed: ended.n_turns,
            audio_removed: ended.n_audio,
        },
    };
    Ok(document(StatusCode::OK, &json!(ended)))
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

/// A session that has begun.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionCreated {
    session_id: String,
    /// When it ends if nothing is said in it.
    #[schema(format = DateTime)]
    expires_at: String,
    capabilities: Capabilities,
}

/// What can be sent, and how much of it.
#[derive(Serialize, ToSchema)]
struct Capabilities {
    /// Containers that recordings can have.
    #[schema(value_type = Vec<String>)]
    audio_in: [&'static str; 6],
    /// Formats that speech can have.
    #[schema(value_type = Vec<String>)]
    audio_out: [&'static str; Format::ALL.len()],
    event_stream: bool,
    max_upload_bytes: u64,
    min_audio_ms: u32,
    max_audio_ms: u32,
    #[schema(value_type = u32)]
    max_text_chars: usize,
    max_cards: u32,
}

/// A session that has ended.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionEnded {
    /// Always `ended`.
    status: &'static str,
    cleanup_info: CleanupInfo,
}

/// What went with it.
#[derive(Serialize, ToSchema)]
struct CleanupInfo {
    session_id: String,
    #[schema(value_type = u32)]
    turns_removed: usize,
    #[schema(value_type = u32)]
    audio_removed: usize,
}
