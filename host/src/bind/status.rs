//! `colloquy:host/status`: what this host tells of itself to the edge component, which tells whoever operates it.

use crate::bindings::colloquy::host::status;
use crate::edge::Turn;

impl status::Host for Turn {
    async fn stages(&mut self) -> wasmtime::Result<Vec<status::Stage>> {
        Ok(self.all_stages.report().into_iter().map(stage).collect())
    }

    async fn stores(&mut self) -> wasmtime::Result<Vec<status::Store>> {
        let stores = self.stores.iter().map(|(name, store)| {
            let usage = store.usage();
            status::Store {
                name: name.clone(),
                backend: store.backend().to_owned(),
                failure: store.failure(),
                n_bytes: Some(usage.bytes),
                n_keys: Some(usage.keys),
                max_bytes: Some(store.max_bytes()),
            }
        });
        Ok(stores.collect())
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
