//! `colloquy:host/status`: what this host tells of itself to the edge component, which tells whoever operates it.

use std::time::Duration;

use crate::bindings::colloquy::host::status;
use crate::edge::Turn;
use crate::store::Error;

/// How long a store may take to say that it is there.
const PROBE: Duration = Duration::from_secs(2);

impl status::Host for Turn {
    async fn stages(&mut self) -> wasmtime::Result<Vec<status::Stage>> {
        Ok(self.all_stages.report().into_iter().map(stage).collect())
    }

    async fn stores(&mut self) -> wasmtime::Result<Vec<status::Store>> {
        let mut all = Vec::with_capacity(self.stores.len());
        for (name, store) in &*self.stores {
            // Asked, because one that nobody used since it went away looks well. The text of a failure is for the log.
            let failure = match tokio::time::timeout(PROBE, store.probe()).await {
                Ok(Ok(())) => None,
                Ok(Err(Error::Unavailable(_))) => Some("it is unavailable"),
                Ok(Err(_)) => Some("it failed"),
                Err(_) => Some("it does not answer in time"),
            };
            let usage = store.usage();
            all.push(status::Store {
                name: name.clone(),
                backend: store.backend().to_owned(),
                failure: failure.map(str::to_owned),
                n_bytes: Some(usage.bytes),
                n_keys: Some(usage.keys),
                max_bytes: Some(store.max_bytes()),
            });
        }
        Ok(all)
    }

    async fn upstreams(&mut self) -> wasmtime::Result<Vec<status::Upstream>> {
        let all = self.breakers.read().await;
        let known = all.into_iter().filter_map(|(origin, breaker)| {
            Some(status::Upstream {
                origin: origin.to_owned(),
                breaker: breaker?.name().to_owned(),
            })
        });
        Ok(known.collect())
    }
}

fn stage(report: super::Report) -> status::Stage {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let super::Report {
        stage,
        section,
        status,
        description,
        digest,
    } = report;
    let (name, version, model) = match description {
        Some(it) => (Some(it.name), Some(it.version), it.model),
        None => (None, None, None),
    };
    status::Stage {
        stage: stage.to_owned(),
        section,
        name,
        version,
        model,
        digest: digest.unwrap_or_default(),
        is_ready: status.ready > 0,
        reason: status.failure,
        n_instances: count(status.instances),
        n_loaded: count(status.ready),
        n_busy: count(status.in_use),
        n_waiting: count(status.waiting),
        max_waiting: count(status.queue),
    }
}
