//! The edge component: gateway and pipeline, a fresh instance for every request.
//!
//! Invariants: the instance lives on a task of its own that is stopped when the client leaves or the request takes too long, and whoever
//! cleans up is told so; its fate is known before its store is dropped, so that the end of a body can be told from a failure.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Method, Request};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tracing::Instrument;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use wasmtime_wasi_http::{WasiBody, WasiHttpCtx, WasiHttpView};

use super::body::{Fate, Running};
use super::cleanup::{Finishing, Stopped};
use super::peer::{Crowd, Peer};
use super::problem::Problem;
use super::turn::{Refused, Turn};
use crate::bind::{self, Stages};
use crate::breakers::Breakers;
use crate::config;
use crate::engine::{self, Compiler, MemoryLimit};
use crate::events::Bus;
use crate::outbound::Sockets;
use crate::stage::Artifact;
use crate::store::Stores;
use crate::telemetry::Trace;

/// When a client that was turned away should come back, in milliseconds.
const RETRY_MS: u32 = 1000;

/// What turns work with.
#[derive(Clone)]
pub(crate) struct Resources {
    pub(crate) stages: Arc<Stages>,
    pub(crate) stores: Arc<Stores>,
    pub(crate) breakers: Arc<Breakers>,
    pub(crate) bus: Bus,
}

/// The edge component, compiled and with its imports resolved.
#[derive(Clone)]
pub(crate) struct Prepared {
    engine: Engine,
    proxy: ProxyPre<Turn>,
}

impl Prepared {
    /// Compiles the component, or takes the compiled code from the cache.
    pub(crate) fn load(compiler: &Compiler, artifact: &Artifact) -> wasmtime::Result<Self> {
        let component = artifact.compile(compiler)?;
        let proxy = ProxyPre::new(linker(compiler)?.instantiate_pre(&component)?)?;
        Ok(Self {
            engine: (**compiler).clone(),
            proxy,
        })
    }
}

/// What requests may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Instances at one time.
    pub(crate) requests: usize,
    /// Those that work for one client; 0 for any number. Whoever sends just fast enough, or takes an answer slowly, keeps an instance for as long
    /// as a request may take, and could keep all of them.
    pub(crate) per_address: usize,
    /// How long each may work.
    pub(crate) timeout: Duration,
}

/// Answers requests with instances of the edge component.
pub(crate) struct Component {
    prepared: Prepared,
    settings: config::Edge,
    resources: Resources,
    limits: Limits,
    free: Arc<Semaphore>,
    crowd: Crowd,
    /// Where requests are told of that were stopped.
    stopped: mpsc::Sender<Stopped>,
}

/// A response whose body is still being written.
pub(super) type Answer = (http::Response<HyperOutgoingBody>, Running);

impl Component {
    pub(crate) fn new(
        prepared: Prepared,
        settings: config::Edge,
        resources: Resources,
        limits: Limits,
        stopped: mpsc::Sender<Stopped>,
    ) -> Self {
        Self {
            prepared,
            settings,
            resources,
            limits,
            free: Arc::new(Semaphore::new(limits.requests)),
            crowd: Crowd::default(),
            stopped,
        }
    }

    /// Has a fresh instance answer; returns when it has sent the head of its response.
    pub(super) async fn answer(
        &self,
        request: Request<WasiBody>,
        peer: &Peer,
        trace: &Trace,
    ) -> Result<Answer, Problem> {
        let place = self
            .crowd
            .enter(peer.address, self.limits.per_address)
            .ok_or(Problem::Crowded(RETRY_MS))?;
        let permit = Arc::clone(&self.free)
            .try_acquire_owned()
            .map_err(|_| Problem::Overloaded(RETRY_MS))?;
        let fate = Arc::new(OnceLock::new());
        let scheme = if peer.is_secure {
            Scheme::Https
        } else {
            Scheme::Http
        };
        let mut finishing = Finishing::new(request.headers(), &self.stopped);
        let removes = request.method() == Method::DELETE;
        let (sender, response) = oneshot::channel();
        let mut store = self.store(trace).map_err(failed)?;
        let (prepared, timeout, told) = (
            self.prepared.proxy.clone(),
            self.limits.timeout,
            Arc::clone(&fate),
        );
        let task = async move {
            let outcome = tokio::time::timeout(
                timeout,
                call(&prepared, &mut store, request, scheme, sender),
            )
            .await;
            let fate = match outcome {
                Ok(Ok(())) => {
                    finishing.is_finished();
                    Fate::Finished
                }
                Ok(Err(trap)) => {
                    tracing::error!(
                        memory_bytes = store.data().memory.used(),
                        "edge component failed: {trap:?}"
                    );
                    Fate::Failed
                }
                Err(_) => {
                    tracing::error!(
                        timeout_ms = timeout.as_millis() as u64,
                        "request timeout passed"
                    );
                    Fate::TimedOut
                }
            };
            let _once = told.set(fate);
            drop(store);
            drop((permit, place));
            drop(finishing);
        };
        let task = tokio::spawn(task.in_current_span());
        let running = Running::new(task, fate, removes);
        match response.await {
            Ok(Ok(response)) => Ok((response, running)),
            Ok(Err(code)) => {
                tracing::error!("edge component gave up: {code:?}");
                Err(Problem::Internal)
            }
            Err(_) if running.fate() == Some(Fate::TimedOut) => Err(Problem::Timeout),
            Err(_) => Err(Problem::Internal),
        }
    }

    /// Waits until no instance runs.
    pub(super) async fn idle(&self) {
        let all = u32::try_from(self.limits.requests).unwrap_or(u32::MAX);
        let _all_back = self.free.acquire_many(all).await;
    }

    fn store(&self, trace: &Trace) -> wasmtime::Result<Store<Turn>> {
        let Resources {
            stages,
            stores,
            breakers,
            bus,
        } = self.resources.clone();
        let grants = &self.settings.grants;
        Ok(engine::store(
            &self.prepared.engine,
            Turn {
                stages: stages.snapshot(trace),
                all_stages: stages,
                breakers,
                stores,
                bus,
                table: ResourceTable::new(),
                wasi: grants.context("edge", &Sockets::new("edge", &grants.outbound))?,
                http: WasiHttpCtx::new(),
                outgoing: Refused,
                memory: MemoryLimit::new(self.settings.memory),
            },
        ))
    }
}

/// Everything an edge component may import.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<Turn>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    bind::add_to_linker(&mut linker)?;
    Ok(linker)
}

type Sender = oneshot::Sender<Result<http::Response<HyperOutgoingBody>, ErrorCode>>;

async fn call(
    prepared: &ProxyPre<Turn>,
    store: &mut Store<Turn>,
    request: Request<WasiBody>,
    scheme: Scheme,
    sender: Sender,
) -> wasmtime::Result<()> {
    let request = store
        .data_mut()
        .http()
        .new_incoming_request(scheme, request)?;
    let response = store.data_mut().http().new_response_outparam(sender)?;
    let proxy = prepared.instantiate_async(&mut *store).await?;
    proxy
        .wasi_http_incoming_handler()
        .call_handle(&mut *store, request, response)
        .await
}

fn failed(error: wasmtime::Error) -> Problem {
    tracing::error!("edge component cannot start: {error:?}");
    Problem::Internal
}
