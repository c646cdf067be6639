//! A place in a trace: what new spans hang on, and what servers are told (W3C Trace Context).

use std::borrow::Cow;
use std::time::SystemTime;

use http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracer;

use crate::metrics::Metrics;

/// The trace of one request; clones are the same place in it.
#[derive(Clone)]
pub(crate) struct Trace {
    tracer: Option<SdkTracer>,
    span: Span,
    metrics: Metrics,
}

/// A span that is open, or, when nothing is recorded, the one that the client has.
#[derive(Clone)]
pub(crate) struct Span {
    context: Context,
    /// Whether it is ours to end.
    recorded: bool,
}

impl Trace {
    /// The trace of a request.
    pub(super) fn of(
        tracer: Option<SdkTracer>,
        headers: &HeaderMap,
        method: &'static str,
        request_id: &str,
        metrics: &Metrics,
    ) -> Self {
        let remote = TraceContextPropagator::new()
            .extract_with_context(&Context::new(), &HeaderExtractor(headers));
        let span = match &tracer {
            None => Span {
                context: remote,
                recorded: false,
            },
            Some(tracer) => Span::open(
                tracer,
                &remote,
                SpanKind::Server,
                method.into(),
                vec![
                    KeyValue::new("http.request.method", method),
                    KeyValue::new("colloquy.request_id", request_id.to_owned()),
                ],
            ),
        };
        Self {
            tracer,
            span,
            metrics: metrics.clone(),
        }
    }

    /// The request's own span.
    pub(crate) fn request(&self) -> &Span {
        &self.span
    }

    /// A span below the request's.
    pub(super) fn below(&self, name: &'static str, attributes: Vec<KeyValue>) -> Span {
        match &self.tracer {
            None => self.span.clone(),
            Some(tracer) => Span::open(
                tracer,
                &self.span.context,
                SpanKind::Internal,
                name.into(),
                attributes,
            ),
        }
    }

    /// Its id in hexadecimal digits, for the log; none when there is no trace.
    pub(crate) fn id(&self) -> Option<String> {
        let context = self.span.context.span().span_context().clone();
        context.is_valid().then(|| context.trace_id().to_string())
    }

    /// Where its work is counted.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

impl Span {
    fn open(
        tracer: &SdkTracer,
        parent: &Context,
        kind: SpanKind,
        name: Cow<'static, str>,
        attributes: Vec<KeyValue>,
    ) -> Self {
        let builder = tracer
            .span_builder(name)
            .with_kind(kind)
            .with_attributes(attributes);
        let span = tracer.build_with_context(builder, parent);
        Self {
            context: parent.with_span(span),
            recorded: true,
        }
    }

    /// Gives it another name.
    pub(crate) fn rename(&self, name: String) {
        if self.recorded {
            self.context.span().update_name(name);
        }
    }

    /// Adds something to it.
    pub(crate) fn set(&self, name: &'static str, value: impl Into<Value>) {
        if self.recorded {
            self.context
                .span()
                .set_attribute(KeyValue::new(name, value));
        }
    }

    /// What it was about did not work.
    pub(crate) fn failed(&self, why: &'static str) {
        if self.recorded {
            self.context.span().set_status(Status::error(why));
        }
    }

    /// Ends it; what is added later is lost.
    pub(crate) fn end(&self, at: SystemTime, metrics: &Metrics) {
        if self.recorded {
            if self.context.span().is_recording() && self.context.span().span_context().is_sampled()
            {
                metrics.spans("ended", 1);
            }
            self.context.span().end_with_timestamp(at);
        }
    }

    /// Tells a server where in the trace it is asked. Nothing is told when there is no trace.
    pub(crate) fn inject(&self, headers: &mut HeaderMap) {
        TraceContextPropagator::new().inject_context(&self.context, &mut HeaderInjector(headers));
    }
}
