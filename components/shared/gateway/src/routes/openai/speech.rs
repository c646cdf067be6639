//! `POST /v1/audio/speech`: text as speech, sent as it is made. `GET /v1/audio/voices`: who can speak, as other servers of this
//! interface tell it.
//!
//! Names of OpenAI's voices that nobody has here mean the default voice, because clients have them built in; any other unknown voice is
//! an error. `instructions` have no effect.

use std::convert::Infallible;

use axum::{
    Extension,
    body::Body,
    extract::{State, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use colloquy_encode::Format;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{error::ApiError, frame, models::Use};
use crate::{
    app::App,
    ids,
    problem::Problem,
    routes::{Id, RequestId, from_json, media_type, whole},
    speaking::{RATES, Speaking, Wanted},
};

/// Longest text in characters, as in OpenAI's interface.
const MAX_INPUT_CHARS: usize = 4_096;

/// Slowest and fastest in OpenAI's interface.
const SPEEDS: std::ops::RangeInclusive<f32> = 0.25..=4.0;

/// OpenAI's voices.
pub(super) const OPENAI_VOICES: [&str; 13] = [
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage",
    "shimmer", "verse",
];

/// What is to be said.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "model": "tts-1", "voice": "alloy", "input": "Hello there.", "response_format": "mp3" }))]
pub(in crate::routes) struct SpeechRequest {
    /// Any that `GET /v1/models` lists for speech, such as `tts-1`.
    #[schema(value_type = String)]
    model: Option<String>,
    /// At most 4,096 characters.
    #[schema(value_type = String, pattern = "\\S", max_length = 4096)]
    input: Option<String>,
    /// A name of `GET /v1/audio/voices`; OpenAI's names mean the default voice.
    voice: Option<VoiceWish>,
    /// `mp3` (the default), `opus`, `flac`, `wav` or `pcm`. There is no `aac`.
    #[schema(value_type = Option<crate::routes::openapi::AudioFormat>)]
    response_format: Option<String>,
    /// 0.5 to 2, 1 for normal.
    #[schema(minimum = 0.5, maximum = 2)]
    speed: Option<f32>,
    /// `audio` (the default) or `sse`.
    #[schema(value_type = Option<crate::routes::openapi::StreamFormat>)]
    stream_format: Option<String>,
}

/// A voice by its name, or as an object with it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum VoiceWish {
    Name(VoiceName),
    Object { id: VoiceName },
}

/// The name of a voice.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(pattern = "^[A-Za-z0-9_. -]{1,64}$")]
struct VoiceName(String);

/// An event of the stream with `stream_format` `sse`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type")]
pub(in crate::routes) enum SpeechEvent {
    /// More audio; all pieces together are the file.
    #[serde(rename = "speech.audio.delta")]
    Delta {
        /// Base64.
        audio: String,
    },
    /// There is no more.
    #[serde(rename = "speech.audio.done")]
    Done {
        /// Words, for voices know no tokens.
        usage: SpeechUsage,
    },
}

/// Counts words; audio counts nothing.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(in crate::routes) struct SpeechUsage {
    input_tokens: usize,
    output_tokens: usize,
    total_tokens: usize,
}

/// Text in, speech out.
pub(super) async fn speak(
    State(app): State<App>,
    Extension(RequestId(request_id)): Id,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    if media_type(&headers).as_deref() != Some("application/json") {
        return Err(ApiError::media_type("send application/json"));
    }
    let request: SpeechRequest = from_json(&whole(body)?)?;
    Use::Speech.check(&app, request.model.as_deref())?;
    let wanted = wanted(&app, &request)?;
    let is_sse = match request.stream_format.as_deref() {
        None | Some("audio") => false,
        Some("sse") => true,
        Some(_) => {
            return Err(ApiError::unsupported(
                "stream_format",
                "`stream_format` must be audio or sse",
            ));
        }
    };
    let voice = wanted.voice.is_some();
    let mut speaking = Speaking::start(app.ports.as_ref(), &request_id, &wanted)?;
    // The first piece is awaited before the response begins, so that whatever fails until then has its own status.
    let first = speaking.pull().map_err(|problem| {
        // The other things that can be refused were looked at above.
        match problem.status {
            StatusCode::UNPROCESSABLE_ENTITY if voice => {
                ApiError::unsupported("voice", problem.detail)
            }
            _ => problem.into(),
        }
    })?;
    Ok(if is_sse {
        let n_words = wanted.text.split_whitespace().count();
        events(first, speaking, n_words)
    } else {
        audio(wanted.format, first, speaking)
    })
}

fn wanted(app: &App, request: &SpeechRequest) -> Result<Wanted, ApiError> {
    let text = request.input.as_deref().unwrap_or_default().trim();
    if text.is_empty() {
        return Err(ApiError::invalid("input", "`input` is missing or empty"));
    }
    if text.chars().count() > MAX_INPUT_CHARS {
        let text = format!("`input` may have {MAX_INPUT_CHARS} characters");
        return Err(ApiError::invalid("input", text));
    }
    let speed = request.speed.unwrap_or(1.0);
    if !SPEEDS.contains(&speed) {
        return Err(ApiError::invalid("speed", "`speed` must be 0.25 to 4"));
    }
    if !RATES.contains(&speed) {
        return Err(ApiError::unsupported(
            "speed",
            "the voices here speak at a `speed` of 0.5 to 2",
        ));
    }
    Ok(Wanted {
        text: text.to_owned(),
        voice: voice(app, request.voice.as_ref())?,
        rate: speed,
        pitch: 1.0,
        format: format(request.response_format.as_deref())?,
    })
}

fn format(name: Option<&str>) -> Result<Format, ApiError> {
    let Some(name) = name else {
        return Ok(Format::Mp3);
    };
    Format::named(name).ok_or_else(|| {
        let text = if name == "aac" {
            "`response_format` aac is not supported: ask for mp3, opus, flac, wav or pcm"
        } else {
            "`response_format` must be mp3, opus, flac, wav or pcm"
        };
        ApiError::unsupported("response_format", text)
    })
}

/// The voice to ask for, none for the default one.
fn voice(app: &App, wish: Option<&VoiceWish>) -> Result<Option<String>, ApiError> {
    let Some(
        VoiceWish::Name(VoiceName(name))
        | VoiceWish::Object {
            id: VoiceName(name),
        },
    ) = wish
    else {
        return Ok(None);
    };
    if !ids::is_voice(name) {
        let text = "`voice` must be the name of a voice; GET /v1/audio/voices lists them";
        return Err(ApiError::invalid("voice", text));
    }
    if OPENAI_VOICES.contains(&name.as_str()) {
        let known = app.ports.voices().unwrap_or_default();
        let is_here = known.iter().any(|voice| voice.name == *name);
        return Ok(is_here.then(|| name.clone()));
    }
    Ok(Some(name.clone()))
}

/// Why a response that has begun cannot go on: the connection is cut, which every client notices.
#[derive(Debug, thiserror::Error)]
#[error("the speech broke off: {0}")]
struct BrokeOff(String);

fn audio(format: Format, first: Option<Vec<u8>>, speaking: Speaking) -> Response {
    let state = Some((first, speaking));
    let pieces = stream::unfold(state, |state| async move {
        let (first, mut speaking) = state?;
        match first.map_or_else(|| speaking.pull(), |first| Ok(Some(first))) {
            Ok(Some(bytes)) => Some((Ok(Bytes::from(bytes)), Some((None, speaking)))),
            Ok(None) => None,
            Err(problem) => Some((Err(BrokeOff(problem.detail)), None)),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, format.content_type()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

fn events(first: Option<Vec<u8>>, speaking: Speaking, n_words: usize) -> Response {
    let usage = SpeechUsage {
        input_tokens: n_words,
        output_tokens: 0,
        total_tokens: n_words,
    };
    let state = Some((first, speaking));
    let events = stream::unfold(state, move |state| async move {
        let (first, mut speaking) = state?;
        match first.map_or_else(|| speaking.pull(), |first| Ok(Some(first))) {
            Ok(Some(bytes)) => {
                let audio = STANDARD.encode(bytes);
                let event = frame(&SpeechEvent::Delta { audio });
                Some((event, Some((None, speaking))))
            }
            Ok(None) => Some((frame(&SpeechEvent::Done { usage }), None)),
            Err(problem) => Some((ApiError::from(problem).frame(), None)),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let frames = events.map(Ok::<_, Infallible>);
    (headers, Body::from_stream(frames)).into_response()
}

/// Somebody who can speak.
#[derive(Debug, Serialize, ToSchema)]
struct SpeechVoice {
    /// What a request gives as `voice`.
    id: String,
    /// For people.
    name: String,
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
    "voices": [{ "id": "en_US-joe-medium", "name": "Joe", "gender": "unknown", "locale": "en-US", "engine": "tts-piper" }],
}))]
pub(in crate::routes) struct SpeechVoices {
    voices: Vec<SpeechVoice>,
}

/// Who can speak.
pub(super) async fn voices(State(app): State<App>) -> Result<Response, ApiError> {
    let voices = app
        .ports
        .voices()
        .map_err(|error| Problem::of_stage(error, Some("tts".to_owned()), None))?
        .into_iter()
        .map(|voice| SpeechVoice {
            id: voice.name,
            name: voice.display_name,
            gender: voice.gender,
            locale: voice.locale,
            engine: voice.engine,
        })
        .collect();
    let answer = SpeechVoices { voices };
    Ok(crate::routes::json(StatusCode::OK, &json!(answer)))
}

#[cfg(test)]
mod tests;
