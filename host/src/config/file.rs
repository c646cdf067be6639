//! The file as it is written: names, types and defaults, nothing resolved.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) server: super::server::Section,
    pub(super) engine: Engine,
    pub(super) log: Log,
    pub(super) edge: Edge,
    pub(super) stage: BTreeMap<String, Stage>,
    pub(super) chain: Chain,
    pub(super) keyvalue: BTreeMap<String, KeyValue>,
    pub(super) events: Events,
    pub(super) telemetry: super::telemetry::Telemetry,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Engine {
    pub(super) cache_dir: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    pub(super) level: String,
    pub(super) format: Format,
    pub(super) transcripts: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".into(),
            format: Format::Text,
            transcripts: false,
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Edge {
    pub(super) component: PathBuf,
    pub(super) memory_mib: usize,
    pub(super) mounts: BTreeMap<String, PathBuf>,
    pub(super) environment: BTreeMap<String, String>,
}

impl Default for Edge {
    fn default() -> Self {
        Self {
            component: "dist/edge-host.wasm".into(),
            memory_mib: 256,
            mounts: BTreeMap::new(),
            environment: BTreeMap::new(),
        }
    }
}

/// Which sections stand for a stage, and what is different for a strategy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Chain {
    pub(super) asr: Option<Vec<String>>,
    pub(super) llm: Option<Vec<String>>,
    pub(super) tts: Option<Vec<String>>,
    pub(super) fast: Order,
    pub(super) high: Order,
}

/// What one strategy asks instead. The contract of tts knows no strategy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Order {
    pub(super) asr: Option<Vec<String>>,
    pub(super) llm: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stage {
    pub(super) component: PathBuf,
    #[serde(default = "one")]
    pub(super) instances: usize,
    #[serde(default = "queue")]
    pub(super) queue: usize,
    #[serde(default = "queue_timeout_ms")]
    pub(super) queue_timeout_ms: u64,
    #[serde(default = "deadline_ms")]
    pub(super) deadline_ms: u64,
    #[serde(default = "load_timeout_ms")]
    pub(super) load_timeout_ms: u64,
    #[serde(default = "memory_mib")]
    pub(super) memory_mib: usize,
    #[serde(default)]
    pub(super) mounts: BTreeMap<String, PathBuf>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) outbound: Vec<String>,
    #[serde(default)]
    pub(super) credentials: BTreeMap<String, Credential>,
    #[serde(default)]
    pub(super) keyvalue: Vec<String>,
}

/// Who is told of events beside the metrics.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Events {
    pub(super) nats: Option<Nats>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nats {
    pub(super) url: String,
    #[serde(default = "subject")]
    pub(super) subject: String,
    pub(super) credentials: Option<Credential>,
}

fn subject() -> String {
    "colloquy.events".into()
}

/// Where the key for a destination comes from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credential {
    pub(super) env: String,
}

fn one() -> usize {
    1
}

fn queue() -> usize {
    8
}

fn queue_timeout_ms() -> u64 {
    5_000
}

fn deadline_ms() -> u64 {
    20_000
}

fn load_timeout_ms() -> u64 {
    120_000
}

fn memory_mib() -> usize {
    256
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyValue {
    pub(super) backend: Backend,
    pub(super) path: Option<PathBuf>,
    pub(super) max_mib: u64,
    pub(super) max_age_minutes: Option<u64>,
    pub(super) url: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) credentials: Option<Credential>,
    pub(super) timeout_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Backend {
    Memory,
    Sqlite,
    Redis,
    Object,
}

impl Backend {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Redis => "redis",
            Self::Object => "object",
        }
    }
}
