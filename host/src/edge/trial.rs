//! Whether the edge component can use its settings, which only it knows: tried before anybody asks.
//!
//! It has no stage then, and its buckets are in memory and thrown away, so that nothing is waited for and nothing changes. What it answers
//! decides; that it does not answer is for its requests to show.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::component::{Component, Prepared, Resources};
use super::upkeep::{self, Failure};
use crate::bind::Stages;
use crate::breakers::Breakers;
use crate::config::{self, Config};
use crate::engine::Compiler;
use crate::events::Bus;
use crate::metrics::Metrics;
use crate::outbound::Client;
use crate::stage::Reach;
use crate::store::{Backend, Bounds, Store, Stores};

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of a bucket that nothing is kept in.
const BUCKET: u64 = 1 << 20;

/// Has the component sweep, which is to say do nothing.
///
/// # Errors
/// When it answers that it cannot, in its words.
pub(crate) async fn try_out(
    prepared: &Prepared,
    compiler: &Compiler,
    config: &Config,
) -> Result<(), String> {
    let metrics = Metrics::new();
    let mut stores = Stores::new();
    for bucket in &config.buckets {
        let bounds = Bounds {
            max_bytes: BUCKET,
            max_age: None,
        };
        let store = Store::open(&Backend::Memory, bounds).map_err(|error| error.to_string())?;
        stores.insert(bucket.name.clone(), Arc::new(store));
    }
    let stores = Arc::new(stores);
    let bus = Bus::new(&metrics);
    let reach = Reach {
        client: Client::default(),
        stores: Arc::clone(&stores),
        bus: bus.clone(),
    };
    let none = config::Stages::default();
    let stages = Stages::start(compiler, &none, &Handle::current(), &metrics, &reach)
        .map_err(|error| error.to_string())?;
    let resources = Resources {
        stages: Arc::new(stages),
        breakers: Arc::new(Breakers::new(&stores, &none)),
        stores,
        bus,
    };
    let (stopped, _) = mpsc::channel(1);
    let limits = config.server.limits;
    let component = Component::new(
        prepared.clone(),
        config.edge.clone(),
        resources,
        limits,
        stopped,
    );
    match tokio::time::timeout(PATIENCE, upkeep::sweep(&component, &metrics)).await {
        Ok(Err(refused @ Failure::Refused(..))) if refused.is_of_the_server() => {
            Err(refused.to_string())
        }
        Ok(Err(Failure::NoAnswer(problem))) => {
            tracing::warn!("the edge component did not answer its trial: {problem}");
            Ok(())
        }
        Err(_) => {
            tracing::warn!("the edge component did not answer its trial in time");
            Ok(())
        }
        // One that is not ours may know of no such task.
        Ok(Ok(_) | Err(Failure::Refused(..))) => Ok(()),
    }
}
