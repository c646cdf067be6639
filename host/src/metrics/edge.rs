//! Requests and connections, as the server sees them, and the spans told of them.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;
use super::registering::{Histograms, Known, REQUEST, histograms, plain, timed};

/// Patterns that become labels; more than the gateway has routes.
const MAX_ROUTES: usize = 64;
/// The label of requests whose route is not known: nothing is there, or the host refused them before anybody looked.
const NO_ROUTE: &str = "none";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Result {
    result: &'static str,
}

pub(super) struct Edge {
    requests: Family<Answer, Counter>,
    durations: Histograms<Route>,
    routes: Known,
    in_flight: Gauge,
    connections: Gauge,
    spans: Family<Result, Counter>,
}

impl Edge {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let requests = plain(
            registry,
            "requests",
            "Requests answered, by the pattern of their path; 499 for clients that left before there was a status",
            Family::default(),
        );
        let durations = timed(
            registry,
            "request_duration",
            "Time from the head of a request to the end of its response",
            histograms(REQUEST),
        );
        let r = registry.sub_registry_with_prefix("colloquy");
        Self {
            requests,
            durations,
            routes: Known::default(),
            in_flight: plain(
                r,
                "requests_in_flight",
                "Requests being answered",
                Gauge::default(),
            ),
            connections: plain(r, "connections", "Open connections", Gauge::default()),
            spans: plain(
                r,
                "spans",
                "Spans of traces that ended here, were exported, or were lost because the collector failed",
                Family::default(),
            ),
        }
    }
}

impl Metrics {
    /// A request began; it ends with [`Metrics::answered`].
    pub(crate) fn began(&self) {
        self.inner.edge.in_flight.inc();
    }

    /// A response was sent to its end, or given up. `route` is the pattern of its path.
    pub(crate) fn answered(
        &self,
        method: &http::Method,
        route: Option<&str>,
        status: u16,
        took: Duration,
    ) {
        let edge = &self.inner.edge;
        edge.in_flight.dec();
        let method = method_label(method);
        // The edge component names the route, and it is not ours.
        let route = route.filter(|route| edge.routes.admits(route, MAX_ROUTES));
        let of = Route {
            method,
            route: route.unwrap_or(NO_ROUTE).to_owned(),
        };
        let answer = Answer {
            method,
            route: of.route.clone(),
            status,
        };
        edge.requests.get_or_create(&answer).inc();
        let durations = edge.durations.get_or_create(&of);
        durations.observe(took.as_secs_f64());
    }

    /// Connections open now.
    pub(crate) fn connections(&self, n: usize) {
        self.inner.edge.connections.set(n as i64);
    }

    /// What became of spans: `ended`, `exported` or `failed`.
    pub(crate) fn spans(&self, result: &'static str, n: u64) {
        let spans = &self.inner.edge.spans;
        spans.get_or_create(&Result { result }).inc_by(n);
    }
}

/// Methods are chosen by clients, labels are not: an unusual one does not make a new series.
pub(crate) fn method_label(method: &http::Method) -> &'static str {
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

    const MS: Duration = Duration::from_millis(2);

    #[test]
    fn an_unusual_method_makes_no_series() {
        let metrics = Metrics::new();
        metrics.began();
        let method = http::Method::from_bytes(b"BREW").unwrap();
        metrics.answered(&method, None, 405, MS);
        let text = metrics.encode().unwrap();
        for line in [
            r#"requests_total{method="other",route="none",status="405"} 1"#,
            "colloquy_requests_in_flight 0",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}: {text}");
        }
    }

    #[test]
    fn routes_are_bounded_whatever_the_component_says() {
        let metrics = Metrics::new();
        for k in 0..1000 {
            metrics.began();
            metrics.answered(&http::Method::GET, Some(&format!("/{k}")), 200, MS);
        }
        let text = metrics.encode().unwrap();
        let series = text.lines().filter(|it| it.starts_with("requests_total"));
        assert!(series.count() <= MAX_ROUTES + 1, "{text}");
        assert!(
            text.contains(r#"requests_total{method="GET",route="none",status="200"} 936"#),
            "{text}"
        );
    }
}
