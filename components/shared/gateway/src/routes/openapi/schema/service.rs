//! What the service tells of itself.
#![allow(
    dead_code,
    reason = "read by the derive only, for the document that a test makes"
)]

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// Name, version and stages.
#[derive(ToSchema)]
pub(in crate::routes::openapi) struct About {
    name: String,
    /// Absent where a key would be needed and none was sent.
    #[schema(nullable = false)]
    version: Option<String>,
    /// Empty when a stage is not ready; absent like the version.
    #[schema(nullable = false)]
    stages: Option<Vec<StageInfo>>,
}

/// That a turn can be served.
#[derive(ToSchema)]
pub(in crate::routes::openapi) struct Health {
    /// Always `ok`: anything else is a problem.
    status: String,
    /// Absent where a key would be needed and none was sent.
    #[schema(nullable = false)]
    stages: Option<Vec<StageInfo>>,
}

/// A stage as it describes itself.
#[derive(ToSchema)]
pub(in crate::routes::openapi) struct StageInfo {
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

/// That the process lives.
#[derive(ToSchema)]
pub(in crate::routes::openapi) struct Liveness {
    /// Always true.
    live: bool,
}

/// Whether the process takes requests.
#[derive(ToSchema)]
pub(in crate::routes::openapi) struct Readiness {
    ready: bool,
    /// Whether it is about to end.
    closing: bool,
    /// What is not there yet, and why.
    #[schema(value_type = BTreeMap<String, String>)]
    waiting_for: BTreeMap<String, String>,
}
