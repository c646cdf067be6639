//! Requests and connections, as the server sees them.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::Metrics;
use super::registering::{SECONDS, plain, timed};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    status: u16,
}

pub(super) struct Edge {
    requests: Family<Answer, Counter>,
    duration: Histogram,
    in_flight: Gauge,
    connections: Gauge,
}

impl Edge {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let r = registry.sub_registry_with_prefix("colloquy");
        Self {
            requests: plain(r, "requests", "Requests answered", Family::default()),
            duration: timed(
                r,
                "request_duration",
                "Time from the head of a request to the end of its response",
                Histogram::new(SECONDS.0.iter().copied()),
            ),
            in_flight: plain(
                r,
                "requests_in_flight",
                "Requests being answered",
                Gauge::default(),
            ),
            connections: plain(r, "connections", "Open connections", Gauge::default()),
        }
    }
}

impl Metrics {
    /// A request began; it ends with [`Metrics::answered`].
    pub(crate) fn began(&self) {
        self.inner.edge.in_flight.inc();
    }

    /// A response was sent to its end, or given up.
    pub(crate) fn answered(&self, method: &http::Method, status: u16, took: Duration) {
        let edge = &self.inner.edge;
        edge.in_flight.dec();
        let answer = Answer {
            method: label(method),
            status,
        };
        edge.requests.get_or_create(&answer).inc();
        edge.duration.observe(took.as_secs_f64());
    }

    /// Connections open now.
    pub(crate) fn connections(&self, n: usize) {
        self.inner.edge.connections.set(n as i64);
    }
}

/// Methods are chosen by clients, labels are not: an unusual one does not make a new series.
fn label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusual_method_makes_no_series() {
        let metrics = Metrics::new();
        metrics.began();
        metrics.answered(
            &http::Method::from_bytes(b"BREW").unwrap(),
            405,
            Duration::from_millis(2),
        );
        let text = metrics.encode().unwrap();
        assert!(
            text.contains(r#"colloquy_requests_total{method="other",status="405"} 1"#),
            "{text}"
        );
        assert!(text.contains("colloquy_requests_in_flight 0"), "{text}");
    }
}
