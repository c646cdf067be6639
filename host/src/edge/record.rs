//! What is told about a request when it is over, however it ends: a line in the log, the metrics, the end of its span.

use std::time::{Instant, SystemTime};

use http::{HeaderMap, HeaderName, Method, Request, StatusCode};
use hyper::body::Incoming;
use tracing::Span;

use super::body::Tail;
use crate::metrics::{Metrics, method_label};
use crate::telemetry::Trace;

/// Status in log and metrics when the client left before there was one. Not a registered status, but a widely understood one.
const CLIENT_LEFT: u16 = 499;
/// In which the gateway tells the host, and nobody else, which of its routes answered.
const ROUTE: HeaderName = HeaderName::from_static("x-colloquy-route");
/// Longest route that is believed, and most of a path that is logged.
const LONGEST: usize = 128;
/// The host's own routes.
pub(super) const OWN: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// One request, until it is dropped.
pub(super) struct Record {
    metrics: Metrics,
    span: Span,
    trace: Trace,
    method: Method,
    path: String,
    route: Option<String>,
    since: Instant,
    status: u16,
    bytes: u64,
    whole: bool,
}

impl Record {
    /// A request began.
    pub(super) fn begin(
        metrics: &Metrics,
        request: &Request<Incoming>,
        span: &Span,
        trace: &Trace,
    ) -> Self {
        metrics.began();
        let path = request.uri().path();
        Self {
            metrics: metrics.clone(),
            span: span.clone(),
            trace: trace.clone(),
            method: request.method().clone(),
            path: path.chars().take(LONGEST).collect(),
            route: OWN.contains(&path).then(|| path.to_owned()),
            since: Instant::now(),
            status: CLIENT_LEFT,
            bytes: 0,
            whole: request.method() == Method::HEAD,
        }
    }

    /// The head of its response is there. What is in it for the host is taken out.
    pub(super) fn answers<T>(&mut self, response: &mut http::Response<T>) {
        self.status = response.status().as_u16();
        if let Some(route) = route(response.headers_mut()) {
            self.route = Some(route);
        }
    }
}

/// Of a path without a route: all of it where nothing is at it, which somebody has mistyped. Otherwise the request was refused before a route
/// saw it, and what comes after the first word may be an id.
fn shown(path: &str, status: u16) -> &str {
    if status == StatusCode::NOT_FOUND {
        return path;
    }
    let first = path.strip_prefix('/').and_then(|rest| rest.find('/'));
    first.and_then(|n| path.get(..=n)).unwrap_or(path)
}

fn route(headers: &mut HeaderMap) -> Option<String> {
    let value = headers.remove(ROUTE)?;
    let route = value.to_str().ok()?;
    (route.starts_with('/') && route.len() <= LONGEST).then(|| route.to_owned())
}

impl Tail for Record {
    fn sent(&mut self, n: usize) {
        self.bytes += n as u64;
    }

    fn complete(&mut self, whole: bool) {
        self.whole = whole;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.since.elapsed();
        let route = self.route.as_deref();
        self.metrics
            .answered(&self.method, route, self.status, took);
        let span = self.trace.request();
        if let Some(route) = route {
            span.rename(format!("{} {route}", method_label(&self.method)));
            span.set("http.route", route.to_owned());
        }
        span.set("http.response.status_code", i64::from(self.status));
        span.set("colloquy.response_bytes", self.bytes as i64);
        if self.status >= 500 || !self.whole {
            span.failed("the response is an error, or was not sent to its end");
        }
        span.end(SystemTime::now(), &self.metrics);
        let _in_request = self.span.enter();
        let (method, status, bytes, whole) =
            (self.method.as_str(), self.status, self.bytes, self.whole);
        let ms = took.as_millis() as u64;
        // A path may have the id of a session or of audio in it, which is all that somebody needs to get at them; its pattern has not.
        match route {
            // Asked every few seconds by whoever watches.
            Some(route) if OWN.contains(&route) || route == "/health" => {
                tracing::debug!(method, route, status, ms, "answered");
            }
            Some(route) => {
                tracing::info!(method, route, status, ms, bytes, whole, "answered");
            }
            None => {
                let path = shown(&self.path, status);
                tracing::info!(method, path, status, ms, bytes, whole, "answered");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_logged_of_a_request_that_was_refused() {
        for (path, status, told) in [
            ("/sesion/3ede440c", 404, "/sesion/3ede440c"),
            ("/session/3ede440c", 401, "/session"),
            ("/audio/5a104542", 503, "/audio"),
            ("/process", 429, "/process"),
            ("/", 401, "/"),
            ("*", 400, "*"),
        ] {
            assert_eq!(shown(path, status), told);
        }
    }

    #[test]
    fn a_route_is_taken_out_and_believed_when_it_looks_like_one() {
        for (told, believed) in [
            ("/session/{id}", Some("/session/{id}")),
            ("elsewhere", None),
            (&*format!("/{}", "a".repeat(LONGEST)), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ROUTE, told.parse().unwrap());
            assert_eq!(route(&mut headers).as_deref(), believed, "{told}");
            assert!(headers.is_empty());
        }
    }
}
