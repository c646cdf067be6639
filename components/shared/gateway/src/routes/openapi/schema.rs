//! The documents of the native routes, as they are told to clients.
//!
//! The routes write them member by member, because some members come and go; the tests of the whole system compare what is answered
//! with what is said here, in both directions.
#![allow(
    dead_code,
    reason = "read by the derive only, for the document that a test makes"
)]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

use crate::contract::Strategy;

pub(super) mod service;

/// What a new session may have; all of it is optional.
#[derive(ToSchema)]
pub(super) struct SessionWanted {
    /// An id of the client's own, which must be free.
    #[schema(pattern = "^[A-Za-z0-9_-]{8,64}$")]
    session_id: Option<String>,
    /// Whatever the client wants to keep with the session, 4 KiB at most. `preferred_voice` is heeded.
    #[schema(value_type = Object, required = false)]
    metadata: Option<Value>,
}

/// A session that has begun.
#[derive(ToSchema)]
pub(super) struct SessionCreated {
    session_id: String,
    /// When it ends if nothing is said in it.
    #[schema(format = DateTime)]
    expires_at: String,
    capabilities: Capabilities,
}

/// What can be sent, and how much of it.
#[derive(ToSchema)]
struct Capabilities {
    /// Containers that recordings can have.
    audio_in: Vec<String>,
    /// Formats that speech can have.
    audio_out: Vec<String>,
    event_stream: bool,
    max_upload_bytes: u64,
    min_audio_ms: u32,
    max_audio_ms: u32,
    max_text_chars: u32,
    max_cards: u32,
}

/// What was said in a session.
#[derive(ToSchema)]
pub(super) struct SessionDocument {
    session_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_activity: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// The latest turns, oldest first.
    conversation_history: Vec<Exchange>,
    metadata: SessionMetadata,
}

/// A question and its answer.
#[derive(ToSchema)]
struct Exchange {
    #[schema(format = DateTime)]
    timestamp: String,
    /// Empty when nobody spoke.
    user_input: String,
    ai_response: String,
    /// Ids of the cards.
    items_shown: Vec<String>,
    /// Their type, if they have one in common.
    item_type: Option<String>,
}

/// What the client attached, and these.
#[derive(ToSchema)]
struct SessionMetadata {
    total_interactions: u32,
    /// Seconds.
    average_response_time: f64,
    preferred_voice: Option<String>,
    #[serde(flatten)]
    attached: BTreeMap<String, Value>,
}

/// A session that has ended.
#[derive(ToSchema)]
pub(super) struct SessionEnded {
    /// Always `ended`.
    status: String,
    cleanup_info: CleanupInfo,
}

/// What went with it.
#[derive(ToSchema)]
struct CleanupInfo {
    session_id: String,
    turns_removed: u32,
    audio_removed: u32,
}

/// One event of a stream of server-sent events.
#[derive(ToSchema)]
pub(super) struct ServerSentEvent {
    /// Its kind; absent in the streams of OpenAI's routes.
    #[schema(nullable = false)]
    event: Option<String>,
    /// JSON.
    data: String,
}

/// A question out loud.
#[derive(ToSchema)]
pub(super) struct SpokenQuestion {
    /// The recording: wav, mp3, flac, ogg, webm or m4a, recognised by its bytes. At most 25 MB and 30 s by default.
    #[schema(value_type = String, format = Binary)]
    audio_file: String,
    /// A session that there is; without it one is created.
    #[schema(nullable = false, pattern = "^([A-Za-z0-9_-]{8,64})?$")]
    session_id: Option<String>,
    /// BCP 47 tag of the language spoken; without it, it is found out.
    #[schema(
        nullable = false,
        pattern = "^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4})?$"
    )]
    language: Option<String>,
    /// Name of the voice of the answer.
    #[schema(nullable = false, pattern = "^([A-Za-z0-9_. -]{1,64})?$")]
    voice: Option<String>,
    /// `false` for an answer in text only.
    #[schema(value_type = Flag, required = false)]
    speak: Option<String>,
    #[schema(nullable = false)]
    strategy: Option<Strategy>,
    #[schema(nullable = false)]
    output_format: Option<AudioFormat>,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum Flag {
    True,
    False,
}

/// What the audio of the answer is, `wav` by default.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(in crate::routes) enum AudioFormat {
    Wav,
    Mp3,
    Flac,
    Opus,
    Pcm,
}

/// A voice by its name, or as an object with it.
#[derive(ToSchema)]
#[serde(untagged)]
pub(in crate::routes) enum VoiceWish {
    Name(VoiceName),
    Object { id: VoiceName },
}

/// The name of a voice.
#[derive(ToSchema)]
#[schema(pattern = "^[A-Za-z0-9_. -]{1,64}$")]
pub(in crate::routes) struct VoiceName(String);

/// How speech is sent.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(in crate::routes) enum StreamFormat {
    Audio,
    Sse,
}
