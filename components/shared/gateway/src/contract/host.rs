//! Interface `colloquy:host/status`.

/// One implementation of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    pub stage: String,
    pub section: String,
    pub name: Option<String>,
    pub version: Option<String>,
    pub model: Option<String>,
    pub digest: String,
    pub is_ready: bool,
    pub reason: Option<String>,
    pub n_instances: u32,
    pub n_loaded: u32,
    pub n_busy: u32,
    pub n_waiting: u32,
    pub max_waiting: u32,
}

/// A key-value store; one that only the gateway knows of has no backend.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Store {
    pub name: String,
    pub backend: Option<String>,
    pub failure: Option<String>,
    pub n_bytes: Option<u64>,
    pub n_keys: Option<u64>,
    pub max_bytes: Option<u64>,
}

/// A server that stages ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    pub origin: String,
    pub breaker: String,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    pub stages: Vec<Stage>,
    pub stores: Vec<Store>,
    pub upstreams: Vec<Upstream>,
}
