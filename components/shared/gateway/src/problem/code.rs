//! The kinds of problems, as the public interface names them.

use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = ProblemCode)]
#[expect(missing_docs, reason = "the titles below say what each means")]
pub enum Code {
    AudioTooShort,
    AudioTooLong,
    AudioFormatUnsupported,
    InvalidAudio,
    PayloadTooLarge,
    TranscriptionFailed,
    LlmTimeout,
    TtsFailed,
    SessionNotFound,
    SessionExpired,
    SessionBusy,
    RateLimitExceeded,
    Unauthorized,
    Forbidden,
    NotFound,
    InvalidRequest,
    Overloaded,
    StageTimeout,
    StageUnavailable,
    Internal,
}

impl Code {
    /// The code and its title.
    pub(super) const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::AudioTooShort => ("AUDIO_TOO_SHORT", "The recording is too short"),
            Self::AudioTooLong => ("AUDIO_TOO_LONG", "The recording is too long"),
            Self::AudioFormatUnsupported => (
                "AUDIO_FORMAT_UNSUPPORTED",
                "The audio format is not supported",
            ),
            Self::InvalidAudio => ("INVALID_AUDIO", "The recording is damaged"),
            Self::PayloadTooLarge => ("PAYLOAD_TOO_LARGE", "The request is too large"),
            Self::TranscriptionFailed => (
                "TRANSCRIPTION_FAILED",
                "The speech could not be transcribed",
            ),
            Self::LlmTimeout => ("LLM_TIMEOUT", "The answer took too long"),
            Self::TtsFailed => ("TTS_FAILED", "The text could not be spoken"),
            Self::SessionNotFound => ("SESSION_NOT_FOUND", "There is no such session"),
            Self::SessionExpired => ("SESSION_EXPIRED", "The session has expired"),
            Self::SessionBusy => ("SESSION_BUSY", "The session is busy"),
            Self::RateLimitExceeded => ("RATE_LIMIT_EXCEEDED", "There were too many requests"),
            Self::Unauthorized => ("UNAUTHORIZED", "An API key is needed"),
            Self::Forbidden => ("FORBIDDEN", "This is not allowed"),
            Self::NotFound => ("NOT_FOUND", "There is nothing here"),
            Self::InvalidRequest => ("INVALID_REQUEST", "The request is not valid"),
            Self::Overloaded => ("OVERLOADED", "There is too much to do"),
            Self::StageTimeout => ("STAGE_TIMEOUT", "A stage took too long"),
            Self::StageUnavailable => ("STAGE_UNAVAILABLE", "A stage is not available"),
            Self::Internal => ("INTERNAL", "Something went wrong here"),
        }
    }

    /// As in documents: `AUDIO_TOO_SHORT`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.texts().0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::PartialSchema as _;

    use super::*;

    const ALL: [Code; 20] = [
        Code::AudioTooShort,
        Code::AudioTooLong,
        Code::AudioFormatUnsupported,
        Code::InvalidAudio,
        Code::PayloadTooLarge,
        Code::TranscriptionFailed,
        Code::LlmTimeout,
        Code::TtsFailed,
        Code::SessionNotFound,
        Code::SessionExpired,
        Code::SessionBusy,
        Code::RateLimitExceeded,
        Code::Unauthorized,
        Code::Forbidden,
        Code::NotFound,
        Code::InvalidRequest,
        Code::Overloaded,
        Code::StageTimeout,
        Code::StageUnavailable,
        Code::Internal,
    ];

    #[test]
    fn a_code_has_one_name() {
        let schema = json!(Code::schema());
        assert_eq!(
            schema["enum"],
            json!(ALL.map(Code::as_str)),
            "of the OpenAPI document"
        );
        assert_eq!(json!(ALL), schema["enum"], "of an answer");
    }
}
