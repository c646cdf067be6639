//! How metrics are registered: names, units, buckets.

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

/// Upper bounds in seconds, from a classification (below a millisecond) to a whole turn on a slow machine.
pub(super) const SECONDS: Bounds = Bounds(&[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
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
