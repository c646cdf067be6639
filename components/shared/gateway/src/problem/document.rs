//! The problem document itself (RFC 9457).

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Code, Problem, Retry};

/// Why a request failed (RFC 9457), media type `application/problem+json`.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "urn:colloquy:problem:session-not-found", "title": "There is no such session", "status": 404,
    "detail": "there is no session of that id", "instance": "/session/0123456789abcdef", "code": "SESSION_NOT_FOUND",
    "retryable": false, "request_id": "5f0c7c0e0b7c4a6c9d2f7a1b3c4d5e6f",
}))]
pub(crate) struct Document<'a> {
    /// A name for the kind of problem.
    r#type: String,
    /// The kind of problem, for people.
    title: &'static str,
    /// The status of the response.
    status: u16,
    /// What exactly is wrong.
    detail: &'a str,
    /// The path that was asked for.
    instance: &'a str,
    /// The kind of problem, for programs.
    code: Code,
    /// The stage that failed; absent when none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stage: Option<&'a str>,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// When to try again; absent when that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_after_ms: Option<u32>,
    /// As in `X-Request-Id`, and in every log line of the request.
    request_id: &'a str,
}

impl Problem {
    /// The document.
    #[must_use]
    pub fn document(&self, instance: &str, request_id: &str) -> Value {
        let (name, title) = self.code.texts();
        let name = name.to_ascii_lowercase().replace('_', "-");
        json!(Document {
            r#type: format!("urn:colloquy:problem:{name}"),
            title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            code: self.code,
            stage: self.stage.as_deref(),
            retryable: self.retry != Retry::No,
            retry_after_ms: match self.retry {
                Retry::After(ms) => Some(ms),
                Retry::No | Retry::Yes => None,
            },
            request_id,
        })
    }
}
