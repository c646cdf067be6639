//! `GET /health/detailed`: every stage, store and server that is asked, for whoever operates this.
//!
//! What the host tells of itself is told on; that a turn can be served is judged by asking, the pipeline for its stages and the gateway's
//! own stores for a key that is not there, because not every host tells anything.

use std::collections::BTreeSet;

use axum::{extract::State, response::Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::{App, json as document};
use crate::{
    contract::{Stage, host},
    ports::StoreError,
    problem::Problem,
};

/// What the gateway looks for in its stores; no session and no audio is called like this.
const NO_KEY: &str = "health";

/// How much works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    /// All of it.
    Ok,
    /// Turns are served, with something lesser or without something.
    Degraded,
    /// No turn can be served.
    Unavailable,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Unavailable => "unavailable",
        }
    }
}

/// 200 when a turn can be served, 503 otherwise, and in both cases everything that is known.
pub(super) async fn detailed(State(app): State<App>) -> Response {
    let mut status = Status::Ok;
    let mut reasons = Vec::new();
    let stages = stages(&app, &mut status, &mut reasons);
    let stores = stores(&app, &mut status, &mut reasons);
    let upstreams: Vec<_> = app.ports.host_upstreams();
    for upstream in upstreams.iter().filter(|it| it.breaker != "closed") {
        status = status.max(Status::Degraded);
        reasons.push(format!(
            "the circuit breaker of {} is {}",
            upstream.origin, upstream.breaker
        ));
    }
    let upstreams: Vec<_> = upstreams
        .into_iter()
        .map(|it| json!({ "origin": it.origin, "breaker": it.breaker }))
        .collect();
    let body = json!({
        "status": status.name(),
        "version": env!("CARGO_PKG_VERSION"),
        "reasons": reasons,
        "stages": stages,
        "stores": stores,
        "upstreams": upstreams,
    });
    let code = if status == Status::Unavailable {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    document(code, &body)
}

/// Those of the host with their pools, and those that only the pipeline knows of.
fn stages(app: &App, status: &mut Status, reasons: &mut Vec<String>) -> Vec<Value> {
    let told = app.ports.host_stages();
    let known: BTreeSet<_> = told.iter().map(|it| it.stage.as_str()).collect();
    let mut described = Vec::new();
    for half in [app.ports.listen_stages(), app.ports.respond_stages()] {
        match half {
            Ok(stages) => described.extend(stages),
            // That one section of a stage is not ready does no harm as long as another one answers; this is what no other one makes up for.
            Err(error) => {
                *status = Status::Unavailable;
                reasons.push(Problem::of_stage(error, None, None).detail);
            }
        }
    }
    for stage in told.iter().filter(|it| !it.is_ready) {
        *status = (*status).max(Status::Degraded);
        reasons.push(format!("{} is not ready", stage.section));
    }
    let inside = described
        .iter()
        .filter(|it| !known.contains(it.stage.as_str()))
        .map(inside);
    told.iter().map(outside).chain(inside).collect()
}

/// A stage of the host.
fn outside(stage: &host::Stage) -> Value {
    json!({
        "stage": stage.stage,
        "section": stage.section,
        "name": stage.name,
        "version": stage.version,
        "model": stage.model,
        "digest": stage.digest,
        "ready": stage.is_ready,
        "reason": stage.reason,
        "pool": {
            "instances": stage.n_instances,
            "loaded": stage.n_loaded,
            "busy": stage.n_busy,
            "waiting": stage.n_waiting,
            "max_waiting": stage.max_waiting,
        },
    })
}

/// A stage that the host does not tell of. It has described itself, so it is ready.
fn inside(stage: &Stage) -> Value {
    json!({
        "stage": stage.stage,
        "section": null,
        "name": stage.name,
        "version": stage.version,
        "model": stage.model,
        "digest": null,
        "ready": true,
        "reason": null,
        "pool": null,
    })
}

/// Those of the host, and the gateway's own, which it looks into.
fn stores(app: &App, status: &mut Status, reasons: &mut Vec<String>) -> Vec<Value> {
    let mut told = app.ports.host_stores();
    let own = BTreeSet::from([&app.config.kv_sessions, &app.config.kv_audio]);
    for name in &own {
        if !told.iter().any(|it| it.name == **name) {
            told.push(host::Store {
                name: (*name).clone(),
                ..host::Store::default()
            });
        }
    }
    for store in &mut told {
        let is_own = own.contains(&store.name);
        if is_own && let Err(StoreError(why)) = looked_into(app, &store.name) {
            store.failure.get_or_insert(why);
        }
        if store.failure.is_some() {
            let worst = if is_own {
                Status::Unavailable
            } else {
                Status::Degraded
            };
            *status = (*status).max(worst);
            reasons.push(format!("the store {} cannot be used", store.name));
        }
    }
    told.iter().map(store).collect()
}

fn looked_into(app: &App, name: &str) -> Result<(), StoreError> {
    app.ports.bucket(name)?.get(NO_KEY).map(|_| ())
}

fn store(store: &host::Store) -> Value {
    json!({
        "name": store.name,
        "backend": store.backend,
        "reachable": store.failure.is_none(),
        "reason": store.failure,
        "bytes": store.n_bytes,
        "keys": store.n_keys,
        "max_bytes": store.max_bytes,
    })
}
