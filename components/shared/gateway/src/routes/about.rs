//! `GET /` and `GET /health`: what this is, and whether it works.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::{App, accepts, console, json as document};
use crate::{
    contract::{Error, Stage},
    problem::Problem,
};

/// The console for browsers, name, version and stages as JSON for everyone else.
pub(super) async fn front(State(app): State<App>, headers: HeaderMap) -> Response {
    let vary = [(header::VARY, "accept")];
    if accepts(&headers, "text/html") {
        return (vary, console::page()).into_response();
    }
    if app.caller.is_stranger {
        let body = json!({ "name": "colloquy" });
        return (vary, document(StatusCode::OK, &body)).into_response();
    }
    // Not being ready is told by `/health`; here it only shortens the list.
    let stages = stages(&app).unwrap_or_default();
    let body = json!({
        "name": "colloquy",
        "version": env!("CARGO_PKG_VERSION"),
        "stages": stages,
    });
    (vary, document(StatusCode::OK, &body)).into_response()
}

/// 200 when a turn can be served.
pub(super) async fn health(State(app): State<App>) -> Result<Response, Problem> {
    let stages = stages(&app).map_err(|error| Problem::of_stage(error, None, None))?;
    // What runs here concerns only who has a key, where keys are in use.
    let body = if app.caller.is_stranger {
        json!({ "status": "ok" })
    } else {
        json!({ "status": "ok", "stages": stages })
    };
    Ok(document(StatusCode::OK, &body))
}

fn stages(app: &App) -> Result<Vec<Value>, Error> {
    let (heard, answered) = (app.ports.listen_stages()?, app.ports.respond_stages()?);
    Ok(heard.iter().chain(&answered).map(stage).collect())
}

fn stage(stage: &Stage) -> Value {
    json!({
        "stage": stage.stage,
        "name": stage.name,
        "version": stage.version,
        "model": stage.model,
        "languages": stage.languages,
    })
}
