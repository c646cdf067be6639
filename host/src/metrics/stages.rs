//! Stages: calls, queues, pools, and who stood in for whom.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;
use super::registering::{Histograms, SECONDS, histograms, plain, timed};
use crate::stage::Status;

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

pub(super) struct Stages {
    calls: Histograms<StageCall>,
    waits: Histograms<OfStage>,
    instances: Family<OfSection, Gauge>,
    ready: Family<OfSection, Gauge>,
    in_use: Family<OfSection, Gauge>,
    waiting: Family<OfSection, Gauge>,
    retired: Family<StageReason, Counter>,
    refused: Family<StageReason, Counter>,
    degraded: Family<OfStage, Counter>,
}

impl Stages {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let r = registry.sub_registry_with_prefix("colloquy");
        Self {
            calls: timed(
                r,
                "stage_call_duration",
                "Time in one call of a stage",
                histograms(SECONDS),
            ),
            waits: timed(
                r,
                "stage_queue_wait",
                "Time until an instance of a stage was free",
                histograms(SECONDS),
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
            degraded: plain(
                r,
                "stage_degraded",
                "Times that something lesser stood in for a stage",
                Family::default(),
            ),
        }
    }
}

impl Metrics {
    /// A call of a stage ended.
    pub(crate) fn called(&self, stage: &'static str, call: &'static str, took: Duration) {
        let calls = &self.inner.stages.calls;
        calls
            .get_or_create(&StageCall { stage, call })
            .observe(took.as_secs_f64());
    }

    /// A caller got an instance, or gave up.
    pub(crate) fn queued(&self, stage: &'static str, took: Duration) {
        let waits = &self.inner.stages.waits;
        waits
            .get_or_create(&OfStage { stage })
            .observe(took.as_secs_f64());
    }

    /// A caller got no instance.
    pub(crate) fn refused(&self, stage: &'static str, reason: &'static str) {
        let refused = &self.inner.stages.refused;
        refused.get_or_create(&StageReason { stage, reason }).inc();
    }

    /// An instance was given up.
    pub(crate) fn retired(&self, stage: &'static str, reason: &'static str) {
        let retired = &self.inner.stages.retired;
        retired.get_or_create(&StageReason { stage, reason }).inc();
    }

    /// Something lesser stood in for a stage.
    pub(crate) fn degraded(&self, stage: &str) {
        // A component names the stage; only names that there are make a series.
        let known = ["ingest", "vad", "asr", "intent", "llm", "tts"];
        let stage = known.into_iter().find(|known| *known == stage);
        let of = OfStage {
            stage: stage.unwrap_or("other"),
        };
        self.inner.stages.degraded.get_or_create(&of).inc();
    }

    /// A stage's pool as it is now.
    pub(crate) fn pool(&self, stage: &'static str, section: &str, status: &Status) {
        let of = OfSection {
            stage,
            section: section.to_owned(),
        };
        let stages = &self.inner.stages;
        for (gauge, n) in [
            (&stages.instances, status.instances),
            (&stages.ready, status.ready),
            (&stages.in_use, status.in_use),
            (&stages.waiting, status.waiting),
        ] {
            gauge.get_or_create(&of).set(n as i64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_in_the_bucket_of_its_length() {
        let metrics = Metrics::new();
        metrics.called("asr", "next", Duration::from_millis(300));
        let text = metrics.encode().unwrap();
        let line =
            r#"colloquy_stage_call_duration_seconds_bucket{le="0.5",stage="asr",call="next"} 1"#;
        assert!(text.contains(line), "{text}");
    }
}
