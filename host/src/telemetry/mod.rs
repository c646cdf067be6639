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

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    const CLIENTS: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn told(trace: &Trace) -> HeaderMap {
        let mut headers = HeaderMap::new();
        Work::begin(trace, "llm", "llm-openai", "generate").inject(&mut headers);
        headers
    }

    #[test]
    fn without_a_collector_what_a_client_says_is_handed_on() {
        let (telemetry, metrics) = (Telemetry::default(), Metrics::new());
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", CLIENTS.parse().unwrap());
        let trace = telemetry.request(&headers, "POST", "r-1", &metrics);
        assert_eq!(
            trace.id().as_deref(),
            Some("0af7651916cd43dd8448eb211c80319c")
        );
        assert_eq!(told(&trace)["traceparent"], CLIENTS);
        for nonsense in [None, Some("00-0-0-01"), Some("hello")] {
            let mut headers = HeaderMap::new();
            if let Some(text) = nonsense {
                headers.insert("traceparent", text.parse().unwrap());
            }
            let trace = telemetry.request(&headers, "POST", "r-1", &metrics);
            assert_eq!(trace.id(), None);
            assert!(told(&trace).is_empty(), "{nonsense:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_absent_collector_loses_spans_and_no_more() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}/v1/traces", nobody.local_addr().unwrap());
        drop(nobody);
        let settings = Settings {
            endpoint,
            service_name: "test".into(),
            headers: Default::default(),
            sample_ratio: 1.0,
            timeout: Duration::from_millis(100),
        };
        let metrics = Metrics::new();
        let runtime = Handle::current();
        let telemetry = Telemetry::start(&settings, Client::default(), &runtime, &metrics).unwrap();
        // More than may wait.
        for _ in 0..10_000 {
            let trace = telemetry.request(&HeaderMap::new(), "GET", "r-1", &metrics);
            trace.request().end(std::time::SystemTime::now(), &metrics);
        }
        let count = |result: &str| -> f64 {
            let text = metrics.encode().unwrap();
            let name = format!("colloquy_spans_total{{result=\"{result}\"}} ");
            let value = text.lines().find_map(|line| line.strip_prefix(&name));
            value.unwrap().parse().unwrap()
        };
        while count("failed") == 0.0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!((count("ended"), count("exported")), (10_000.0, 0.0));
        telemetry.close().await;
    }
}
