//! Counters, gauges and histograms in Prometheus' text format.
//!
//! One registry per host. Whatever is known only at the moment of asking (pool sizes, bucket sizes) is set right before encoding.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::events::BreakerState;
use crate::stage::Status;
use crate::store::Usage;

/// Upper bounds in seconds, from a classification (below a millisecond) to a whole turn on a slow machine.
const SECONDS: [f64; 15] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageCall {
    stage: &'static str,
    call: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStage {
    stage: &'static str,
}

/// One implementation of a stage; its section of the configuration is called like the stage unless there are several.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSection {
    stage: &'static str,
    section: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageReason {
    stage: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    event: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfBucket {
    bucket: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSubscriber {
    subscriber: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BreakerChange {
    upstream: String,
    to: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BreakerIs {
    upstream: String,
    state: &'static str,
}

#[derive(Clone, Copy)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(SECONDS)
    }
}

type Histograms<L> = Family<L, Histogram, Buckets>;

/// All metrics of a host; clones share them.
#[derive(Clone)]
pub(crate) struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    calls: Histograms<StageCall>,
    waits: Histograms<OfStage>,
    instances: Family<OfSection, Gauge>,
    ready: Family<OfSection, Gauge>,
    in_use: Family<OfSection, Gauge>,
    waiting: Family<OfSection, Gauge>,
    retired: Family<StageReason, Counter>,
    refused: Family<StageReason, Counter>,
    requests: Family<Answer, Counter>,
    duration: Histogram,
    in_flight: Gauge,
    connections: Gauge,
    events: Family<Kind, Counter>,
    events_dropped: Family<OfSubscriber, Counter>,
    events_refused: Family<OfStage, Counter>,
    degraded: Family<OfStage, Counter>,
    breaker_changes: Family<BreakerChange, Counter>,
    breaker_state: Family<BreakerIs, Gauge>,
    bucket_bytes: Family<OfBucket, Gauge>,
    bucket_keys: Family<OfBucket, Gauge>,
    bucket_evicted: Family<OfBucket, Gauge>,
}

impl Metrics {
    /// An empty registry.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("colloquy");
        let r = &mut registry;
        let inner = Inner {
            calls: timed(
                r,
                "stage_call_duration",
                "Time in one call of a stage",
                Histograms::new_with_constructor(Buckets),
            ),
            waits: timed(
                r,
                "stage_queue_wait",
                "Time until an instance of a stage was free",
                Histograms::new_with_constructor(Buckets),
            ),
            instances: plain(
                r,
                "stage_instances",
                "Instances configured",
                Family::default(),
            ),
            ready: plain(
                r,
                "stage_instances_ready",
                "Instances loaded and usable",
                Family::default(),
            ),
            in_use: plain(
                r,
                "stage_instances_in_use",
                "Instances lent to a turn",
                Family::default(),
            ),
            waiting: plain(
                r,
                "stage_waiting",
                "Calls waiting for an instance",
                Family::default(),
            ),
            retired: plain(
                r,
                "stage_instances_retired",
                "Instances given up, by reason",
                Family::default(),
            ),
            refused: plain(
                r,
                "stage_refused",
                "Calls that got no instance, by reason",
                Family::default(),
            ),
            requests: plain(r, "requests", "Requests answered", Family::default()),
            duration: timed(
                r,
                "request_duration",
                "Time from the head of a request to the end of its response",
                Histogram::new(SECONDS),
            ),
            in_flight: plain(
                r,
                "requests_in_flight",
                "Requests being answered",
                Gauge::default(),
            ),
            connections: plain(r, "connections", "Open connections", Gauge::default()),
            events: plain(r, "events", "Domain events", Family::default()),
            events_dropped: plain(
                r,
                "events_dropped",
                "Events lost because a subscriber fell behind or was absent",
                Family::default(),
            ),
            events_refused: plain(
                r,
                "events_refused",
                "Events told by who may not tell them",
                Family::default(),
            ),
            degraded: plain(
                r,
                "stage_degraded",
                "Times that something lesser stood in for a stage",
                Family::default(),
            ),
            breaker_changes: plain(
                r,
                "breaker_changes",
                "Changes of the circuit breaker of a server that stages ask",
                Family::default(),
            ),
            breaker_state: plain(
                r,
                "breaker_state",
                "Whether the circuit breaker of a server is in this state",
                Family::default(),
            ),
            bucket_bytes: plain(
                r,
                "keyvalue_bytes",
                "Bytes of keys and values in a bucket",
                Family::default(),
            ),
            bucket_keys: plain(r, "keyvalue_keys", "Keys in a bucket", Family::default()),
            bucket_evicted: plain(
                r,
                "keyvalue_evicted",
                "Keys removed since the start because a bucket was full or they were too old",
                Family::default(),
            ),
            registry,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A call of a stage ended.
    pub(crate) fn called(&self, stage: &'static str, call: &'static str, took: Duration) {
        self.inner
            .calls
            .get_or_create(&StageCall { stage, call })
            .observe(took.as_secs_f64());
    }

    /// A caller got an instance, or gave up.
    pub(crate) fn queued(&self, stage: &'static str, took: Duration) {
        self.inner
            .waits
            .get_or_create(&OfStage { stage })
            .observe(took.as_secs_f64());
    }

    /// A caller got no instance.
    pub(crate) fn refused(&self, stage: &'static str, reason: &'static str) {
        self.inner
            .refused
            .get_or_create(&StageReason { stage, reason })
            .inc();
    }

    /// An instance was given up.
    pub(crate) fn retired(&self, stage: &'static str, reason: &'static str) {
        self.inner
            .retired
            .get_or_create(&StageReason { stage, reason })
            .inc();
    }

    /// A request began; it ends with [`Metrics::answered`].
    pub(crate) fn began(&self) {
        self.inner.in_flight.inc();
    }

    /// A response was sent to its end, or given up.
    pub(crate) fn answered(&self, method: &http::Method, status: u16, took: Duration) {
        self.inner.in_flight.dec();
        self.inner
            .requests
            .get_or_create(&Answer {
                method: label(method),
                status,
            })
            .inc();
        self.inner.duration.observe(took.as_secs_f64());
    }

    /// Connections open now.
    pub(crate) fn connections(&self, n: usize) {
        self.inner.connections.set(n as i64);
    }

    /// A domain event.
    pub(crate) fn event(&self, event: &'static str) {
        self.inner.events.get_or_create(&Kind { event }).inc();
    }

    /// An event that a subscriber does not get.
    pub(crate) fn event_dropped(&self, subscriber: &'static str) {
        let of = OfSubscriber { subscriber };
        self.inner.events_dropped.get_or_create(&of).inc();
    }

    /// An event that was not published.
    pub(crate) fn event_refused(&self, stage: &'static str) {
        self.inner
            .events_refused
            .get_or_create(&OfStage { stage })
            .inc();
    }

    /// Something lesser stood in for a stage.
    pub(crate) fn degraded(&self, stage: &str) {
        // A component names the stage; only names that there are make a series.
        let known = ["ingest", "vad", "asr", "intent", "llm", "tts"];
        let stage = known.into_iter().find(|known| *known == stage);
        let of = OfStage {
            stage: stage.unwrap_or("other"),
        };
        self.inner.degraded.get_or_create(&of).inc();
    }

    /// The breaker of a configured server went to another state.
    pub(crate) fn breaker_changed(&self, upstream: &str, to: &'static str) {
        let change = BreakerChange {
            upstream: upstream.to_owned(),
            to,
        };
        self.inner.breaker_changes.get_or_create(&change).inc();
    }

    /// The breaker of a configured server as it is now; none when that is not known.
    pub(crate) fn breaker(&self, upstream: &str, now: Option<BreakerState>) {
        for state in BreakerState::ALL {
            let is = BreakerIs {
                upstream: upstream.to_owned(),
                state: state.name(),
            };
            let value = i64::from(now == Some(state));
            self.inner.breaker_state.get_or_create(&is).set(value);
        }
    }

    /// A stage's pool as it is now.
    pub(crate) fn pool(&self, stage: &'static str, section: &str, status: &Status) {
        let of = OfSection {
            stage,
            section: section.to_owned(),
        };
        self.inner
            .instances
            .get_or_create(&of)
            .set(status.instances as i64);
        self.inner.ready.get_or_create(&of).set(status.ready as i64);
        self.inner
            .in_use
            .get_or_create(&of)
            .set(status.in_use as i64);
        self.inner
            .waiting
            .get_or_create(&of)
            .set(status.waiting as i64);
    }

    /// A bucket as it is now.
    pub(crate) fn bucket(&self, bucket: &str, usage: Usage) {
        let of = OfBucket {
            bucket: bucket.to_owned(),
        };
        self.inner
            .bucket_bytes
            .get_or_create(&of)
            .set(usage.bytes as i64);
        self.inner
            .bucket_keys
            .get_or_create(&of)
            .set(usage.keys as i64);
        self.inner
            .bucket_evicted
            .get_or_create(&of)
            .set(usage.evicted as i64);
    }

    /// Everything, in OpenMetrics text.
    pub(crate) fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.inner.registry)?;
        Ok(out)
    }
}

fn plain<M: prometheus_client::registry::Metric + Clone>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    metric: M,
) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn timed<M: prometheus_client::registry::Metric + Clone>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    metric: M,
) -> M {
    registry.register_with_unit(name, help, Unit::Seconds, metric.clone());
    metric
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
    fn what_was_counted_is_encoded() {
        let metrics = Metrics::new();
        metrics.called("asr", "next", Duration::from_millis(300));
        metrics.began();
        metrics.answered(
            &http::Method::from_bytes(b"BREW").unwrap(),
            405,
            Duration::from_millis(2),
        );
        let text = metrics.encode().unwrap();
        assert!(
            text.contains(
                r#"colloquy_stage_call_duration_seconds_bucket{le="0.5",stage="asr",call="next"} 1"#
            ),
            "{text}"
        );
        assert!(
            text.contains(r#"colloquy_requests_total{method="other",status="405"} 1"#),
            "{text}"
        );
        assert!(text.contains("colloquy_requests_in_flight 0"), "{text}");
    }
}
