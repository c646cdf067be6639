//! What has no type of its own in the code: forms, which are read field by field, names, which are read as text so that an error can say
//! what there is, and what the host answers itself.
//!
//! Everything else is described where it is read or written. The tests of the whole system compare what is answered with the document,
//! in both directions.
#![allow(
    dead_code,
    reason = "read by the derive only, for the document that a test makes"
)]

use std::collections::BTreeMap;

use utoipa::ToSchema;

use crate::contract::Strategy;

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

/// How speech is sent.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(in crate::routes) enum StreamFormat {
    Audio,
    Sse,
}

/// That the process lives.
#[derive(ToSchema)]
pub(super) struct Liveness {
    /// Always true.
    live: bool,
}

/// Whether the process takes requests.
#[derive(ToSchema)]
pub(super) struct Readiness {
    ready: bool,
    /// Whether it is about to end.
    closing: bool,
    /// What is not there yet, and why.
    #[schema(value_type = BTreeMap<String, String>)]
    waiting_for: BTreeMap<String, String>,
}
