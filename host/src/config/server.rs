//! `[server]`: where the host listens, by TLS or not, and what bounds a client.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderValue;
use serde::Deserialize;

use super::{Mistake, Reader};
use crate::edge::{Limits, Pace, TlsSettings};

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    pub(super) listen: String,
    pub(super) watch_listen: Option<String>,
    pub(super) max_connections: usize,
    pub(super) max_connections_per_address: usize,
    pub(super) max_concurrent_requests: u32,
    pub(super) max_requests_per_address: Option<u32>,
    pub(super) header_timeout_ms: u64,
    pub(super) body_timeout_ms: u64,
    pub(super) min_body_bytes_per_s: u64,
    pub(super) write_timeout_ms: u64,
    pub(super) max_header_kib: usize,
    pub(super) max_body_mib: u64,
    pub(super) request_timeout_ms: u64,
    pub(super) shutdown_grace_ms: u64,
    pub(super) sweep_every_s: u64,
    pub(super) tls: Option<Tls>,
}

/// `[server.tls]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    #[serde(default = "days")]
    hsts_days: u32,
}

fn days() -> u32 {
    365
}

impl Default for Section {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8000".into(),
            watch_listen: None,
            max_connections: 512,
            max_connections_per_address: 256,
            max_concurrent_requests: 32,
            max_requests_per_address: None,
            header_timeout_ms: 10_000,
            body_timeout_ms: 10_000,
            min_body_bytes_per_s: 256,
            write_timeout_ms: 30_000,
            max_header_kib: 64,
            max_body_mib: 32,
            request_timeout_ms: 120_000,
            shutdown_grace_ms: 30_000,
            sweep_every_s: 60,
            tls: None,
        }
    }
}

/// Requests that one client may have where the configuration says nothing, however few there may be of all: a browser has six connections.
const BROWSER: u32 = 8;

/// The server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Where those who watch the host find its own routes, if not among all others.
    pub(crate) watch_listen: Option<SocketAddr>,
    pub(crate) max_connections: usize,
    /// 0 for any number.
    pub(crate) max_connections_per_address: usize,
    pub(crate) limits: Limits,
    pub(crate) header_timeout: Duration,
    pub(crate) pace: Pace,
    pub(crate) write_timeout: Duration,
    pub(crate) max_header: usize,
    pub(crate) max_body: u64,
    pub(crate) shutdown_grace: Duration,
    /// How often the gateway is asked to remove what has ended, if at all.
    pub(crate) sweep_every: Option<Duration>,
    pub(crate) tls: Option<TlsSettings>,
}

impl Server {
    /// What is no mistake and will surprise somebody.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        (self.tls.is_some() && self.watch_listen.is_none()).then_some(
            "`colloquy ready` and probes speak no TLS: with [server.tls] they need server.watch_listen",
        )
    }
}

/// Where it listens, and the rest.
pub(super) fn resolve(
    reader: &Reader<'_>,
    section: &Section,
) -> Result<(SocketAddr, Server), Mistake> {
    let address = |key: &str, text: &str| {
        text.parse()
            .map_err(|_| reader.about(key, "is not an address and port such as 127.0.0.1:8000"))
    };
    let listen = address("server.listen", &section.listen)?;
    let watch_listen = section
        .watch_listen
        .as_ref()
        .map(|text| address("server.watch_listen", text))
        .transpose()?;
    for (key, value) in [
        ("server.max_connections", section.max_connections as u64),
        (
            "server.max_concurrent_requests",
            section.max_concurrent_requests.into(),
        ),
        ("server.header_timeout_ms", section.header_timeout_ms),
        ("server.body_timeout_ms", section.body_timeout_ms),
        ("server.write_timeout_ms", section.write_timeout_ms),
        ("server.request_timeout_ms", section.request_timeout_ms),
    ] {
        reader.positive(key, value)?;
    }
    reader.range(
        "server.max_header_kib",
        section.max_header_kib as u64,
        8,
        1024,
    )?;
    reader.range("server.sweep_every_s", section.sweep_every_s, 0, 86_400)?;
    let tls = section.tls.as_ref().map(|tls| TlsSettings {
        certificate: reader.resolve(&tls.certificate),
        key: reader.resolve(&tls.key),
        hsts: (tls.hsts_days > 0)
            .then(|| format!("max-age={}", u64::from(tls.hsts_days) * 86_400))
            .and_then(|value| HeaderValue::try_from(value).ok()),
    });
    let server = Server {
        watch_listen,
        max_connections: section.max_connections,
        max_connections_per_address: section.max_connections_per_address,
        limits: Limits {
            requests: section.max_concurrent_requests as usize,
            per_address: section.max_requests_per_address.unwrap_or_else(|| {
                let quarter = section.max_concurrent_requests / 4;
                quarter.max(BROWSER)
            }) as usize,
            timeout: Duration::from_millis(section.request_timeout_ms),
        },
        header_timeout: Duration::from_millis(section.header_timeout_ms),
        pace: Pace {
            grace: Duration::from_millis(section.body_timeout_ms),
            rate: section.min_body_bytes_per_s,
        },
        write_timeout: Duration::from_millis(section.write_timeout_ms),
        max_header: section.max_header_kib << 10,
        max_body: section.max_body_mib << 20,
        shutdown_grace: Duration::from_millis(section.shutdown_grace_ms),
        sweep_every: (section.sweep_every_s > 0)
            .then(|| Duration::from_secs(section.sweep_every_s)),
        tls,
    };
    Ok((listen, server))
}
