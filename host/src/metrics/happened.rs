//! Domain events: how many, and who missed some; and the circuit breakers they tell of.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;
use super::registering::plain;
use crate::events::BreakerState;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    event: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSubscriber {
    subscriber: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTeller {
    stage: &'static str,
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

pub(super) struct Happened {
    events: Family<Kind, Counter>,
    dropped: Family<OfSubscriber, Counter>,
    refused: Family<OfTeller, Counter>,
    breaker_changes: Family<BreakerChange, Counter>,
    breaker_state: Family<BreakerIs, Gauge>,
}

impl Happened {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let r = registry.sub_registry_with_prefix("colloquy");
        Self {
            events: plain(r, "events", "Domain events", Family::default()),
            dropped: plain(
                r,
                "events_dropped",
                "Events lost because a subscriber fell behind or was absent",
                Family::default(),
            ),
            refused: plain(
                r,
                "events_refused",
                "Events told by who may not tell them",
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
        }
    }
}

impl Metrics {
    /// A domain event.
    pub(crate) fn event(&self, event: &'static str) {
        let events = &self.inner.happened.events;
        events.get_or_create(&Kind { event }).inc();
    }

    /// There is this subscriber, and it has missed nothing so far.
    pub(crate) fn subscribed(&self, subscriber: &'static str) {
        let dropped = &self.inner.happened.dropped;
        drop(dropped.get_or_create(&OfSubscriber { subscriber }));
    }

    /// An event that a subscriber does not get.
    pub(crate) fn event_dropped(&self, subscriber: &'static str) {
        let dropped = &self.inner.happened.dropped;
        dropped.get_or_create(&OfSubscriber { subscriber }).inc();
    }

    /// An event that was not published.
    pub(crate) fn event_refused(&self, stage: &'static str) {
        let refused = &self.inner.happened.refused;
        refused.get_or_create(&OfTeller { stage }).inc();
    }

    /// The breaker of a configured server went to another state.
    pub(crate) fn breaker_changed(&self, upstream: &str, to: &'static str) {
        let change = BreakerChange {
            upstream: upstream.to_owned(),
            to,
        };
        let changes = &self.inner.happened.breaker_changes;
        changes.get_or_create(&change).inc();
    }

    /// The breaker of a configured server as it is now; none when that is not known.
    pub(crate) fn breaker(&self, upstream: &str, now: Option<BreakerState>) {
        for state in BreakerState::ALL {
            let is = BreakerIs {
                upstream: upstream.to_owned(),
                state: state.name(),
            };
            let value = i64::from(now == Some(state));
            let states = &self.inner.happened.breaker_state;
            states.get_or_create(&is).set(value);
            let change = BreakerChange {
                upstream: upstream.to_owned(),
                to: state.name(),
            };
            drop(self.inner.happened.breaker_changes.get_or_create(&change));
        }
    }
}
