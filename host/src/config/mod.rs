//! The configuration: read from one TOML file, checked as a whole, resolved to absolute paths and plain numbers.
//!
//! An unknown key is a mistake. Paths are relative to the file. Whether files exist is not asked here: a stage that cannot load is a
//! state of a running host, not a mistake in its configuration (`colloquy check` tells both).

mod events;
mod file;
mod keyvalue;
mod log;
mod mistake;
mod server;
mod stage;
mod telemetry;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use file::Format;
pub use mistake::Mistake;
pub(crate) use server::Server;

use crate::engine;
use crate::events::nats;
use crate::stage::{Chain, Grants, Settings};
use crate::store::{Backend, Bounds};

/// What a host is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens; port 0 means any free one.
    pub listen: SocketAddr,
    /// Lowest level logged, or a filter such as `info,guest=debug`.
    pub log_level: String,
    /// How log lines are written.
    pub log_format: Format,
    pub(crate) server: Server,
    pub(crate) engine: engine::Settings,
    pub(crate) edge: Edge,
    pub(crate) stages: Stages,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) nats: Option<nats::Settings>,
    pub(crate) otlp: Option<crate::telemetry::Settings>,
}

/// The edge component.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub(crate) component: PathBuf,
    pub(crate) memory: usize,
    pub(crate) grants: Grants,
}

/// The stages, by name: who stands for each, if anybody does. Which of them there must be is the edge component's to say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stages {
    pub(crate) ingest: Chain<Settings>,
    pub(crate) vad: Chain<Settings>,
    pub(crate) asr: Chain<Settings>,
    pub(crate) intent: Chain<Settings>,
    pub(crate) llm: Chain<Settings>,
    pub(crate) tts: Chain<Settings>,
}

impl Stages {
    /// All of them, each with the name of its section.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Settings)> {
        let Self {
            ingest,
            vad,
            asr,
            intent,
            llm,
            tts,
        } = self;
        let chains = [ingest, vad, asr, intent, llm, tts];
        chains.into_iter().flat_map(Chain::members)
    }
}

/// A key-value bucket.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) backend: Backend,
    pub(crate) bounds: Bounds,
}

impl Config {
    /// Where its readiness can be asked for without TLS: at `server.watch_listen`, else where it listens.
    #[must_use]
    pub fn watched_at(&self) -> SocketAddr {
        self.server.watch_listen.unwrap_or(self.listen)
    }

    /// The keys that are sent to servers for the stages, which nobody is to read in a log.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let stages = self.stages.all();
        stages.flat_map(|(_, stage)| stage.grants.outbound.keys())
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// The first mistake found, with its line.
    pub fn read(path: &Path) -> Result<Self, Mistake> {
        let unreadable = |error: std::io::Error| Mistake {
            file: path.to_owned(),
            line: None,
            what: match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "there is no such file; `--config FILE` names another one".to_owned()
                }
                _ => error.to_string(),
            },
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let path = std::path::absolute(path).map_err(unreadable)?;
        Self::parse(&path, &text)
    }

    /// Reads a configuration from its text; `path` says where it would be.
    ///
    /// # Errors
    /// The first mistake found, with its line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Mistake> {
        let file: file::File =
            toml::from_str(text).map_err(|error| Mistake::from_toml(path, text, &error))?;
        let reader = Reader { path, text };
        let server = &file.server;
        let (listen, settings) = server::resolve(&reader, server)?;
        log::check(&reader, &file.log.level)?;
        reader.range("edge.memory_mib", file.edge.memory_mib as u64, 1, 4096)?;
        let edge_memory = file.edge.memory_mib << 20;
        let stages = stage::resolve(&reader, file.stage, &file.chain)?;
        stage::check_buckets(&reader, &stages, &file.keyvalue)?;
        Ok(Self {
            listen,
            log_level: file.log.level.clone(),
            log_format: file.log.format,
            engine: engine::Settings {
                cache_dir: file
                    .engine
                    .cache_dir
                    .as_ref()
                    .map(|dir| reader.resolve(dir))
                    .or_else(default_cache_dir),
                edge_instances: server.max_concurrent_requests,
                edge_memory,
            },
            server: settings,
            edge: Edge {
                component: reader.resolve(&file.edge.component),
                memory: edge_memory,
                grants: Grants {
                    mounts: reader.mounts("edge.mounts", &file.edge.mounts)?,
                    environment: edge_environment(&file.edge, &file.log),
                    ..Grants::default()
                },
            },
            stages,
            buckets: file
                .keyvalue
                .iter()
                .map(|(name, bucket)| keyvalue::resolve(&reader, name, bucket))
                .collect::<Result<_, _>>()?,
            nats: events::resolve(&reader, &file.events)?,
            otlp: telemetry::resolve(&reader, &file.telemetry)?,
        })
    }
}

/// What the gateway reads: what is written there, the headers in which we tell it who has connected and what it is to do by itself, and
/// whether it may log what is said.
fn edge_environment(edge: &file::Edge, log: &file::Log) -> BTreeMap<String, String> {
    let mut environment = edge.environment.clone();
    if log.transcripts {
        environment.insert("LOG_TRANSCRIPTS".to_owned(), "true".to_owned());
    }
    environment
        .entry(crate::edge::PEER_VARIABLE.to_owned())
        .or_insert_with(|| crate::edge::X_PEER.to_string());
    // No other one: it is this one that is taken from clients.
    environment.insert(
        crate::edge::TASK_VARIABLE.to_owned(),
        crate::edge::X_TASK.to_string(),
    );
    environment
}

/// The file being read, for messages and relative paths.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn about(&self, key: &str, what: &str) -> Mistake {
        Mistake::about(self.path, self.text, key, what)
    }

    fn resolve(&self, path: &Path) -> PathBuf {
        self.path
            .parent()
            .map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }

    fn positive(&self, key: &str, value: u64) -> Result<(), Mistake> {
        if value == 0 {
            Err(self.about(key, "must not be 0"))
        } else {
            Ok(())
        }
    }

    fn range(&self, key: &str, value: u64, least: u64, most: u64) -> Result<(), Mistake> {
        if (least..=most).contains(&value) {
            Ok(())
        } else {
            Err(self.about(key, &format!("must be {least} to {most}")))
        }
    }

    fn mounts(
        &self,
        key: &str,
        mounts: &BTreeMap<String, PathBuf>,
    ) -> Result<BTreeMap<String, PathBuf>, Mistake> {
        if let Some(inside) = mounts.keys().find(|inside| !inside.starts_with('/')) {
            return Err(self.about(
                key,
                &format!(
                    "maps absolute guest paths to folders, and `{inside}` does not begin with /"
                ),
            ));
        }
        Ok(mounts
            .iter()
            .map(|(inside, folder)| (inside.clone(), self.resolve(folder)))
            .collect())
    }

    /// What an environment variable holds that has to be there.
    fn secret(&self, key: &str, from: &file::Credential) -> Result<String, Mistake> {
        let value = std::env::var(&from.env).unwrap_or_default();
        if value.trim().is_empty() {
            let what = format!(
                "names the environment variable {}, which is not set",
                from.env
            );
            return Err(self.about(key, &what));
        }
        Ok(value.trim().to_owned())
    }
}

/// Where compiled code is kept when nothing else is said: with everything else that Colloquy caches.
fn default_cache_dir() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/colloquy"));
    let base = std::env::var_os("COLLOQUY_CACHE")
        .map(PathBuf::from)
        .or_else(home)?;
    std::path::absolute(base.join("compiled")).ok()
}

#[cfg(test)]
mod tests;
