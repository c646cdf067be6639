//! Errors of the routes under `/v1`, in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`.
//!
//! A handler returns an [`ApiError`]; like every other failure it travels as a [`Problem`] to the outermost layer of the router, which
//! asks [`response`] for the document when the path is one of ours. So what other layers refuse (keys, rates, methods) has the shape too.
//!
//! Statuses are those that OpenAI's clients turn into their exceptions: what is wrong with a request or its recording is 400 here, where
//! the native routes tell 415 and 422 apart.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Code, Problem, Retry};

/// OpenAI's clients try again after 408, 409, 429 and every 5xx, unless this says otherwise.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Whether errors of this path are OpenAI's.
pub(in crate::routes) fn is_ours(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}

/// A failed request.
#[derive(Debug, Clone)]
pub(in crate::routes) struct ApiError {
    problem: Problem,
    detail: Detail,
}

/// What the shape has more than a problem.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::routes) struct Detail {
    /// The parameter that is wrong.
    param: Option<&'static str>,
    /// Instead of the problem's code.
    code: Option<&'static str>,
}

impl ApiError {
    /// A parameter is missing or cannot be read.
    pub(in crate::routes) fn invalid(param: &'static str, message: impl Into<String>) -> Self {
        Self {
            problem: Problem::invalid(message),
            detail: Detail {
                param: Some(param),
                code: None,
            },
        }
    }

    /// A parameter asks for what there is not.
    pub(in crate::routes) fn unsupported(param: &'static str, message: impl Into<String>) -> Self {
        Self {
            detail: Detail {
                param: Some(param),
                code: Some("unsupported_value"),
            },
            ..Self::invalid(param, message)
        }
    }

    /// The body is not of the media type that the route takes.
    pub(in crate::routes) fn media_type(message: impl Into<String>) -> Self {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::InvalidRequest,
            message,
        )
        .into()
    }

    /// There is no model of that name.
    pub(in crate::routes) fn model_not_found(message: impl Into<String>) -> Self {
        Self {
            problem: Problem::new(StatusCode::NOT_FOUND, Code::NotFound, message),
            detail: Detail {
                param: Some("model"),
                code: Some("model_not_found"),
            },
        }
    }

    /// As an event of a stream that has begun already.
    pub(in crate::routes) fn frame(&self) -> Bytes {
        super::frame(&document(&self.problem, self.detail))
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            detail: Detail::default(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.problem.into_response();
        response.extensions_mut().insert(self.detail);
        response
    }
}

/// Why a request failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "error": {
    "message": "`response_format` must be json, text, srt, vtt or verbose_json",
    "type": "invalid_request_error", "param": "response_format", "code": "invalid_request",
}}))]
pub(in crate::routes) struct ErrorDocument {
    error: ErrorBody,
}

/// The error itself.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorBody {
    /// What exactly, for a person.
    message: String,
    /// `invalid_request_error`, `authentication_error`, `permission_error`, `rate_limit_error` or `server_error`.
    r#type: &'static str,
    /// The parameter that is wrong, if it is one.
    param: Option<&'static str>,
    /// Such as `model_not_found`; else the code of the native routes in lower case, such as `audio_too_short`.
    code: String,
}

/// The response of a failure, complete but for its request id.
pub(in crate::routes) fn response(problem: &Problem, detail: Option<Detail>) -> Response {
    let status = status(problem.status);
    let document = document(problem, detail.unwrap_or_default());
    let mut response = crate::routes::json(status, &serde_json::json!(document));
    let headers = response.headers_mut();
    if let Retry::After(ms) = problem.retry {
        let seconds = ms.div_ceil(1_000).max(1);
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.retry == Retry::No && status.is_server_error() {
        headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}

fn status(native: StatusCode) -> StatusCode {
    match native {
        StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::UNPROCESSABLE_ENTITY => {
            StatusCode::BAD_REQUEST
        }
        other => other,
    }
}

fn document(problem: &Problem, detail: Detail) -> ErrorDocument {
    let code = detail
        .code
        .map_or_else(|| problem.code.as_str().to_ascii_lowercase(), str::to_owned);
    let error = ErrorBody {
        message: problem.detail.clone(),
        r#type: match status(problem.status).as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        },
        param: detail.param,
        code,
    };
    ErrorDocument { error }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;
    use crate::contract::Error;

    async fn sent(error: ApiError) -> (u16, http::HeaderMap, Value) {
        let mut carried = error.into_response();
        let problem = carried.extensions_mut().remove::<Problem>().unwrap();
        let detail = carried.extensions_mut().remove::<Detail>();
        let (parts, body) = response(&problem, detail).into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (
            parts.status.as_u16(),
            parts.headers,
            serde_json::from_slice(&body).unwrap(),
        )
    }

    #[tokio::test]
    async fn a_wrong_parameter_is_named() {
        let (status, _, document) = sent(ApiError::unsupported("n", "one only")).await;
        assert_eq!(
            (status, document),
            (
                400,
                json!({ "error": {
                    "message": "one only", "type": "invalid_request_error", "param": "n", "code": "unsupported_value",
                }})
            )
        );
        let (status, _, document) = sent(ApiError::model_not_found("no")).await;
        assert_eq!(
            (status, &document["error"]["code"]),
            (404, &json!("model_not_found"))
        );
    }

    #[tokio::test]
    async fn what_stages_refuse_is_a_bad_request_and_what_they_fail_is_not() {
        let of =
            |error, stage: &str| ApiError::from(Problem::of_stage(error, Some(stage.into()), None));
        let (status, _, document) = sent(of(Error::Unsupported("x".into()), "ingest")).await;
        assert_eq!(
            (status, &document["error"]["code"]),
            (400, &json!("audio_format_unsupported"))
        );
        let (status, headers, document) = sent(of(Error::Busy(Some(1_500)), "asr")).await;
        assert_eq!(
            (status, &headers["retry-after"]),
            (503, &HeaderValue::from(2))
        );
        assert_eq!(document["error"]["type"], "server_error");
        assert!(!headers.contains_key(SHOULD_RETRY));
        let (status, headers, _) = sent(of(Error::Internal("secret".into()), "asr")).await;
        assert_eq!(
            (status, &headers[SHOULD_RETRY]),
            (500, &HeaderValue::from_static("false"))
        );
    }
}
