//! `GET /health/detailed`: every stage, store and server that is asked, for whoever operates this.
//!
//! What the host tells of itself is told on; that a turn can be served is judged by asking, the pipeline for its stages and the gateway's
//! own stores for a key that is not there, because not every host tells anything.

use std::collections::BTreeSet;

use axum::{extract::State, response::Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::json as document;
use crate::{
    app::App,
    contract::{Stage, host},
    ports::StoreError,
    problem::Problem,
};

/// What the gateway looks for in its stores; no session and no audio is called like this.
const NO_KEY: &str = "health";

/// How much works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = HealthStatus)]
enum Status {
    /// All of it.
    Ok,
    /// Turns are served, with something lesser or without something.
    Degraded,
    /// No turn can be served.
    Unavailable,
}

/// Everything that is known of how this works.
#[derive(Serialize, ToSchema)]
pub(super) struct DetailedHealth {
    status: Status,
    version: &'static str,
    /// Why it is not `ok`.
    reasons: Vec<String>,
    stages: Vec<StageHealth>,
    stores: Vec<StoreHealth>,
    upstreams: Vec<UpstreamHealth>,
}

/// One implementation of a stage.
#[derive(Serialize, ToSchema)]
struct StageHealth {
    stage: String,
    /// Of the host's configuration; null where the host tells nothing.
    section: Option<String>,
    name: Option<String>,
    version: Option<String>,
    model: Option<String>,
    /// SHA-256 of the component.
    digest: Option<String>,
    ready: bool,
    /// Why it is not ready, or not completely.
    reason: Option<String>,
    pool: Option<PoolHealth>,
}

/// The instances of a stage.
#[derive(Serialize, ToSchema)]
struct PoolHealth {
    instances: u32,
    loaded: u32,
    busy: u32,
    waiting: u32,
    max_waiting: u32,
}

/// A key-value store.
#[derive(Serialize, ToSchema)]
struct StoreHealth {
    name: String,
    /// Empty where the host tells of none.
    backend: String,
    reachable: bool,
    reason: Option<String>,
    bytes: Option<u64>,
    keys: Option<u64>,
    max_bytes: Option<u64>,
}

/// A server that stages ask.
#[derive(Serialize, ToSchema)]
struct UpstreamHealth {
    origin: String,
    /// Its circuit breaker: `closed`, `open` or `half-open`.
    breaker: String,
}

/// 200 when a turn can be served, 503 otherwise, and in both cases everything that is known.
pub(super) async fn detailed(State(app): State<App>) -> Response {
    let mut found = Findings {
        status: Status::Ok,
        reasons: Vec::new(),
    };
    let (stages, stores) = (stages(&app, &mut found), stores(&app, &mut found));
    let upstreams = app.ports.host_upstreams().into_iter();
    let upstreams: Vec<_> = upstreams
        .map(|it| UpstreamHealth {
            origin: it.origin,
            breaker: it.breaker,
        })
        .collect();
    for it in upstreams.iter().filter(|it| it.breaker != "closed") {
        let why = format!("the circuit breaker of {} is {}", it.origin, it.breaker);
        found.note(Status::Degraded, why);
    }
    let code = match found.status {
        Status::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Status::Ok | Status::Degraded => StatusCode::OK,
    };
    let body = DetailedHealth {
        status: found.status,
        version: env!("CARGO_PKG_VERSION"),
        reasons: found.reasons,
        stages,
        stores,
        upstreams,
    };
    // Strings and numbers can always be written.
    document(code, &serde_json::to_value(body).unwrap_or_default())
}

/// What has been found so far.
struct Findings {
    status: Status,
    reasons: Vec<String>,
}

impl Findings {
    fn note(&mut self, status: Status, why: String) {
        self.status = self.status.max(status);
        self.reasons.push(why);
    }
}

/// Those of the host with their pools, and those that only the pipeline knows of.
fn stages(app: &App, found: &mut Findings) -> Vec<StageHealth> {
    let told = app.ports.host_stages();
    let known: BTreeSet<_> = told.iter().map(|it| it.stage.clone()).collect();
    let mut described = Vec::new();
    for half in [app.ports.listen_stages(), app.ports.respond_stages()] {
        match half {
            Ok(stages) => described.extend(stages),
            // That one section of a stage is not ready does no harm as long as another one answers; this is what no other one makes up for.
            Err(error) => {
                let why = Problem::of_stage(error, None, None).detail;
                found.note(Status::Unavailable, why);
            }
        }
    }
    for stage in told.iter().filter(|it| !it.is_ready) {
        found.note(Status::Degraded, format!("{} is not ready", stage.section));
    }
    let inside = described.into_iter();
    let inside = inside
        .filter(|it| !known.contains(&it.stage))
        .map(inside_of);
    told.into_iter().map(outside).chain(inside).collect()
}

/// A stage of the host.
fn outside(stage: host::Stage) -> StageHealth {
    StageHealth {
        stage: stage.stage,
        section: Some(stage.section),
        name: stage.name,
        version: stage.version,
        model: stage.model,
        digest: Some(stage.digest),
        ready: stage.is_ready,
        reason: stage.reason,
        pool: Some(PoolHealth {
            instances: stage.n_instances,
            loaded: stage.n_loaded,
            busy: stage.n_busy,
            waiting: stage.n_waiting,
            max_waiting: stage.max_waiting,
        }),
    }
}

/// A stage that the host does not tell of. It has described itself, so it is ready.
fn inside_of(stage: Stage) -> StageHealth {
    StageHealth {
        stage: stage.stage,
        section: None,
        name: Some(stage.name),
        version: Some(stage.version),
        model: stage.model,
        digest: None,
        ready: true,
        reason: None,
        pool: None,
    }
}

/// Those of the host, and the gateway's own, which it looks into.
fn stores(app: &App, found: &mut Findings) -> Vec<StoreHealth> {
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
            found.note(worst, format!("the store {} cannot be used", store.name));
        }
    }
    told.into_iter()
        .map(|store| StoreHealth {
            name: store.name,
            backend: store.backend.unwrap_or_default(),
            reachable: store.failure.is_none(),
            reason: store.failure,
            bytes: store.n_bytes,
            keys: store.n_keys,
            max_bytes: store.max_bytes,
        })
        .collect()
}

fn looked_into(app: &App, name: &str) -> Result<(), StoreError> {
    app.ports.bucket(name)?.get(NO_KEY).map(|_| ())
}
