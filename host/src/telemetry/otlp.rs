//! Spans to a collector: OTLP over HTTP, as protobuf, with the host's own client.
//!
//! Spans wait in a bounded queue for a thread of their own, and one that finds it full is lost: no request waits for a collector. That one
//! cannot be reached is told once, and again only after it was there.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanData};
use tokio::runtime::Handle;
use wasmtime_wasi_http::RequestOptions;

use crate::metrics::Metrics;
use crate::outbound::Client;

/// Spans that wait, and how many of them are sent at once. A turn has about ten.
const QUEUE: usize = 4096;
const BATCH: usize = 512;
/// How long a span waits for others to go with it.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest answer of a collector in bytes.
const ANSWER: usize = 64 << 10;

/// The `[telemetry.otlp]` section.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The whole URL.
    pub(crate) endpoint: String,
    pub(crate) service_name: String,
    /// Headers of every request, with secrets among them.
    pub(crate) headers: HashMap<String, String>,
    /// 0 to 1, for traces that begin here.
    pub(crate) sample_ratio: f64,
    pub(crate) timeout: Duration,
}

/// Headers are secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("endpoint", &self.endpoint)
            .field("sample_ratio", &self.sample_ratio)
            .finish_non_exhaustive()
    }
}

/// A queue with an exporter behind it.
pub(super) fn processor(
    settings: &Settings,
    client: Client,
    runtime: &Handle,
    metrics: &Metrics,
) -> Result<BatchSpanProcessor, String> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Post {
            client,
            runtime: runtime.clone(),
            timeout: settings.timeout,
        })
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&settings.endpoint)
        .with_headers(settings.headers.clone())
        .with_timeout(settings.timeout)
        .build()
        .map_err(|error| error.to_string())?;
    let exporter = Told {
        inner: exporter,
        absent: AtomicBool::new(false),
        metrics: metrics.clone(),
    };
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(PAUSE)
        .build();
    Ok(BatchSpanProcessor::builder(exporter)
        .with_batch_config(config)
        .build())
}

/// An exporter whose failures are counted, and told once.
struct Told {
    inner: SpanExporter,
    absent: AtomicBool,
    metrics: Metrics,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Told {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let n = batch.len() as u64;
        let result = opentelemetry_sdk::trace::SpanExporter::export(&self.inner, batch).await;
        match &result {
            Ok(()) => {
                self.metrics.spans("exported", n);
                if self.absent.swap(false, Ordering::Relaxed) {
                    tracing::info!("the trace collector is back");
                }
            }
            Err(error) => {
                self.metrics.spans("failed", n);
                if !self.absent.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "the trace collector cannot be reached; spans are lost until it is back: {error}"
                    );
                }
            }
        }
        result
    }

    fn set_resource(&mut self, resource: &opentelemetry_sdk::Resource) {
        opentelemetry_sdk::trace::SpanExporter::set_resource(&mut self.inner, resource);
    }
}

/// The host's client, for a thread outside of the runtime.
struct Post {
    client: Client,
    runtime: Handle,
    timeout: Duration,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Post")
    }
}

#[wasmtime_wasi::async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, timeout) = (self.client.clone(), self.timeout);
        let exchange = async move {
            let request = request.map(|bytes| {
                Full::new(bytes)
                    .map_err(|never| match never {})
                    .boxed_unsync()
            });
            let options = RequestOptions {
                connect_timeout: Some(timeout),
                first_byte_timeout: Some(timeout),
                between_bytes_timeout: Some(timeout),
            };
            let response = client.send(request, options).await;
            let (head, body) = response.map_err(|error| error.to_string())?.into_parts();
            let body = Limited::new(body, ANSWER).collect().await?;
            Ok::<_, HttpError>(Response::from_parts(head, body.to_bytes()))
        };
        let task = self
            .runtime
            .spawn(async move { tokio::time::timeout(timeout, exchange).await });
        task.await??
    }
}
