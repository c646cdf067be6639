//! One piece of work of a stage: from the wish for an instance to the end of its last call, measured and told as a span.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use http::HeaderMap;
use opentelemetry::KeyValue;

use super::trace::{Span, Trace};
use crate::metrics::Metrics;
use crate::stage::Description;

/// Work in progress. It is over when nobody holds it any more.
#[derive(Clone)]
pub(crate) struct Work(Arc<Inner>);

struct Inner {
    stage: &'static str,
    section: Arc<str>,
    span: Span,
    metrics: Metrics,
    since: Instant,
    began: SystemTime,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    waited: Option<Duration>,
    busy: Duration,
    first: Option<Duration>,
    /// When the last call was over.
    last: Option<Duration>,
    stood_in: bool,
    failed: Option<&'static str>,
    by: Option<Description>,
}

impl Work {
    /// A stage is asked; `call` is the function that begins it.
    pub(crate) fn begin(
        trace: &Trace,
        stage: &'static str,
        section: &str,
        call: &'static str,
    ) -> Self {
        // The content base is a contract of its own in the component of another stage.
        let name = if call.starts_with("content.") {
            "content"
        } else {
            stage
        };
        let attributes = vec![
            KeyValue::new("colloquy.stage", name),
            KeyValue::new("colloquy.section", section.to_owned()),
            KeyValue::new("colloquy.call", call),
        ];
        Self(Arc::new(Inner {
            stage,
            section: section.into(),
            span: trace.below(name, attributes),
            metrics: trace.metrics().clone(),
            since: Instant::now(),
            began: SystemTime::now(),
            progress: Mutex::default(),
        }))
    }

    /// An instance is there for it, whose component says this about itself.
    pub(crate) fn placed(&self, by: Option<Description>) {
        self.with(|progress, since| {
            progress.waited = Some(since);
            progress.by = by;
        });
    }

    /// A call ended that took this long.
    pub(crate) fn called(&self, took: Duration) {
        self.with(|progress, since| {
            progress.busy += took;
            progress.last = Some(since);
        });
    }

    /// The first result is there, from whom was asked or from one who stands in.
    pub(crate) fn first(&self, stands_in: bool) {
        self.with(|progress, since| {
            progress.first.get_or_insert(since);
            progress.stood_in |= stands_in;
        });
    }

    /// It failed; the reason is one of a few words.
    pub(crate) fn failed(&self, why: &'static str) {
        self.with(|progress, _| progress.failed = Some(why));
    }

    /// Tells a server what it is asked for.
    pub(crate) fn inject(&self, headers: &mut HeaderMap) {
        self.0.span.inject(headers);
    }

    fn with(&self, change: impl FnOnce(&mut Progress, Duration)) {
        let since = self.0.since.elapsed();
        let progress = self.0.progress.lock();
        change(&mut progress.unwrap_or_else(PoisonError::into_inner), since);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let now = self.since.elapsed();
        let progress = self.progress.get_mut();
        let progress = std::mem::take(progress.unwrap_or_else(PoisonError::into_inner));
        // What was put away later is not part of the work.
        let took = progress.last.unwrap_or(now);
        let Self {
            stage,
            section,
            span,
            metrics,
            ..
        } = self;
        if let Some(why) = progress.failed {
            metrics.stage_failed(stage, section, why);
            span.failed(why);
        } else {
            metrics.stage_took(stage, section, took, progress.first);
        }
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        if let Some(waited) = progress.waited {
            span.set("colloquy.queue_ms", ms(waited));
        }
        if let Some(first) = progress.first {
            span.set("colloquy.first_ms", ms(first));
        }
        if let Some(by) = progress.by {
            span.set("colloquy.component", by.name);
            span.set("colloquy.version", by.version);
            if let Some(model) = by.model {
                span.set("colloquy.model", model);
            }
        }
        span.set("colloquy.busy_ms", ms(progress.busy));
        span.set("colloquy.degraded", progress.stood_in);
        span.end(self.began + took, metrics);
    }
}
