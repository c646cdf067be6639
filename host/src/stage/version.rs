//! One loaded version of a stage: the component, what it may use, and the pool of its instances.
//!
//! The component is compiled once, by whichever worker comes first; every worker instantiates it and has it describe itself before it
//! joins, so that no turn pays for a model.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use wasmtime::component::{InstancePre, ResourceTable};
use wasmtime_wasi_http::WasiHttpCtx;

use super::artifact::{Artifact, Exports};
use super::fault::Fault;
use super::grants::Grants;
use super::instance::{Guest, Instance};
use super::pool::{Pool, Rules, Status};
use super::reach::Reach;
use super::voice::Voice;
use super::{Description, Lease, Stage};
use crate::engine::{self, Compiler, MemoryLimit};
use crate::events::Bus;
use crate::metrics::Metrics;
use crate::outbound::{Client, Outbound, Sockets};

/// Bounds of one stage.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Instances kept.
    pub(crate) instances: usize,
    /// Callers that may wait for one.
    pub(crate) queue: usize,
    /// How long they may wait.
    pub(crate) queue_timeout: Duration,
    /// How long one call may take.
    pub(crate) deadline: Duration,
    /// How long an instance may take to load its model.
    pub(crate) load_timeout: Duration,
    /// Linear memory of one instance in bytes.
    pub(crate) memory: usize,
}

/// What a version is made from.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The component's file.
    pub(crate) component: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) grants: Grants,
}

/// A component and its instances.
pub(crate) struct Version<S: Stage> {
    pool: Pool<Instance<S>>,
    loaded: Arc<Loaded>,
    section: Arc<str>,
    metrics: Metrics,
}

/// What the workers of one version share.
#[derive(Default)]
struct Loaded {
    prepared: Mutex<Option<InstancePre<Guest>>>,
    description: OnceLock<Description>,
    digest: OnceLock<String>,
}

impl<S: Stage> Version<S> {
    /// Starts the workers; `section` names the configuration's. Returns at once; loading goes on in the background and its failures show in [`Version::status`].
    pub(crate) fn start(
        compiler: &Compiler,
        section: &str,
        settings: Settings,
        runtime: Handle,
        metrics: Metrics,
        reach: Reach,
    ) -> std::io::Result<Self> {
        let section: Arc<str> = section.into();
        let limits = &settings.limits;
        let rules = Rules {
            name: S::NAME,
            instances: limits.instances,
            queue: limits.queue,
            queue_timeout: limits.queue_timeout,
        };
        let loaded = Arc::new(Loaded::default());
        let loader = Loader {
            compiler: compiler.clone(),
            voice: Voice::new(S::NAME, settings.grants.outbound.clone(), reach.bus.clone()),
            section: Arc::clone(&section),
            settings,
            runtime,
            metrics: metrics.clone(),
            reach,
            loaded: loaded.clone(),
        };
        metrics.section(S::NAME, &section);
        let (counter, of) = (metrics.clone(), Arc::clone(&section));
        let pool = Pool::start(
            rules,
            move || loader.load::<S>(),
            move |why| counter.retired(S::NAME, &of, why.label()),
        )?;
        Ok(Self {
            pool,
            loaded,
            section,
            metrics,
        })
    }

    /// An instance for the caller alone.
    pub(crate) async fn lease(&self) -> Result<Lease<S>, Fault> {
        let since = Instant::now();
        let lease = self.pool.lease().await;
        self.metrics.queued(S::NAME, &self.section, since.elapsed());
        if let Err(fault) = &lease {
            self.metrics.refused(S::NAME, &self.section, fault.label());
        }
        lease
    }

    /// What the component says about itself, once an instance is ready.
    pub(crate) fn describe(&self) -> Result<Description, Fault> {
        match (self.pool.status().ready, self.loaded.description.get()) {
            (1.., Some(description)) => Ok(description.clone()),
            _ => Err(Fault::Unavailable(format!(
                "the {} stage is not ready",
                S::NAME
            ))),
        }
    }

    /// What it said about itself when it was ready for the first time, and the digest of its file once that was read.
    pub(crate) fn identity(&self) -> (Option<Description>, Option<String>) {
        (
            self.loaded.description.get().cloned(),
            self.loaded.digest.get().cloned(),
        )
    }

    /// The pool at this moment.
    pub(crate) fn status(&self) -> Status {
        self.pool.status()
    }
}

/// A stage that was looked at without a pool.
pub(crate) struct Examined {
    pub(crate) artifact: Artifact,
    /// What it says about itself, when it was loaded.
    pub(crate) description: Option<Description>,
    /// Linear memory in use after that, in bytes.
    pub(crate) memory: usize,
    /// Instances that configuration asks for.
    pub(crate) instances: usize,
}

/// Compiles and links a stage, and has it load and describe itself if `load`. The error is for the operator.
pub(crate) fn examine<S: Stage>(
    compiler: &Compiler,
    settings: &Settings,
    runtime: &Handle,
    metrics: &Metrics,
    load: bool,
) -> Result<Examined, String> {
    let told = |error: wasmtime::Error| format!("{error:#}");
    // Nobody listens, and the buckets stay closed: loading and describing needs neither.
    let reach = Reach {
        client: Client::default(),
        stores: Arc::default(),
        bus: Bus::new(metrics),
    };
    let loader = Loader {
        compiler: compiler.clone(),
        voice: Voice::new(S::NAME, settings.grants.outbound.clone(), reach.bus.clone()),
        section: S::NAME.into(),
        settings: settings.clone(),
        runtime: runtime.clone(),
        metrics: metrics.clone(),
        reach,
        loaded: Arc::default(),
    };
    let artifact = Artifact::read(&settings.component).map_err(told)?;
    let mut instance = loader
        .instantiate::<S>(&artifact.prepare(compiler).map_err(told)?)
        .map_err(told)?;
    let description = if load {
        Some(S::describe(&mut instance)?)
    } else {
        None
    };
    let memory = instance.store.data().memory.used();
    Ok(Examined {
        artifact,
        description,
        memory,
        instances: settings.limits.instances,
    })
}

/// Makes instances of one version.
struct Loader {
    compiler: Compiler,
    section: Arc<str>,
    settings: Settings,
    runtime: Handle,
    metrics: Metrics,
    reach: Reach,
    voice: Voice,
    loaded: Arc<Loaded>,
}

impl Loader {
    /// A warm instance; the error is for the operator.
    fn load<S: Stage>(&self) -> Result<Instance<S>, String> {
        let started = Instant::now();
        let prepared = self
            .prepare(S::NAME)
            .map_err(|error| format!("{error:#}"))?;
        let mut instance = self
            .instantiate::<S>(&prepared)
            .map_err(|error| format!("{error:#}"))?;
        let description = S::describe(&mut instance)?;
        instance.deadline = self.settings.limits.deadline;
        tracing::info!(
            stage = S::NAME,
            name = description.name,
            version = description.version,
            model = description.model,
            memory_mib = instance.store.data().memory.used() >> 20,
            ms = started.elapsed().as_millis() as u64,
            "instance ready"
        );
        let _first = self.loaded.description.set(description);
        Ok(instance)
    }

    fn prepare(&self, stage: &'static str) -> wasmtime::Result<InstancePre<Guest>> {
        let mut prepared = self
            .loaded
            .prepared
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = &*prepared {
            return Ok(ready.clone());
        }
        let (artifact, started) = (Artifact::read(&self.settings.component)?, Instant::now());
        let _first = self.loaded.digest.set(artifact.digest.clone());
        tracing::info!(
            stage,
            mib = artifact.len() >> 20,
            "compiling, unless it is cached"
        );
        let ready = artifact.prepare(&self.compiler)?;
        tracing::info!(stage, ms = started.elapsed().as_millis() as u64, "compiled");
        *prepared = Some(ready.clone());
        Ok(ready)
    }

    fn instantiate<S: Stage>(
        &self,
        prepared: &InstancePre<Guest>,
    ) -> wasmtime::Result<Instance<S>> {
        let (limits, grants) = (&self.settings.limits, &self.settings.grants);
        let sockets = Sockets::new(S::NAME, &grants.outbound);
        let guest = Guest {
            wasi: grants.context(S::NAME, &sockets)?,
            http: WasiHttpCtx::new(),
            outbound: Outbound::new(S::NAME, grants.outbound.clone(), self.reach.client.clone()),
            tls: sockets.secure(self.reach.client.clone()),
            sockets,
            stores: Arc::clone(&self.reach.stores),
            buckets: Arc::clone(&grants.buckets),
            voice: self.voice.clone(),
            table: ResourceTable::new(),
            memory: MemoryLimit::new(limits.memory),
        };
        let mut store = engine::store(&self.compiler, guest);
        let start = async {
            tokio::time::timeout(limits.load_timeout, prepared.instantiate_async(&mut store)).await
        };
        let instance = self
            .runtime
            .block_on(start)
            .map_err(|_| wasmtime::format_err!("it did not start in time"))??;
        let mut exports = Exports {
            component: prepared.component(),
            instance: &instance,
            store: &mut store,
        };
        let functions = S::link(&mut exports)?;
        Ok(Instance {
            store,
            functions,
            runtime: self.runtime.clone(),
            deadline: limits.load_timeout,
            section: Arc::clone(&self.section),
            metrics: self.metrics.clone(),
            work: None,
            open: None,
            broken: None,
        })
    }
}
