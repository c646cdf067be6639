//! `GET /v1/models` and `/v1/models/{id}`, and which names a request may give as its `model`.
//!
//! A model is a stage that answers: the recogniser, the language model, the voice. Its id is the stage's name. The usual names of
//! OpenAI's models are aliases, because clients have them built in: they mean whatever stage does that work here.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::error::ApiError;
use crate::{app::App, contract::Stage, problem::Problem};

/// What a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Transcription,
    Chat,
    Speech,
}

const USES: [Use; 3] = [Use::Transcription, Use::Chat, Use::Speech];

impl Use {
    /// The stage that does it.
    const fn stage(self) -> &'static str {
        match self {
            Self::Transcription => "asr",
            Self::Chat => "llm",
            Self::Speech => "tts",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Transcription => "/v1/audio/transcriptions",
            Self::Chat => "/v1/chat/completions",
            Self::Speech => "/v1/audio/speech",
        }
    }

    /// The names that OpenAI has for such models.
    const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Transcription => &[
                "whisper-1",
                "gpt-4o-transcribe",
                "gpt-4o-mini-transcribe",
                "gpt-transcribe",
            ],
            Self::Chat => &[
                "gpt-3.5-turbo",
                "gpt-4",
                "gpt-4-turbo",
                "gpt-4o",
                "gpt-4o-mini",
                "gpt-4o-audio-preview",
                "gpt-4o-mini-audio-preview",
                "gpt-4.1",
                "gpt-4.1-mini",
                "gpt-4.1-nano",
                "gpt-5",
                "gpt-5-mini",
                "gpt-5-nano",
                "gpt-audio",
                "gpt-audio-mini",
            ],
            Self::Speech => &["tts-1", "tts-1-hd", "gpt-4o-mini-tts"],
        }
    }

    /// Whether a request may give that name, or none.
    pub(super) fn check(self, app: &App, model: Option<&str>) -> Result<(), ApiError> {
        let Some(model) = model.filter(|name| !name.is_empty()) else {
            return Err(ApiError::invalid("model", "`model` is missing"));
        };
        if self.aliases().contains(&model)
            || self
                .stages(app)?
                .iter()
                .any(|stage| stage.name == model || stage.model.as_deref() == Some(model))
        {
            return Ok(());
        }
        Err(unknown(
            model,
            &format!("/v1/models lists those that there are, for {}", self.path()),
        ))
    }

    fn stages(self, app: &App) -> Result<Vec<Stage>, Problem> {
        let half = match self {
            Self::Transcription => app.ports.listen_stages(),
            Self::Chat | Self::Speech => app.ports.respond_stages(),
        };
        let mut stages = half.map_err(|error| Problem::of_stage(error, None, None))?;
        stages.retain(|stage| stage.stage == self.stage());
        Ok(stages)
    }
}

/// A model.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "asr-whisper", "object": "model", "created": 0, "owned_by": "colloquy",
    "stage": "asr", "route": "/v1/audio/transcriptions", "version": "0.1.0", "model": "whisper-tiny.en",
    "languages": ["en"], "aliases": ["whisper-1"],
}))]
pub(in crate::routes) struct Model {
    /// What a request gives as `model`.
    id: String,
    /// Always `model`.
    object: &'static str,
    /// Always 0: a stage does not tell when it was made.
    created: u64,
    /// Always `colloquy`.
    owned_by: &'static str,
    /// The stage: `asr`, `llm` or `tts`.
    stage: String,
    /// The route that it answers on.
    route: &'static str,
    /// The stage's version.
    version: String,
    /// The weights or the model of a server that the stage uses, if it tells.
    model: Option<String>,
    /// BCP 47 tags; empty when the stage names none.
    languages: Vec<String>,
    /// Names of OpenAI's that mean this model here.
    aliases: &'static [&'static str],
}

/// All models.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct Models {
    /// Always `list`.
    object: &'static str,
    data: Vec<Model>,
}

/// The models that there are.
pub(super) async fn list(State(app): State<App>) -> Result<Response, ApiError> {
    let models = Models {
        object: "list",
        data: models(&app)?,
    };
    Ok(crate::routes::json(StatusCode::OK, &json!(models)))
}

/// One of them, by its id, an alias, or what it uses.
pub(super) async fn show(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Ok(Path(id)) = id else {
        return Err(unknown(
            "that name",
            "/v1/models lists those that there are",
        ));
    };
    let found = models(&app)?.into_iter().find(|model| {
        model.id == id
            || model.model.as_deref() == Some(&id)
            || model.aliases.contains(&id.as_str())
    });
    match found {
        Some(model) => Ok(crate::routes::json(
            StatusCode::OK,
            &json!(Model { id, ..model }),
        )),
        None => Err(unknown(&id, "/v1/models lists those that there are")),
    }
}

fn models(app: &App) -> Result<Vec<Model>, Problem> {
    let mut models = Vec::new();
    for usage in USES {
        models.extend(usage.stages(app)?.into_iter().map(|stage| Model {
            id: stage.name,
            object: "model",
            created: 0,
            owned_by: "colloquy",
            stage: stage.stage,
            route: usage.path(),
            version: stage.version,
            model: stage.model,
            languages: stage.languages,
            aliases: usage.aliases(),
        }));
    }
    Ok(models)
}

fn unknown(model: &str, advice: &str) -> ApiError {
    let shown: String = model.chars().take(64).collect();
    ApiError::model_not_found(format!("there is no model `{shown}`: {advice}"))
}
