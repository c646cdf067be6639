//! What an answer has to be, as the public interface promises.

use anyhow::{Context, Result, ensure};
use reqwest::blocking::Response;
use serde_json::Value;

/// The JSON of an answer that must be a success.
pub fn expect_json(response: Response) -> Result<Value> {
    let status = response.status();
    let text = response.text()?;
    ensure!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).with_context(|| text)
}

/// Checks that an answer is a problem document with this status and code, complete as the public interface promises.
pub fn expect_problem(response: Response, status: u16, code: &str) -> Result<Value> {
    let (got, headers) = (response.status(), response.headers().clone());
    let text = response.text()?;
    ensure!(got == status, "expected {status} {code}, got {got}: {text}");
    ensure!(
        headers["content-type"] == "application/problem+json",
        "{headers:?}"
    );
    let problem: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
    ensure!(problem["code"] == code, "expected {code}: {text}");
    ensure!(problem["status"] == status, "{text}");
    for member in ["type", "title", "detail", "request_id"] {
        ensure!(
            problem[member]
                .as_str()
                .is_some_and(|value| !value.is_empty()),
            "{member} is missing: {text}"
        );
    }
    ensure!(
        problem["retryable"].is_boolean(),
        "retryable is missing: {text}"
    );
    ensure!(
        headers["x-request-id"] == problem["request_id"].as_str().unwrap_or_default(),
        "{headers:?} {text}"
    );
    ensure!(
        status != 503 || headers.contains_key("retry-after"),
        "503 without Retry-After: {text}"
    );
    Ok(problem)
}
