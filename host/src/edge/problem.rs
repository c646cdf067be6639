//! Errors that the host itself answers with, in the shapes of the gateway's: RFC 9457 problem documents, and OpenAI's under `/v1`.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::body::{Body, full};
use super::request_id::RequestId;

/// Why the host did not let the edge component answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// The request is malformed in a way that the edge component cannot be shown.
    #[error("the request has no Host header")]
    NoHost,
    /// The announced body is too large.
    #[error("the request body is larger than {0} bytes")]
    BodyTooLarge(u64),
    /// The body came too slowly.
    #[error("the request body came too slowly")]
    TooSlow,
    /// There is nothing at this address.
    #[error("there is nothing here")]
    NotFound,
    /// As many requests are being answered as may be; the payload says when to come back, in milliseconds.
    #[error("too many requests are being answered")]
    Overloaded(u32),
    /// As many requests of the client are being answered as may be of one; the payload says the same.
    #[error("too many requests of this address are being answered")]
    Crowded(u32),
    /// The edge component took longer than a request may.
    #[error("the request took too long")]
    Timeout,
    /// The edge component failed.
    #[error("the request could not be answered")]
    Internal,
}

/// The document.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    instance: &'a str,
    code: &'static str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u32>,
    request_id: String,
}

/// The document of a route that OpenAI's clients use.
#[derive(Serialize)]
struct OpenAiDocument {
    error: OpenAiError,
}

#[derive(Serialize)]
struct OpenAiError {
    message: String,
    r#type: &'static str,
    param: Option<&'static str>,
    code: String,
}

impl Problem {
    fn status(self) -> StatusCode {
        match self {
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Overloaded(_) | Self::Crowded(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Code, type and title, the same as the gateway's.
    fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NotFound => (
                "NOT_FOUND",
                "urn:colloquy:problem:not-found",
                "There is nothing here",
            ),
            Self::NoHost | Self::TooSlow => (
                "INVALID_REQUEST",
                "urn:colloquy:problem:invalid-request",
                "The request is not valid",
            ),
            Self::BodyTooLarge(_) => (
                "PAYLOAD_TOO_LARGE",
                "urn:colloquy:problem:payload-too-large",
                "The request is too large",
            ),
            Self::Overloaded(_) | Self::Crowded(_) => (
                "OVERLOADED",
                "urn:colloquy:problem:overloaded",
                "There is too much to do",
            ),
            Self::Timeout => (
                "STAGE_TIMEOUT",
                "urn:colloquy:problem:stage-timeout",
                "A stage took too long",
            ),
            Self::Internal => (
                "INTERNAL",
                "urn:colloquy:problem:internal",
                "Something went wrong here",
            ),
        }
    }

    /// The response; `path` is the request's.
    pub(super) fn response(self, path: &str, id: &RequestId) -> Response<Body> {
        let status = self.status();
        let (code, r#type, title) = self.texts();
        let retry_after_ms = match self {
            Self::Overloaded(ms) | Self::Crowded(ms) => Some(ms),
            _ => None,
        };
        let is_openai = path == "/v1" || path.starts_with("/v1/");
        // A document of strings and numbers can always be written.
        let text = if is_openai {
            let error = OpenAiError {
                message: self.to_string(),
                r#type: if status.is_server_error() {
                    "server_error"
                } else {
                    "invalid_request_error"
                },
                param: None,
                code: code.to_ascii_lowercase(),
            };
            serde_json::to_vec(&OpenAiDocument { error })
        } else {
            serde_json::to_vec(&Document {
                r#type,
                title,
                status: status.as_u16(),
                detail: self.to_string(),
                instance: path,
                code,
                retryable: retry_after_ms.is_some() || self == Self::Timeout,
                retry_after_ms,
                request_id: id.to_string(),
            })
        };
        let mut response = Response::new(full(text.unwrap_or_default()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(if is_openai {
                "application/json"
            } else {
                "application/problem+json"
            }),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(ms) = retry_after_ms {
            headers.insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000).max(1)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_problem_says_when_to_come_back() {
        let id = RequestId::of(&http::HeaderMap::new());
        let response = Problem::Overloaded(1500).response("/process", &id);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let document: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(document["code"], "OVERLOADED");
        assert_eq!(document["retry_after_ms"], 1500);
        assert_eq!(document["instance"], "/process");
        assert_eq!(document["request_id"], id.to_string());
    }

    #[tokio::test]
    async fn the_clients_of_openai_find_their_error() {
        let id = RequestId::of(&http::HeaderMap::new());
        for (problem, r#type, code) in [
            (Problem::Overloaded(1500), "server_error", "overloaded"),
            (
                Problem::BodyTooLarge(5),
                "invalid_request_error",
                "payload_too_large",
            ),
        ] {
            let response = problem.response("/v1/audio/transcriptions", &id);
            assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
            let text = response.into_body().collect().await.unwrap().to_bytes();
            let document: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let expected = serde_json::json!({
                "message": problem.to_string(), "type": r#type, "param": null, "code": code,
            });
            assert_eq!(document["error"], expected);
        }
    }
}
