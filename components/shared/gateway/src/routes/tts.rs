//! `POST /tts`: text as audio that is kept like the audio of an answer. `GET /tts/voices`: who can speak.

use axum::{
    Extension,
    extract::{State, rejection::BytesRejection},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{Id, RequestId, checked, content, from_json, json as respond, whole};
use crate::{
    app::App,
    ids,
    problem::{Code, Problem},
    session::{AudioRef, Session},
    speaking::{self, Wanted},
    store::Kept,
    times,
};

/// The body of `POST /tts`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "text": "Hello there.", "output_format": "mp3" }))]
pub(super) struct TtsRequest {
    /// What to say, at most `MAX_TEXT_CHARS` characters.
    #[schema(pattern = "\\S", max_length = 2000)]
    text: String,
    /// A name of `GET /tts/voices`; the default voice without it.
    #[schema(pattern = "^[A-Za-z0-9_. -]{1,64}$")]
    voice: Option<String>,
    /// Speed, 0.5 to 2, 1 for normal.
    #[schema(minimum = 0.5, maximum = 2)]
    rate: Option<f32>,
    /// Height of the voice, 0.5 to 2, 1 for its own. Rate divided by pitch must be 0.5 to 2 as well.
    #[schema(minimum = 0.5, maximum = 2)]
    pitch: Option<f32>,
    /// `wav` (the default), `mp3`, `flac`, `opus` or `pcm`.
    #[schema(value_type = Option<crate::routes::openapi::AudioFormat>)]
    output_format: Option<String>,
    /// The session that the audio is to belong to, and to end with. Without it the audio is on its own.
    #[schema(pattern = "^[A-Za-z0-9_-]{8,64}$")]
    session_id: Option<String>,
}

/// Audio that was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "audio_file": "0d9c1c1e-6d0a-4a58-9a5c-3e9b8f1d2c47", "audio_duration": 0.82, "voice_used": "en_US-joe-medium",
    "expires_at": "2026-11-25T23:30:00Z", "content_type": "audio/mpeg", "degraded": [],
}))]
pub(super) struct TtsAnswer {
    /// What `GET /audio/{id}` takes.
    audio_file: String,
    /// Seconds.
    audio_duration: f64,
    /// Null when another implementation took over, which does not tell.
    voice_used: Option<String>,
    expires_at: String,
    content_type: &'static str,
    /// `["tts"]` when it was not spoken as it should have been.
    degraded: Vec<&'static str>,
}

/// Text in, audio out.
pub(super) async fn speak(
    State(app): State<App>,
    Extension(RequestId(request_id)): Id,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    checked::is_json(&headers)?;
    let request: TtsRequest = from_json(&whole(body)?)?;
    let wanted = wanted(&app, &request)?;
    let session = request.session_id.as_deref();
    let session = session.map(|id| app.live_session(id)).transpose()?;
    let spoken = speaking::whole(app.ports.as_ref(), &request_id, &wanted)?;
    let content_type = wanted.format.content_type();
    let audio = keep(&app, session, content_type, &spoken.bytes)?;
    let voice_used = match (&spoken.degraded, wanted.voice) {
        (Some(_), _) => None,
        (None, Some(voice)) => Some(voice),
        // Not being able to name the voice is no reason to throw the audio away.
        (None, None) => default_voice(&app),
    };
    let answer = TtsAnswer {
        audio_file: audio.id,
        audio_duration: (spoken.duration_s * 1_000.0).round() / 1_000.0,
        voice_used,
        expires_at: times::rfc3339(audio.expires_at_ms),
        content_type,
        degraded: spoken.degraded.iter().map(|_| "tts").collect(),
    };
    Ok(respond(StatusCode::OK, &json!(answer)))
}

fn wanted(app: &App, request: &TtsRequest) -> Result<Wanted, Problem> {
    let refused =
        |text: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidRequest, text);
    let text = request.text.trim();
    if text.is_empty() {
        return Err(refused("text is empty".to_owned()));
    }
    if text.chars().count() > app.config.max_text_chars {
        return Err(content::too_long(app.config.max_text_chars));
    }
    let (rate, pitch) = (request.rate.unwrap_or(1.0), request.pitch.unwrap_or(1.0));
    speaking::can_be(rate, pitch).map_err(refused)?;
    Ok(Wanted {
        text: text.to_owned(),
        voice: request.voice.clone().map(checked::voice).transpose()?,
        rate,
        pitch,
        format: checked::format(request.output_format.as_deref())?,
    })
}

/// Keeps the audio. A session is taken only for the moment in which it learns of it, so that speech does not stand in a turn's way.
fn keep(
    app: &App,
    session: Option<Session>,
    content_type: &str,
    bytes: &[u8],
) -> Result<AudioRef, Problem> {
    let store = app.store();
    let Some(session) = session else {
        let Kept { audio, .. } = store
            .keep_audio(None, content_type, bytes)?
            .ok_or_else(too_large)?;
        store.sweep();
        return Ok(audio);
    };
    let owner = ids::new();
    let session = store.begin(&session.session_id, &owner)?;
    let kept = store
        .keep_audio(Some(&session), content_type, bytes)
        .and_then(|kept| kept.ok_or_else(too_large));
    let Kept { audio, evicted } = match kept {
        Ok(kept) => kept,
        Err(problem) => {
            // Should that fail as well, the session is free once its lease ends.
            let _released = store.release(&session, &owner);
            return Err(problem);
        }
    };
    store.finish(&session, &owner, Some(&audio), |session| {
        session.audio.retain(|audio| !evicted.contains(&audio.id));
    })?;
    store.sweep();
    Ok(audio)
}

fn too_large() -> Problem {
    Problem::too_large(
        "the audio is larger than what is kept; ask for a shorter text or another output_format",
    )
}

fn default_voice(app: &App) -> Option<String> {
    let voices = app.ports.voices().ok()?;
    voices.into_iter().next().map(|voice| voice.name)
}

/// Somebody who can speak.
#[derive(Debug, Serialize, ToSchema)]
struct TtsVoice {
    /// What a request gives as `voice`.
    name: String,
    display_name: String,
    /// `female`, `male` or `unknown`.
    gender: String,
    /// BCP 47 tag.
    locale: String,
    /// The implementation.
    engine: String,
}

/// Who can speak, the default voice first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "voices": [{ "name": "en_US-joe-medium", "display_name": "Joe", "gender": "unknown", "locale": "en-US", "engine": "tts-piper" }],
    "total_voices": 1,
}))]
pub(super) struct TtsVoices {
    voices: Vec<TtsVoice>,
    total_voices: usize,
}

/// Who can speak.
pub(super) async fn voices(State(app): State<App>) -> Result<Response, Problem> {
    let voices: Vec<_> = app
        .ports
        .voices()
        .map_err(|error| Problem::of_stage(error, Some("tts".to_owned()), None))?
        .into_iter()
        .map(|voice| TtsVoice {
            name: voice.name,
            display_name: voice.display_name,
            gender: voice.gender,
            locale: voice.locale,
            engine: voice.engine,
        })
        .collect();
    let answer = TtsVoices {
        total_voices: voices.len(),
        voices,
    };
    Ok(respond(StatusCode::OK, &json!(answer)))
}

#[cfg(test)]
mod tests;
