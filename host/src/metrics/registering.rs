//! How metrics are registered: names, units, buckets.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

/// Histograms with upper bounds that are fixed when the family is made.
pub(super) type Histograms<L> = Family<L, Histogram, Bounds>;

/// Upper bounds of the buckets of a histogram.
#[derive(Clone, Copy)]
pub(super) struct Bounds(pub(super) &'static [f64]);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// Seconds of one call of a stage: a classification takes 0.5 ms, a chunk of audio of the decoder 1 to 5, of a voice 50 to 300, a segment of
/// speech 0.3 to 3 s; the longest deadline of `colloquy.toml` is 60 s.
pub(super) const CALL: Bounds = Bounds(&[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
]);

/// Seconds until somebody hears or reads something: 0.8 s from voice to voice is what the industry aims at, people notice 0.2 s, and behind
/// 5 s there is only trouble.
pub(super) const PATIENCE: Bounds = Bounds(&[
    0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0,
]);

/// Seconds of a whole request: a document takes a millisecond, a turn with a voice 1 to 10 s, and 120 s are the default limit.
pub(super) const REQUEST: Bounds = Bounds(&[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0,
    60.0, 120.0,
]);

/// Seconds in a queue: nearly nothing when an instance is free; a caller gives up after 5 s unless told otherwise.
pub(super) const WAIT: Bounds = Bounds(&[
    0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 30.0,
]);

/// Seconds of one access to a store: memory takes microseconds, a file tens to hundreds of them, a network a millisecond or a hundred.
pub(super) const STORE: Bounds = Bounds(&[
    0.00001, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
    5.0,
]);

/// Seconds of a session: one question, a talk of some minutes, a tab that stays open; one lives an hour after its last turn by default.
pub(super) const SESSION: Bounds = Bounds(&[
    1.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0,
]);

/// Shares of one: clear speech has 0.8 and more, so that it is finer there.
pub(super) const CONFIDENCE: Bounds = Bounds(&[
    0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99,
]);

/// A family of histograms with these bounds.
pub(super) fn histograms<L: Clone + std::hash::Hash + Eq>(bounds: Bounds) -> Histograms<L> {
    Family::new_with_constructor(bounds)
}

/// Registers a metric without a unit.
pub(super) fn plain<M: Metric + Clone>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    metric: M,
) -> M {
    registry.register(name, help, metric.clone());
    metric
}

/// Registers a metric in seconds; the name gets the unit.
pub(super) fn timed<M: Metric + Clone>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    metric: M,
) -> M {
    registry.register_with_unit(name, help, Unit::Seconds, metric.clone());
    metric
}

/// Values of a label that come from a component: the first so many of them, and no other.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<BTreeSet<String>>);

impl Known {
    /// Whether this one may be a label, of at most `max`.
    pub(super) fn admits(&self, value: &str, max: usize) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(value) || (known.len() < max && known.insert(value.to_owned()))
    }
}
