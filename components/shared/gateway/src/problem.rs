//! Where errors become HTTP: RFC 9457 problem documents, and nowhere else.
//!
//! A handler returns a [`Problem`]; the outermost layer of the router ([`crate::routes`]) adds the request's id and path and writes the
//! document. Invariant: the text of a defect never reaches a client.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::{
    contract::{Error, listen::Rejection},
    ports::StoreError,
};

/// Wait this long before trying again, when the stage does not say.
const BUSY_RETRY_MS: u32 = 1_000;
const UNAVAILABLE_RETRY_MS: u32 = 5_000;

/// What went wrong, as the public interface names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    const fn texts(self) -> (&'static str, &'static str) {
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

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// What went wrong.
    pub code: Code,
    /// What exactly, for the person who sent the request.
    pub detail: String,
    /// The stage that failed, if one did.
    pub stage: Option<String>,
    /// Whether the same request may succeed later; the wait in milliseconds if it is known.
    pub retry: Retry,
}

/// Whether to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It will fail again.
    No,
    /// It may succeed.
    Yes,
    /// It may succeed after this many milliseconds.
    After(u32),
}

impl Problem {
    /// A problem that trying again does not solve.
    pub fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            stage: None,
            retry: Retry::No,
        }
    }

    /// The request itself is malformed.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::InvalidRequest, detail)
    }

    /// More bytes than allowed.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::PayloadTooLarge, detail)
    }

    /// A defect. The detail is for clients and says nothing about it.
    #[must_use]
    pub fn internal(stage: Option<String>) -> Self {
        let who = stage.as_ref().map_or_else(
            || "the service".to_owned(),
            |stage| format!("the {stage} stage"),
        );
        let code = match stage.as_deref() {
            Some("asr") => Code::TranscriptionFailed,
            Some("tts") => Code::TtsFailed,
            _ => Code::Internal,
        };
        let detail = format!("{who} failed; its log tells more under this request id");
        Self {
            stage,
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, detail)
        }
    }

    /// The error of a stage, with the stage and the reason of a rejection as far as they are known.
    #[must_use]
    pub fn of_stage(error: Error, stage: Option<String>, rejection: Option<Rejection>) -> Self {
        let is = |name: &str| stage.as_deref() == Some(name);
        let who = stage.clone().unwrap_or_else(|| "pipeline".to_owned());
        let (status, code, detail, retry) = match error {
            Error::InvalidInput(text) => {
                let (status, code) = refused(rejection, is("ingest"));
                (status, code, text, Retry::No)
            }
            Error::Unsupported(text) => {
                let code = if rejection.is_some() || is("ingest") {
                    Code::AudioFormatUnsupported
                } else {
                    Code::InvalidRequest
                };
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, code, text, Retry::No)
            }
            Error::Busy(after) => {
                let text = format!("the {who} stage has no room for more at the moment");
                let retry = Retry::After(after.unwrap_or(BUSY_RETRY_MS));
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    Code::Overloaded,
                    text,
                    retry,
                )
            }
            Error::Deadline => {
                let code = if is("llm") {
                    Code::LlmTimeout
                } else {
                    Code::StageTimeout
                };
                let text = format!("the {who} stage did not finish in the time allowed");
                (StatusCode::GATEWAY_TIMEOUT, code, text, Retry::Yes)
            }
            Error::Unavailable(text) => {
                let retry = Retry::After(UNAVAILABLE_RETRY_MS);
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    Code::StageUnavailable,
                    text,
                    retry,
                )
            }
            Error::Internal(_) => return Self::internal(stage),
        };
        Self {
            status,
            code,
            detail,
            stage,
            retry,
        }
    }

    /// The document.
    #[must_use]
    pub fn document(&self, instance: &str, request_id: &str) -> serde_json::Value {
        let (code, title) = self.code.texts();
        let mut document = json!({
            "type": format!("urn:colloquy:problem:{}", code.to_ascii_lowercase().replace('_', "-")),
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": instance,
            "code": code,
            "retryable": self.retry != Retry::No,
            "request_id": request_id,
        });
        if let (Some(members), Some(stage)) = (document.as_object_mut(), &self.stage) {
            members.insert("stage".to_owned(), stage.as_str().into());
        }
        if let (Some(members), Retry::After(ms)) = (document.as_object_mut(), self.retry) {
            members.insert("retry_after_ms".to_owned(), ms.into());
        }
        document
    }

    /// The response, complete.
    #[must_use]
    pub fn response(&self, instance: &str, request_id: &str) -> Response {
        let document = self.document(instance, request_id).to_string();
        let headers = [
            (header::CONTENT_TYPE, "application/problem+json"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        let mut response = (self.status, headers, document).into_response();
        if let Retry::After(ms) = self.retry {
            let seconds = ms.div_ceil(1_000).max(1);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Status and code of an `invalid-input`.
fn refused(rejection: Option<Rejection>, by_ingest: bool) -> (StatusCode, Code) {
    match rejection {
        Some(Rejection::TooShort) => (StatusCode::UNPROCESSABLE_ENTITY, Code::AudioTooShort),
        Some(Rejection::TooLong) => (StatusCode::UNPROCESSABLE_ENTITY, Code::AudioTooLong),
        Some(Rejection::TooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, Code::PayloadTooLarge),
        Some(Rejection::UnsupportedFormat) => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::AudioFormatUnsupported,
        ),
        Some(Rejection::Malformed) => (StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidAudio),
        None if by_ingest => (StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidAudio),
        None => (StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidRequest),
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self {
            stage: Some("store".to_owned()),
            retry: Retry::After(UNAVAILABLE_RETRY_MS),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                Code::StageUnavailable,
                format!("the key-value store cannot be used: {error}"),
            )
        }
    }
}

/// The problem itself travels in the response's extensions until the outermost layer writes the document.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        error: Error,
        stage: &str,
        rejection: Option<Rejection>,
        status: u16,
        code: &str,
    ) -> Problem {
        let problem = Problem::of_stage(error, Some(stage.into()), rejection);
        assert_eq!(
            (problem.status.as_u16(), problem.code.as_str()),
            (status, code)
        );
        problem
    }

    #[test]
    fn every_error_has_its_status_and_code() {
        let text = || "x".to_owned();
        let invalid = || Error::InvalidInput(text());
        check(
            invalid(),
            "ingest",
            Some(Rejection::TooShort),
            422,
            "AUDIO_TOO_SHORT",
        );
        check(
            invalid(),
            "ingest",
            Some(Rejection::TooLong),
            422,
            "AUDIO_TOO_LONG",
        );
        check(
            invalid(),
            "ingest",
            Some(Rejection::TooLarge),
            413,
            "PAYLOAD_TOO_LARGE",
        );
        check(
            invalid(),
            "ingest",
            Some(Rejection::UnsupportedFormat),
            415,
            "AUDIO_FORMAT_UNSUPPORTED",
        );
        check(
            invalid(),
            "ingest",
            Some(Rejection::Malformed),
            422,
            "INVALID_AUDIO",
        );
        check(invalid(), "ingest", None, 422, "INVALID_AUDIO");
        check(invalid(), "intent", None, 422, "INVALID_REQUEST");
        check(
            Error::Unsupported(text()),
            "ingest",
            Some(Rejection::UnsupportedFormat),
            415,
            "AUDIO_FORMAT_UNSUPPORTED",
        );
        check(
            Error::Unsupported(text()),
            "asr",
            None,
            415,
            "INVALID_REQUEST",
        );
        let busy = check(Error::Busy(Some(1_500)), "asr", None, 503, "OVERLOADED");
        assert_eq!(busy.response("/", "r").headers()["retry-after"], "2");
        let unavailable = check(
            Error::Unavailable(text()),
            "asr",
            None,
            503,
            "STAGE_UNAVAILABLE",
        );
        assert!(
            unavailable
                .response("/", "r")
                .headers()
                .contains_key("retry-after")
        );
        assert_eq!(
            check(Error::Deadline, "asr", None, 504, "STAGE_TIMEOUT").retry,
            Retry::Yes
        );
        check(Error::Deadline, "llm", None, 504, "LLM_TIMEOUT");
        check(Error::Internal(text()), "vad", None, 500, "INTERNAL");
        check(
            Error::Internal(text()),
            "asr",
            None,
            500,
            "TRANSCRIPTION_FAILED",
        );
        check(Error::Internal(text()), "tts", None, 500, "TTS_FAILED");
    }

    #[test]
    fn a_defect_is_not_told() {
        let problem = Problem::of_stage(
            Error::Internal("wasm backtrace".into()),
            Some("vad".into()),
            None,
        );
        assert!(!problem.document("/", "r").to_string().contains("backtrace"));
    }

    #[test]
    fn the_document_is_complete() {
        let problem = Problem::of_stage(Error::Busy(None), Some("asr".into()), None);
        assert_eq!(
            problem.document("/process", "r-1"),
            json!({
                "type": "urn:colloquy:problem:overloaded",
                "title": "There is too much to do",
                "status": 503,
                "detail": "the asr stage has no room for more at the moment",
                "instance": "/process",
                "code": "OVERLOADED",
                "stage": "asr",
                "retryable": true,
                "retry_after_ms": 1000,
                "request_id": "r-1",
            })
        );
        let plain = Problem::invalid("x").document("/", "r");
        assert!(plain.get("stage").is_none() && plain.get("retry_after_ms").is_none());
    }
}
