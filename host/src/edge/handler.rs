//! One request: its id, its span, the host's own routes, the edge component for the rest, and what is told about it afterwards.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tracing::Instrument;
use wasmtime_wasi_http::{Error, WasiBody};

use super::body::{Body, GuestBody, With, full};
use super::component::Component;
use super::headers::harden;
use super::intake::{Lingering, Pace, Paced, TooSlow, Verdict};
use super::peer::{self, Peer};
use super::problem::Problem;
use super::record::Record;
use super::request_id::{RequestId, X_REQUEST_ID};
use super::upkeep;
use crate::bind::{Report, Stages};
use crate::breakers::Breakers;
use crate::metrics::{Metrics, method_label};
use crate::stage::Status;
use crate::store::Stores;
use crate::telemetry::{Telemetry, Trace};

/// What scrapers of metrics expect.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers requests.
pub(crate) struct Handler {
    pub(crate) component: Component,
    pub(crate) stages: Arc<Stages>,
    pub(crate) stores: Arc<Stores>,
    pub(crate) breakers: Arc<Breakers>,
    pub(crate) metrics: Metrics,
    pub(crate) telemetry: Telemetry,
    /// Where data is kept.
    pub(crate) folders: Arc<[PathBuf]>,
    pub(crate) max_body: u64,
    pub(crate) pace: Pace,
    /// Whether those who watch the host have an address of their own.
    pub(crate) is_watched_elsewhere: bool,
    /// Set when the host begins to shut down.
    pub(crate) closing: AtomicBool,
}

impl Handler {
    /// Answers one request; never fails, because every error is a response.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        let id = RequestId::of(request.headers());
        let path = request.uri().path().to_owned();
        let peer = request.extensions().get::<Peer>().cloned();
        let trace = self.telemetry.request(
            request.headers(),
            method_label(request.method()),
            &id.to_string(),
            &self.metrics,
        );
        // Of the highest level, so that no filter takes the id away from an error.
        let span = tracing::error_span!("request", request_id = %id, trace_id = trace.id());
        let mut record = Record::begin(&self.metrics, &request, &span, &trace);
        let answer = self.route(request, &id, &trace).instrument(span).await;
        let mut response = answer.unwrap_or_else(|problem| problem.response(&path, &id));
        let hsts = peer.as_ref().and_then(|peer| peer.hsts.as_ref());
        harden(response.headers_mut(), hsts);
        response.headers_mut().insert(X_REQUEST_ID, id.value());
        record.answers(&mut response);
        Ok(response.map(|body| With { body, tail: record }.boxed_unsync()))
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        id: &RequestId,
        trace: &Trace,
    ) -> Result<Response<Body>, Problem> {
        let peer = request.extensions().get::<Peer>();
        let is_watcher = peer.is_some_and(|peer| peer.is_watcher);
        let is_told = is_watcher || !self.is_watched_elsewhere;
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/livez") => {
                Ok(json(StatusCode::OK, &serde_json::json!({ "live": true })))
            }
            (&Method::GET | &Method::HEAD, "/readyz") => Ok(self.readiness(is_told).await),
            (&Method::GET | &Method::HEAD, "/metrics") if is_told => self.metrics().await,
            _ if is_watcher => Err(Problem::NotFound),
            _ => self.guest(request, id, trace).await,
        }
    }

    /// 200 when every stage has an instance and all had all of them once, and the host is not closing. Who stands in for a stage that is
    /// there may be missing. Every bucket must be usable, too; one that was not is asked again, because nobody else may ask it while the host
    /// is not ready. What is waited for is told to those who watch.
    async fn readiness(&self, is_told: bool) -> Response<Body> {
        let closing = self.closing.load(Ordering::SeqCst);
        let reports = self.stages.report();
        let answers = |report: &Report| report.status.ready > 0;
        let can_do_without = |missing: &Report| {
            let failed = missing.status.failure.is_some();
            let mut others = reports.iter().filter(|other| other.stage == missing.stage);
            failed && others.any(answers)
        };
        let mut waiting_for: serde_json::Map<_, _> = reports
            .iter()
            .filter(|report| !can_do_without(report))
            .filter_map(|report| Some((report.section.clone(), not_ready(&report.status)?.into())))
            .collect();
        for (name, store) in &*self.stores {
            if store.failure().is_some()
                && let Err(why) = store.probe().await
            {
                waiting_for.insert(format!("keyvalue.{name}"), why.to_string().into());
            }
        }
        let ready = !closing && waiting_for.is_empty();
        let status = if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        if !is_told {
            return json(status, &serde_json::json!({ "ready": ready }));
        }
        json(
            status,
            &serde_json::json!({ "ready": ready, "closing": closing, "waiting_for": waiting_for }),
        )
    }

    async fn metrics(&self) -> Result<Response<Body>, Problem> {
        for report in self.stages.report() {
            self.metrics
                .pool(report.stage, &report.section, &report.status);
        }
        for (name, store) in &*self.stores {
            self.metrics.bucket(name, store);
        }
        for (upstream, state) in self.breakers.read().await {
            self.metrics.breaker(upstream, state);
        }
        let (metrics, folders) = (self.metrics.clone(), Arc::clone(&self.folders));
        let read = tokio::task::spawn_blocking(move || metrics.process(&folders));
        read.await.map_err(|_| Problem::Internal)?;
        let text = self.metrics.encode().map_err(|_| Problem::Internal)?;
        let mut response = Response::new(full(text));
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS));
        Ok(response)
    }

    async fn guest(
        &self,
        request: Request<Incoming>,
        id: &RequestId,
        trace: &Trace,
    ) -> Result<Response<Body>, Problem> {
        let head = request.method() == Method::HEAD;
        let peer = request.extensions().get::<Peer>().cloned();
        // Every connection has another end.
        let peer = peer.ok_or(Problem::Internal)?;
        let (request, pace) = self.admit(request, &peer, id)?;
        let answer = self.component.answer(request, &peer, trace).await;
        if pace.is_too_slow() {
            return Err(Problem::TooSlow);
        }
        let (response, running) = answer?;
        let announced = response
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        // Nothing of the body is sent for HEAD, which is complete with its headers.
        let length = if head { Some(0) } else { announced };
        Ok(response.map(|body| GuestBody::new(body, running, length).boxed_unsync()))
    }

    /// The request as the edge component gets it: with its id and its sender's address, and with a body that ends at the limit.
    fn admit(
        &self,
        mut request: Request<Incoming>,
        peer: &Peer,
        id: &RequestId,
    ) -> Result<(Request<WasiBody>, Verdict), Problem> {
        if request.uri().authority().is_none() && !request.headers().contains_key(HOST) {
            if request.version() >= Version::HTTP_11 {
                return Err(Problem::NoHost);
            }
            request
                .headers_mut()
                .insert(HOST, HeaderValue::from_static("localhost"));
        }
        let announced = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|n| n > self.max_body) {
            return Err(Problem::BodyTooLarge(self.max_body));
        }
        request.headers_mut().insert(X_REQUEST_ID, id.value());
        peer::tell(request.headers_mut(), peer);
        upkeep::deny(request.headers_mut());
        let max = self.max_body;
        let limit = usize::try_from(max).unwrap_or(usize::MAX);
        let (head, body) = request.into_parts();
        let (body, verdict) = Paced::new(Limited::new(body, limit), self.pace);
        let body = Lingering::new(body)
            .map_err(move |error| body_error(error, max))
            .boxed_unsync();
        Ok((Request::from_parts(head, body), verdict))
    }
}

/// Why a stage is not ready, for the operator; none when it is.
fn not_ready(status: &Status) -> Option<String> {
    if status.settled && status.ready > 0 {
        return None;
    }
    let loaded = format!(
        "{} of {} instances are loaded",
        status.ready, status.instances
    );
    Some(
        status
            .failure
            .as_ref()
            .map_or_else(|| loaded.clone(), |why| format!("{loaded}: {why}")),
    )
}

fn body_error(error: Box<dyn std::error::Error + Send + Sync>, max: u64) -> Error {
    match error.downcast::<hyper::Error>() {
        Ok(error) => Error::Hyper(*error),
        Err(error) if error.is::<TooSlow>() => Error::ConnectionReadTimeout,
        Err(_) => Error::HttpRequestBodySize(Some(max)),
    }
}

fn json(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(full(value.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
