//! Counters, gauges and histograms in Prometheus' text format.
//!
//! One registry per host, one file per topic: what is registered there, and how it is counted. Whatever is known only at the moment of
//! asking (pool sizes, bucket sizes) is set right before encoding. Every label has a bounded set of values, whatever clients and guests
//! send.

mod edge;
mod happened;
mod process;
mod registering;
mod stages;
mod stores;
mod turns;

use std::sync::Arc;

pub(crate) use edge::method_label;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

/// All metrics of a host; clones share them.
#[derive(Clone)]
pub(crate) struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    edge: edge::Edge,
    happened: happened::Happened,
    process: process::Process,
    stages: stages::Stages,
    stores: stores::Stores,
    turns: turns::Turns,
}

impl Metrics {
    /// An empty registry.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let r = &mut registry;
        let inner = Inner {
            edge: edge::Edge::register(r),
            happened: happened::Happened::register(r),
            process: process::Process::register(r),
            stages: stages::Stages::register(r),
            stores: stores::Stores::register(r),
            turns: turns::Turns::register(r),
            registry,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Everything, in OpenMetrics text.
    pub(crate) fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.inner.registry)?;
        Ok(out)
    }
}
