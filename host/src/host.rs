//! The host put together: engines, stages, stores, the edge component and the server, in the order in which they need each other.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::bind::{Plan, Stages};
use crate::breakers::Breakers;
use crate::config::Config;
use crate::edge::{self, Cleanup, Component, Handler, Prepared, Resources, Server, Tls, TlsError};
use crate::engine::Engines;
use crate::events::{self, Bus, nats};
use crate::metrics::Metrics;
use crate::outbound::Client;
use crate::stage::{Artifact, Reach};
use crate::store::{Store, Stores};
use crate::telemetry::Telemetry;

/// How long a NATS server may take for the last events.
const LAST_EVENTS: Duration = Duration::from_secs(2);

/// Why a host does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// wasmtime cannot be set up.
    #[error("cannot set up wasmtime: {0:#}")]
    Engine(wasmtime::Error),
    /// A key-value bucket cannot be opened.
    #[error("cannot open the bucket `{0}`: {1}")]
    Bucket(String, String),
    /// The edge component cannot be loaded.
    #[error("cannot load the edge component: {0:#}")]
    Edge(wasmtime::Error),
    /// The edge component cannot work as it is configured.
    #[error("{0}")]
    Trial(String),
    /// The edge component leaves a stage to us that is not configured.
    #[error("the section [stage.{0}] is missing, and {1} leaves this stage to the host")]
    Stage(&'static str, String),
    /// Traces cannot be sent.
    #[error("cannot send traces: {0}")]
    Traces(String),
    /// There is no certificate that can be used.
    #[error("no TLS: {0}")]
    Tls(#[from] TlsError),
    /// Threads cannot be started.
    #[error("cannot start: {0}")]
    Threads(#[from] std::io::Error),
}

/// A host that listens. Stages go on loading in the background.
pub struct Host {
    server: Server,
    bus: Bus,
    /// Sends events to a NATS server.
    nats: Option<JoinHandle<()>>,
    telemetry: Telemetry,
}

impl Host {
    /// Binds the address, starts the stages, and loads the edge component.
    ///
    /// # Errors
    /// When the host could never answer. A stage that cannot load is not an error: it is `unavailable` and tried again.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let bound = TcpListener::bind(config.listen).await;
        let listener = bound.map_err(|error| StartError::Listen(config.listen, error))?;
        let watchers = match config.server.watch_listen {
            None => None,
            Some(address) => {
                let bound = TcpListener::bind(address).await;
                Some(bound.map_err(|error| StartError::Listen(address, error))?)
            }
        };
        if let Some(warning) = config.server.warning() {
            tracing::warn!("{warning}");
        }
        let tls = config.server.tls.clone().map(Tls::new).transpose()?;
        let metrics = Metrics::new();
        let (artifact, plan) = plan(config)?;
        let engines = Engines::new(&config.engine, plan.edge).map_err(StartError::Engine)?;
        // The edge first: it is small, and behind the stages' models and code it would wait for minutes on a first start.
        let prepared = load_edge(&engines, artifact).await?;
        let tried = edge::try_out(&prepared, &engines.stages, config).await;
        tried.map_err(StartError::Trial)?;
        let stores = Arc::new(open_stores(config, &metrics)?);
        let bus = Bus::new(&metrics);
        tokio::spawn(events::count(bus.subscribe("metrics"), metrics.clone()));
        let nats = config.nats.clone().map(|settings| {
            let events = bus.subscribe("nats");
            tokio::spawn(nats::forward(events, settings))
        });
        let client = Client::default();
        let telemetry = match &config.otlp {
            None => Telemetry::default(),
            Some(settings) => {
                Telemetry::start(settings, client.clone(), &Handle::current(), &metrics)
                    .map_err(StartError::Traces)?
            }
        };
        let reach = Reach {
            client,
            stores: Arc::clone(&stores),
            bus: bus.clone(),
        };
        let stages = Arc::new(Stages::start(
            &engines.stages,
            &plan.stages,
            &Handle::current(),
            &metrics,
            &reach,
        )?);
        let breakers = Arc::new(Breakers::new(&stores, &plan.stages));
        let resources = Resources {
            stages: Arc::clone(&stages),
            stores: Arc::clone(&stores),
            breakers: Arc::clone(&breakers),
            bus: bus.clone(),
        };
        let limits = config.server.limits;
        let sweep_every = config.server.sweep_every;
        let (cleanup, stopped) = Cleanup::new(bus.subscribe("cleanup"), sweep_every);
        let component = Component::new(prepared, config.edge.clone(), resources, limits, stopped);
        let handler = Handler {
            component,
            stages,
            breakers,
            stores,
            metrics,
            telemetry: telemetry.clone(),
            folders: folders(config),
            max_body: config.server.max_body,
            pace: config.server.pace,
            is_watched_elsewhere: watchers.is_some(),
            closing: AtomicBool::new(false),
        };
        let settings = config.server.clone();
        let server = Server::new(listener, handler, settings, tls, watchers, cleanup);
        Ok(Self {
            server,
            bus,
            nats,
            telemetry,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.server.address()
    }

    /// `https` with a certificate, `http` without.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.server.scheme()
    }

    /// Serves until `shutdown` is done and what runs has finished or used up its time.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        self.server.run(shutdown).await;
        self.bus.close();
        if let Some(mut nats) = self.nats
            && tokio::time::timeout(LAST_EVENTS, &mut nats).await.is_err()
        {
            nats.abort();
        }
        self.telemetry.close().await;
    }
}

/// Reads the edge component, and which stages it leaves to us.
fn plan(config: &Config) -> Result<(Artifact, Plan), StartError> {
    let artifact = Artifact::read(&config.edge.component).map_err(StartError::Edge)?;
    let plan = Plan::new(
        &artifact.imports().map_err(StartError::Edge)?,
        &config.stages,
    );
    if let Some(stage) = plan.missing.first() {
        return Err(StartError::Stage(
            stage,
            artifact.path.display().to_string(),
        ));
    }
    for stage in &plan.unused {
        tracing::warn!(stage, "not started: the edge component does not import it");
    }
    Ok((artifact, plan))
}

/// Compiling takes a moment, so it is done off the threads that serve.
async fn load_edge(engines: &Engines, artifact: Artifact) -> Result<Prepared, StartError> {
    let engine = engines.edge.clone();
    let loaded = tokio::task::spawn_blocking(move || Prepared::load(&engine, &artifact)).await;
    loaded
        .map_err(std::io::Error::other)?
        .map_err(StartError::Edge)
}

/// Folders that data is kept in, for whoever watches the disks.
fn folders(config: &Config) -> Arc<[PathBuf]> {
    let buckets = config.buckets.iter();
    let buckets = buckets.filter_map(|bucket| bucket.backend.folder().map(Path::to_owned));
    let all: BTreeSet<_> = buckets.chain(config.engine.cache_dir.clone()).collect();
    all.into_iter().collect()
}

fn open_stores(config: &Config, metrics: &Metrics) -> Result<Stores, StartError> {
    let mut stores = Stores::new();
    for bucket in &config.buckets {
        let opened = Store::open(&bucket.backend, bucket.bounds.clone());
        let store =
            opened.map_err(|error| StartError::Bucket(bucket.name.clone(), error.to_string()))?;
        let store = store.watched(&bucket.name, metrics);
        stores.insert(bucket.name.clone(), Arc::new(store));
    }
    Ok(stores)
}
