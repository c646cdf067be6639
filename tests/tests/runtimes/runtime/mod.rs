//! The runtimes of the matrix, one file each: how it is started on a free port, and what it is known not to do.

mod composed;
mod jco;
mod late;
mod spin;
mod wasmtime;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use colloquy_tests::host::Host;
use colloquy_tests::process::Server;
use tempfile::TempDir;
use toml::Table;

/// A host of the components.
pub(crate) struct Runtime {
    /// The first part of the names of its tests.
    pub(crate) name: &'static str,
    /// Why it is not to be had on this machine, if so. What the package registries have is never missing.
    pub(crate) missing: fn() -> Option<String>,
    pub(crate) start: fn() -> Result<Running>,
    /// Cases that it cannot pass, each with the reason.
    pub(crate) ignore: &'static [(&'static str, &'static str)],
}

/// A started one. Dropping it ends its processes.
pub(crate) struct Running {
    /// Such as `http://127.0.0.1:40123`.
    pub(crate) url: String,
    process: Box<dyn Process>,
}

impl Running {
    fn new(url: String, process: impl Process + 'static) -> Self {
        Self {
            url,
            process: Box::new(process),
        }
    }

    /// The last lines that it printed, for whoever has to find out what went wrong.
    pub(crate) fn last_words(&self) -> String {
        let printed = self.process.printed();
        let lines: Vec<&str> = printed.lines().collect();
        let from = lines.len().saturating_sub(LAST_LINES);
        lines[from..].join("\n")
    }
}

/// Lines shown of what a runtime printed before a case failed.
const LAST_LINES: usize = 20;

/// What is ended by dropping it.
trait Process: Send {
    /// What it has printed so far.
    fn printed(&self) -> String;
}

impl Process for Host {
    fn printed(&self) -> String {
        self.log().unwrap_or_default()
    }
}

/// With the folder of its state.
impl Process for (Server, TempDir) {
    fn printed(&self) -> String {
        self.0.printed()
    }
}

/// All of them. The first one makes the golden answers.
pub(crate) const ALL: [Runtime; 5] = [
    late::RUNTIME,
    composed::RUNTIME,
    wasmtime::RUNTIME,
    jco::RUNTIME,
    spin::RUNTIME,
];

fn never_missing() -> Option<String> {
    None
}

/// What `colloquy.toml` grants to edge and stages, for hosts that run them as one component.
struct Grants {
    /// Guest path to folder.
    mounts: BTreeMap<String, PathBuf>,
    environment: BTreeMap<String, String>,
}

impl Grants {
    fn read() -> Result<Self> {
        let root = colloquy_tests::root().canonicalize()?;
        let text = std::fs::read_to_string(root.join("colloquy.toml")).context("colloquy.toml")?;
        let config: Table = text.parse()?;
        let stages = config.get("stage").and_then(toml::Value::as_table);
        let sections = stages
            .into_iter()
            .flat_map(Table::values)
            .chain(config.get("edge"));
        let mut grants = Self {
            mounts: BTreeMap::new(),
            environment: BTreeMap::new(),
        };
        for section in sections {
            for (inside, folder) in strings(section, "mounts") {
                grants.mounts.insert(inside, root.join(folder));
            }
            grants.environment.extend(strings(section, "environment"));
        }
        Ok(grants)
    }
}

/// The pairs of a table of strings.
fn strings(section: &toml::Value, name: &str) -> Vec<(String, String)> {
    let table = section.get(name).and_then(toml::Value::as_table);
    table
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// A component that `cargo xtask build` made.
fn component(name: &str) -> Result<PathBuf> {
    let path = colloquy_tests::root()
        .canonicalize()?
        .join("dist")
        .join(name);
    path.metadata()
        .with_context(|| format!("{}; run `cargo xtask build`", path.display()))?;
    Ok(path)
}
