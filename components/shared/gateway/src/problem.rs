//! Where errors become HTTP: RFC 9457 problem documents, and nowhere else.
//!
//! A handler returns a [`Problem`]; the outermost layer of the router ([`crate::routes`]) adds the request's id and path and writes the
//! document. Invariant: the text of a defect never reaches a client.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::{
    contract::{Error, listen::Rejection},
    ports::StoreError,
};

mod code;
mod document;

pub use code::Code;
#[cfg(test)]
pub(crate) use document::Document;

/// Wait this long before trying again, when the stage does not say.
const BUSY_RETRY_MS: u32 = 1_000;
const UNAVAILABLE_RETRY_MS: u32 = 5_000;

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
mod tests;
