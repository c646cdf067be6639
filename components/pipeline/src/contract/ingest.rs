//! Package `colloquy:ingest`.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub max_bytes: u64,
    pub min_duration_ms: u32,
    pub max_duration_ms: u32,
    pub min_sample_rate_hz: u32,
    pub max_sample_rate_hz: u32,
    pub max_channels: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    pub container: String,
    pub codec: String,
    pub sample_rate_hz: u32,
    pub n_channels: u16,
}

/// Why a recording was rejected; `listen.rejection` is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    TooShort,
    TooLong,
    TooLarge,
    UnsupportedFormat,
    Malformed,
}
