//! `GET /` and `GET /health`: what this is, and whether it works.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{accepts, console, json as document};
use crate::{
    app::App,
    contract::{Error, Stage},
    problem::Problem,
};

const NAME: &str = "colloquy";

/// The console for browsers, name, version and stages as JSON for everyone else.
pub(super) async fn front(State(app): State<App>, headers: HeaderMap) -> Response {
    let vary = [(header::VARY, "accept")];
    if accepts(&headers, "text/html") {
        return (vary, console::page()).into_response();
    }
    let about = if app.caller.is_stranger {
        About {
            name: NAME,
            version: None,
            stages: None,
        }
    } else {
        About {
            name: NAME,
            version: Some(env!("CARGO_PKG_VERSION")),
            // Not being ready is told by `/health`; here it only shortens the list.
            stages: Some(stages(&app).unwrap_or_default()),
        }
    };
    (vary, document(StatusCode::OK, &json!(about))).into_response()
}

/// 200 when a turn can be served.
pub(super) async fn health(State(app): State<App>) -> Result<Response, Problem> {
    let stages = stages(&app).map_err(|error| Problem::of_stage(error, None, None))?;
    let health = Health {
        status: "ok",
        // What runs here concerns only who has a key, where keys are in use.
        stages: (!app.caller.is_stranger).then_some(stages),
    };
    Ok(document(StatusCode::OK, &json!(health)))
}

fn stages(app: &App) -> Result<Vec<StageInfo>, Error> {
    let (heard, answered) = (app.ports.listen_stages()?, app.ports.respond_stages()?);
    Ok(heard
        .into_iter()
        .chain(answered)
        .map(StageInfo::from)
        .collect())
}

/// Name, version and stages.
#[derive(Serialize, ToSchema)]
pub(super) struct About {
    name: &'static str,
    /// Absent where a key would be needed and none was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    version: Option<&'static str>,
    /// Empty when a stage is not ready; absent like the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stages: Option<Vec<StageInfo>>,
}

/// That a turn can be served.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`: anything else is a problem.
    status: &'static str,
    /// Absent where a key would be needed and none was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stages: Option<Vec<StageInfo>>,
}

/// A stage as it describes itself.
#[derive(Serialize, ToSchema)]
struct StageInfo {
    /// `ingest`, `vad`, `asr`, `intent`, `llm` or `tts`.
    stage: String,
    #[schema(example = "asr-whisper")]
    name: String,
    version: String,
    /// The weights, or the model of a server, that it uses.
    model: Option<String>,
    /// BCP 47 tags; empty when it names none.
    languages: Vec<String>,
}

impl From<Stage> for StageInfo {
    fn from(stage: Stage) -> Self {
        Self {
            stage: stage.stage,
            name: stage.name,
            version: stage.version,
            model: stage.model,
            languages: stage.languages,
        }
    }
}
