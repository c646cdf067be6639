//! The routes that OpenAI's clients know.
#![expect(dead_code, reason = "read by the macro only")]

use utoipa::ToSchema;

use super::schema::ServerSentEvent;
use crate::routes::openai::{
    chat::{ChatCompletion, ChatRequest},
    models::{Model, Models},
    speech::{SpeechRequest, SpeechVoices},
    transcriptions::{Transcription, VerboseTranscription},
};

/// A recording to write down.
#[derive(ToSchema)]
struct TranscriptionWanted {
    /// The recording: wav, mp3, flac, ogg, webm or m4a, recognised by its bytes. At most 25 MB and 30 s by default.
    #[schema(value_type = String, format = Binary)]
    file: String,
    /// An id of `/v1/models`, or one of the usual names such as `whisper-1`.
    #[schema(example = "whisper-1")]
    model: String,
    /// Tag of the language spoken, such as `en`; without it, it is found out.
    #[schema(
        nullable = false,
        pattern = "^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4})?$"
    )]
    language: Option<String>,
    /// Names and spellings to prefer.
    #[schema(nullable = false, max_length = 1000)]
    prompt: Option<String>,
    #[schema(nullable = false)]
    response_format: Option<TranscriptFormat>,
    /// 0 to 1.
    #[schema(nullable = false, minimum = 0, maximum = 1)]
    temperature: Option<f32>,
    /// `segment`, for `verbose_json`; it is there anyway.
    #[schema(nullable = false, rename = "timestamp_granularities[]")]
    timestamp_granularities: Option<Vec<Granularity>>,
    /// `true` for `json` and `text` in pieces.
    #[schema(nullable = false)]
    stream: Option<bool>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum TranscriptFormat {
    Json,
    Text,
    Srt,
    Vtt,
    VerboseJson,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum Granularity {
    Segment,
}

/// Write down what is said
///
/// With `stream` the answer is server-sent events, `transcript.text.delta` and, last, `transcript.text.done`.
/// Timestamps of words and log-probabilities of tokens are refused, `language` and `prompt` are heeded, unknown fields are ignored.
#[utoipa::path(post, path = "/v1/audio/transcriptions", tag = "openai", operation_id = "transcribe",
    request_body(content = TranscriptionWanted, content_type = "multipart/form-data"),
    responses((status = 200, description = "The words, in the format asked for", content(
        (Transcribed = "application/json"), (String = "text/plain; charset=utf-8"), (String = "application/x-subrip; charset=utf-8"),
        (String = "text/vtt; charset=utf-8"), (ServerSentEvent = "text/event-stream"),
    )))
)]
pub(super) fn transcribe() {}

/// `json` or `verbose_json`.
#[derive(ToSchema)]
#[serde(untagged)]
enum Transcribed {
    Verbose(VerboseTranscription),
    Plain(Transcription),
}

/// Speak
///
/// Audio is sent as it is made. With `stream_format` `sse` it comes as server-sent events, `speech.audio.delta` and, last,
/// `speech.audio.done`. `instructions` have no effect.
#[utoipa::path(post, path = "/v1/audio/speech", tag = "openai", operation_id = "speak",
    request_body(content = SpeechRequest),
    responses((status = 200, description = "The speech, in the format asked for", content(
        (Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/ogg"), (Vec<u8> = "audio/flac"), (Vec<u8> = "audio/wav"), (Vec<u8> = "audio/pcm"),
        (ServerSentEvent = "text/event-stream"),
    )))
)]
pub(super) fn speak() {}

/// Who can speak
#[utoipa::path(get, path = "/v1/audio/voices", tag = "openai", operation_id = "voices",
    responses((status = 200, description = "The voices, the default one first", body = SpeechVoices))
)]
pub(super) fn voices() {}

/// Go on with a conversation
///
/// The answering half of a turn, without a session: the last message is the question, the ones before it are what was said. Cards are
/// in a member of our own, `colloquy`. With `stream` the answer is server-sent events, `chat.completion.chunk`, and `[DONE]` last.
/// `usage` counts words.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "openai", operation_id = "chat",
    request_body(content = ChatRequest),
    responses((status = 200, description = "What to say next", content(
        (ChatCompletion = "application/json"), (ServerSentEvent = "text/event-stream"),
    )))
)]
pub(super) fn chat() {}

/// The models that there are
///
/// They are the stages that answer. The usual names of OpenAI's models are aliases.
#[utoipa::path(get, path = "/v1/models", tag = "openai", operation_id = "models",
    responses((status = 200, description = "The models", body = Models))
)]
pub(super) fn models() {}

/// A model
#[utoipa::path(get, path = "/v1/models/{id}", tag = "openai", operation_id = "model",
    params(("id" = String, Path, description = "Its id, or an alias", example = "whisper-1")),
    responses((status = 200, description = "The model", body = Model))
)]
pub(super) fn model() {}
