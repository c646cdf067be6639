//! What nobody asks for: on a host where nobody comes, things end all the same.
//!
//! The gateway removes what has ended at the end of requests, and knows of no time between them. So the host asks it now and then, by a
//! request with a header that is taken from every client. It counts as a request among others, so that a host without room for one more
//! does not ask: then there are turns, which end with the same. It is in no metric of requests and in no trace.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use tracing::Instrument;
use wasmtime_wasi_http::WasiBody;

use super::body::GuestBody;
use super::handler::Handler;
use super::peer::{self, Peer};
use super::problem::Problem;
use super::request_id::{RequestId, X_REQUEST_ID};
use crate::telemetry::Telemetry;

/// In which the gateway is asked. What a client sends under this name is dropped.
pub(crate) const X_TASK: HeaderName = HeaderName::from_static("x-colloquy-task");

/// The variable that tells the gateway the name of that header.
pub(crate) const VARIABLE: &str = "TASK_HEADER";

/// How soon the gateway is asked again when it has left something.
const SOON: Duration = Duration::from_secs(1);

/// Takes the header from a client.
pub(super) fn deny(headers: &mut HeaderMap) {
    headers.remove(X_TASK);
}

/// Asks the gateway to sweep, again and again. Never returns; without a time it does nothing.
pub(super) async fn run(handler: Arc<Handler>, every: Option<Duration>) {
    let Some(every) = every else {
        return std::future::pending().await;
    };
    let mut wait = every;
    loop {
        tokio::time::sleep(wait).await;
        let id = RequestId::of(&HeaderMap::new());
        let span = tracing::error_span!("sweep", request_id = %id);
        let asked = sweep(&handler, &id).instrument(span.clone()).await;
        let _in_sweep = span.entered();
        wait = match asked {
            Ok(StatusCode::ACCEPTED) => SOON.min(every),
            Ok(StatusCode::NO_CONTENT) => every,
            Ok(status) => {
                let status = status.as_u16();
                tracing::warn!(status, "the edge component does not remove what has ended");
                every
            }
            // Whatever failed has told why.
            Err(problem) => {
                tracing::debug!("not swept: {problem}");
                every
            }
        };
    }
}

async fn sweep(handler: &Handler, id: &RequestId) -> Result<StatusCode, Problem> {
    let peer = Peer {
        // Nobody's: clients have theirs counted.
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        is_watcher: false,
        is_secure: false,
        hsts: None,
    };
    let body = Empty::<Bytes>::new();
    let mut request: Request<WasiBody> =
        Request::new(body.map_err(|never| match never {}).boxed_unsync());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static("/upkeep");
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_static("localhost"));
    headers.insert(X_REQUEST_ID, id.value());
    headers.insert(X_TASK, HeaderValue::from_static("sweep"));
    peer::tell(headers, &peer);
    let untold = Telemetry::default();
    let trace = untold.request(headers, "POST", &id.to_string(), &handler.metrics);
    let (response, running) = handler.component.answer(request, &peer, &trace).await?;
    let (head, body) = response.into_parts();
    // To its end, because an instance that is dropped before is stopped.
    let _cut = GuestBody::new(body, running, None).collect().await;
    Ok(head.status)
}

#[cfg(test)]
mod tests {
    use super::*;

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
