//! What the host asks of the gateway by itself: requests with a header that is taken from every client.
//!
//! They count as requests among others, so that a host without room for one more does not get them through. They are in no metric of
//! requests and in no trace. When they are sent is the business of [`super::cleanup`].

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use tracing::Instrument;
use wasmtime_wasi_http::WasiBody;

use super::body::GuestBody;
use super::component::Component;
use super::peer::{self, Peer};
use super::problem::Problem;
use super::request_id::{RequestId, X_REQUEST_ID};
use crate::metrics::Metrics;
use crate::telemetry::Telemetry;

/// In which the gateway is asked. What a client sends under this name is dropped.
pub(crate) const X_TASK: HeaderName = HeaderName::from_static("x-colloquy-task");

/// The variable that tells the gateway the name of that header.
pub(crate) const VARIABLE: &str = "TASK_HEADER";

/// Takes the header from a client.
pub(super) fn deny(headers: &mut HeaderMap) {
    headers.remove(X_TASK);
}

/// What a sweep has removed.
pub(super) enum Swept {
    /// All that has ended.
    All,
    /// As much as one may remove.
    Some,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The gateway could not be asked, or has failed.
    #[error(transparent)]
    NoAnswer(#[from] Problem),
    /// The gateway did not do it, and perhaps says why.
    #[error("the edge component answers with status {}{}", .0.as_u16(), .1)]
    Refused(StatusCode, Detail),
}

impl Failure {
    /// Whether the gateway says that it cannot, rather than that it knows of no such task.
    pub(super) fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Refused(status, _) if status.is_server_error())
    }
}

/// What a problem document tells, for the end of a sentence.
#[derive(Debug, Default)]
pub(super) struct Detail(String);

impl Detail {
    fn of(body: &[u8]) -> Self {
        let document: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let detail = document.get("detail").and_then(|detail| detail.as_str());
        Self(detail.map_or_else(String::new, |detail| format!(": {detail}")))
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Removes what has ended.
pub(super) async fn sweep(component: &Component, metrics: &Metrics) -> Result<Swept, Failure> {
    let task = HeaderValue::from_static("sweep");
    match ask(component, metrics, task, HeaderMap::new()).await? {
        StatusCode::ACCEPTED => Ok(Swept::Some),
        _ => Ok(Swept::All),
    }
}

/// Lets go of the session of a turn that was stopped; `head` is the request's that it answered, because sessions belong to API keys.
pub(super) async fn release(
    component: &Component,
    metrics: &Metrics,
    session_id: &str,
    request_id: &str,
    mut head: HeaderMap,
) -> Result<(), Failure> {
    // An id that is no header value is not one of the gateway's.
    let Ok(task) = HeaderValue::try_from(format!("release {session_id} {request_id}")) else {
        return Ok(());
    };
    for of_the_body in [CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT] {
        head.remove(of_the_body);
    }
    ask(component, metrics, task, head).await.map(drop)
}

/// Asks, under a request id of its own.
async fn ask(
    component: &Component,
    metrics: &Metrics,
    task: HeaderValue,
    mut headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    let id = RequestId::of(&HeaderMap::new());
    let peer = Peer {
        // Nobody's: clients have theirs counted.
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        is_watcher: false,
        is_secure: false,
        hsts: None,
    };
    headers.insert(HOST, HeaderValue::from_static("localhost"));
    headers.insert(X_REQUEST_ID, id.value());
    headers.insert(X_TASK, task);
    peer::tell(&mut headers, &peer);
    let untold = Telemetry::default();
    let trace = untold.request(&headers, "POST", &id.to_string(), metrics);
    let body = Empty::<Bytes>::new();
    let mut request: Request<WasiBody> =
        Request::new(body.map_err(|never| match never {}).boxed_unsync());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static("/upkeep");
    *request.headers_mut() = headers;
    let span = tracing::error_span!("upkeep", request_id = %id);
    let answer = component.answer(request, &peer, &trace);
    let (response, running) = answer.instrument(span).await?;
    let (head, body) = response.into_parts();
    // To its end, because an instance that is dropped before is stopped.
    let body = GuestBody::new(body, running, None).collect().await;
    if head.status.is_success() {
        return Ok(head.status);
    }
    let detail = body.map(|body| Detail::of(&body.to_bytes()));
    Err(Failure::Refused(head.status, detail.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_problem_tells_is_told() {
        for (body, told) in [
            (
                &br#"{"detail":"there is no such store"}"#[..],
                ": there is no such store",
            ),
            (br#"{"title":"x"}"#, ""),
            (b"<html>", ""),
        ] {
            let failure = Failure::Refused(StatusCode::SERVICE_UNAVAILABLE, Detail::of(body));
            let expected = format!("the edge component answers with status 503{told}");
            assert_eq!(failure.to_string(), expected);
        }
    }

    #[test]
    fn a_client_cannot_ask() {
        let mut headers = HeaderMap::new();
        headers.append(X_TASK, HeaderValue::from_static("sweep"));
        headers.append("X-Colloquy-Task", HeaderValue::from_static("sweep"));
        headers.append("x-other", HeaderValue::from_static("sweep"));
        deny(&mut headers);
        assert_eq!(headers.len(), 1);
        assert!(headers.contains_key("x-other"));
    }
}
