//! Traces: one span for a request, one below it for each piece of work of a stage, sent to a collector by OTLP.
//!
//! OpenTelemetry's own interface is used rather than `tracing-opentelemetry`: a stage's work begins on one thread and ends on another,
//! with its last call rather than with a scope, and log lines keep the spans they have. Without a collector nothing is recorded, and what a client says of its trace is still handed on to the servers that
//! stages ask.
//!
//! Nothing that was said, no session and no path is in a span: routes, sections, versions, times, and the id of the request.

mod otlp;
mod trace;
mod work;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::Handle;

pub(crate) use otlp::Settings;
pub(crate) use trace::Trace;
pub(crate) use work::Work;

use crate::metrics::Metrics;
use crate::outbound::Client;

/// How long the last spans may take at the end.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Where spans go, if they go anywhere; clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts the exporter, on a thread of its own. It connects when there is something to send.
    ///
    /// # Errors
    /// When the settings make no exporter.
    pub(crate) fn start(
        settings: &Settings,
        client: Client,
        runtime: &Handle,
        metrics: &Metrics,
    ) -> Result<Self, String> {
        for result in ["ended", "exported", "failed"] {
            metrics.spans(result, 0);
        }
        let sampler = Sampler::TraceIdRatioBased(settings.sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_resource(
                Resource::builder_empty()
                    .with_attributes([
                        KeyValue::new("service.name", settings.service_name.clone()),
                        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                    ])
                    .build(),
            )
            .with_sampler(Sampler::ParentBased(Box::new(sampler)))
            .with_span_processor(otlp::processor(settings, client, runtime, metrics)?)
            .build();
        Ok(Self {
            provider: Some(provider),
        })
    }

    /// The trace of a request with these headers: the client's, or a new one.
    pub(crate) fn request(
        &self,
        headers: &http::HeaderMap,
        method: &'static str,
        request_id: &str,
        metrics: &Metrics,
    ) -> Trace {
        let tracer = self
            .provider
            .as_ref()
            .map(|provider| provider.tracer("colloquy"));
        Trace::of(tracer, headers, method, request_id, metrics)
    }

    /// Sends what has not been sent yet, for as long as that may take.
    pub(crate) async fn close(self) {
        let Some(provider) = self.provider else {
            return;
        };
        let sent =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_SPANS)).await;
        if let Ok(Err(error)) = sent {
            tracing::debug!("the last spans were not sent: {error}");
        }
    }
}
