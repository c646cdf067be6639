//! Stages: calls, queues, pools, and who stood in for whom.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;
use super::registering::{CALL, Histograms, PATIENCE, WAIT, histograms, plain, timed};
use crate::stage::Status;

/// All there are.
const STAGES: [&str; 6] = ["ingest", "vad", "asr", "intent", "llm", "tts"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageCall {
    stage: &'static str,
    section: Arc<str>,
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
    section: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageReason {
    stage: &'static str,
    section: Arc<str>,
    reason: &'static str,
}

impl OfSection {
    fn new(stage: &'static str, section: &Arc<str>) -> Self {
        Self {
            stage,
            section: Arc::clone(section),
        }
    }
}

impl StageReason {
    fn new(stage: &'static str, section: &Arc<str>, reason: &'static str) -> Self {
        Self {
            stage,
            section: Arc::clone(section),
            reason,
        }
    }
}

pub(super) struct Stages {
    calls: Histograms<StageCall>,
    durations: Histograms<OfSection>,
    first_results: Histograms<OfSection>,
    failures: Family<StageReason, Counter>,
    waits: Histograms<OfSection>,
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
        let degraded: Family<OfStage, Counter> = Family::default();
        for stage in STAGES {
            drop(degraded.get_or_create(&OfStage { stage }));
        }
        Self {
            calls: timed(
                r,
                "stage_call_duration",
                "Time in one call of a stage",
                histograms(CALL),
            ),
            durations: timed(
                r,
                "stage_duration",
                "Time from the wish for an instance of a stage to the end of its last call for that piece of work",
                histograms(CALL),
            ),
            first_results: timed(
                r,
                "stage_first_result",
                "Time until a stage had its first segment, word or sound",
                histograms(PATIENCE),
            ),
            failures: plain(
                r,
                "stage_failures",
                "Pieces of work that a stage could not do, by reason",
                Family::default(),
            ),
            waits: timed(
                r,
                "stage_queue_wait",
                "Time until an instance of a stage was free",
                histograms(WAIT),
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
                degraded,
            ),
        }
    }
}

impl Metrics {
    /// There is this implementation of a stage. What it has not done yet is counted as zero, so that the first time is seen as a change.
    pub(crate) fn section(&self, stage: &'static str, section: &Arc<str>) {
        let stages = &self.inner.stages;
        for (family, reasons) in [
            (
                &stages.failures,
                &["busy", "deadline", "unavailable", "internal"][..],
            ),
            (&stages.refused, &["busy", "unavailable", "internal"][..]),
            (&stages.retired, &["trap", "memory", "deadline"][..]),
        ] {
            for reason in reasons {
                drop(family.get_or_create(&StageReason::new(stage, section, reason)));
            }
        }
    }

    /// A call of a stage ended.
    pub(crate) fn called(
        &self,
        stage: &'static str,
        section: &Arc<str>,
        call: &'static str,
        took: Duration,
    ) {
        let call = StageCall {
            stage,
            section: Arc::clone(section),
            call,
        };
        let calls = &self.inner.stages.calls;
        calls.get_or_create(&call).observe(took.as_secs_f64());
    }

    /// A stage did a piece of work; `first` is when its first result was there.
    pub(crate) fn stage_took(
        &self,
        stage: &'static str,
        section: &Arc<str>,
        took: Duration,
        first: Option<Duration>,
    ) {
        let of = OfSection::new(stage, section);
        let stages = &self.inner.stages;
        let durations = stages.durations.get_or_create(&of);
        durations.observe(took.as_secs_f64());
        if let Some(first) = first {
            let results = stages.first_results.get_or_create(&of);
            results.observe(first.as_secs_f64());
        }
    }

    /// A stage could not do a piece of work.
    pub(crate) fn stage_failed(
        &self,
        stage: &'static str,
        section: &Arc<str>,
        reason: &'static str,
    ) {
        let of = StageReason::new(stage, section, reason);
        self.inner.stages.failures.get_or_create(&of).inc();
    }

    /// A caller got an instance, or gave up.
    pub(crate) fn queued(&self, stage: &'static str, section: &Arc<str>, took: Duration) {
        let waits = &self.inner.stages.waits;
        waits
            .get_or_create(&OfSection::new(stage, section))
            .observe(took.as_secs_f64());
    }

    /// A caller got no instance.
    pub(crate) fn refused(&self, stage: &'static str, section: &Arc<str>, reason: &'static str) {
        let of = StageReason::new(stage, section, reason);
        self.inner.stages.refused.get_or_create(&of).inc();
    }

    /// An instance was given up.
    pub(crate) fn retired(&self, stage: &'static str, section: &Arc<str>, reason: &'static str) {
        let of = StageReason::new(stage, section, reason);
        self.inner.stages.retired.get_or_create(&of).inc();
    }

    /// Something lesser stood in for a stage.
    pub(crate) fn degraded(&self, stage: &str) {
        // A component names the stage; only names that there are make a series.
        let stage = STAGES.into_iter().find(|known| *known == stage);
        let of = OfStage {
            stage: stage.unwrap_or("other"),
        };
        self.inner.stages.degraded.get_or_create(&of).inc();
    }

    /// A stage's pool as it is now.
    pub(crate) fn pool(&self, stage: &'static str, section: &str, status: &Status) {
        let of = OfSection::new(stage, &Arc::from(section));
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
        let section = Arc::from("asr-base");
        metrics.called("asr", &section, "next", Duration::from_millis(300));
        let text = metrics.encode().unwrap();
        let line = r#"colloquy_stage_call_duration_seconds_bucket{le="0.5",stage="asr",section="asr-base",call="next"} 1"#;
        assert!(text.contains(line), "{text}");
    }
}
