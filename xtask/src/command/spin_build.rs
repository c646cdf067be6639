//! `spin-build`: brings about what a Spin manifest names, for `spin build`.
//!
//! It also looks at what the stages import. Spin denies a dependency what it does not inherit by putting a denier in the place of the
//! interfaces that it knows; an interface that the denier does not have goes straight to the host, whatever the manifest says. So a
//! stage with such an import is refused here.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use toml::Value;
use wac_graph::CompositionGraph;
use wac_graph::types::Package;

use super::{CONFIG, preinit};
use crate::{paths, ui};

/// The manifest that `spin up` takes when it is not told another.
pub(crate) const MANIFEST: &str = "spin.toml";

/// What gives a dependency the application's key-value stores.
const STORES: &str = "key_value_stores";

/// Works on buckets, which only `store` opens, so Spin has no denier for it. It does not compose a stage that has this and a denier in the
/// place of the store.
const ATOMICS: &str = "wasi:keyvalue/atomics@0.2.0-draft2";

/// Interfaces beside those of WASI 0.2 that the denier has, or that are worth nothing without one that it has.
const DENIED_BY_NAME: [&str; 5] = [
    "wasi:config/store@0.2.0-draft-2024-09-27",
    ATOMICS,
    "wasi:keyvalue/store@0.2.0-draft2",
    "fermyon:spin/variables@2.0.0",
    "spin:variables/variables@3.0.0",
];

/// What is read of a manifest.
#[derive(Deserialize)]
struct Manifest {
    component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
struct Component {
    source: String,
    #[serde(default)]
    dependencies: BTreeMap<String, Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    path: String,
    inherit_configuration: Option<Value>,
}

impl Dependency {
    /// Whether the application's stores are its own: all of the configuration is, or this part.
    fn has_stores(&self) -> bool {
        match &self.inherit_configuration {
            Some(Value::Boolean(all)) => *all,
            Some(Value::Array(parts)) => parts.contains(&STORES.into()),
            _ => false,
        }
    }
}

/// Models, components with and without them, and compositions; then a look at the stages.
pub(crate) fn run(manifest: &Path) -> Result<()> {
    let text = std::fs::read_to_string(paths::root().join(manifest));
    let text = text.with_context(|| manifest.display().to_string())?;
    let read: Manifest = toml::from_str(&text).with_context(|| manifest.display().to_string())?;
    // What goes into a component with its model inside is what our own host mounts for it.
    preinit::prepare(Path::new(CONFIG))?;
    for component in read.component.values() {
        let source = paths::root().join(&component.source);
        ensure!(source.is_file(), "{} was not built", component.source);
        for dependency in component.dependencies.values() {
            check(dependency)?;
        }
    }
    let option = if manifest == Path::new(MANIFEST) {
        String::new()
    } else {
        format!(" -f {}", manifest.display())
    };
    ui::step("Ready", format!("spin up{option}"));
    Ok(())
}

/// Refuses a stage that Spin could not deny what it imports, or could not compose.
fn check(dependency: &Dependency) -> Result<()> {
    let path = &dependency.path;
    let mut graph = CompositionGraph::new();
    let file = paths::root().join(path);
    let stage = Package::from_file("colloquy:stage", None, &file, graph.types_mut());
    let stage = stage.with_context(|| format!("{path} cannot be read; was it built?"))?;
    let world = &graph.types()[stage.ty()];
    if let Some(name) = world.imports.keys().find(|name| !can_be_denied(name)) {
        bail!(
            "{path} imports {name}, which Spin would not deny it, whatever the manifest says; a stage may import WASI 0.2 \
             (releases, not drafts), wasi:keyvalue and wasi:config/store"
        );
    }
    ensure!(
        dependency.has_stores() || !world.imports.contains_key(ATOMICS),
        "{path} imports {ATOMICS}; give it inherit_configuration = [\"{STORES}\"], Spin does not compose it without"
    );
    Ok(())
}

/// Whether Spin's denier stands in for this import, or the import gives nothing away.
fn can_be_denied(import: &str) -> bool {
    let Some((interface, version)) = import.split_once('@') else {
        return false;
    };
    let package = interface.split_once('/').map(|(package, _)| package);
    let is_release = version.strip_prefix("0.2.").is_some_and(|patch| {
        !patch.is_empty() && patch.chars().all(|digit| digit.is_ascii_digit())
    });
    let of_wasi = matches!(
        package,
        Some(
            "wasi:io"
                | "wasi:clocks"
                | "wasi:random"
                | "wasi:cli"
                | "wasi:filesystem"
                | "wasi:sockets"
                | "wasi:http"
        )
    );
    (of_wasi && is_release) || DENIED_BY_NAME.contains(&import)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spin_cannot_deny_is_refused() {
        for name in [
            "wasi:io/poll@0.2.6",
            "wasi:cli/environment@0.2.6",
            "wasi:http/outgoing-handler@0.2.12",
            "wasi:keyvalue/store@0.2.0-draft2",
            "wasi:keyvalue/atomics@0.2.0-draft2",
        ] {
            assert!(can_be_denied(name), "{name}");
        }
        for name in [
            "wasi:cli/environment@0.2.0-rc-2023-11-10",
            "wasi:filesystem/preopens@0.3.0",
            "wasi:keyvalue/batch@0.2.0-draft2",
            "wasi:otel/tracing@0.2.0",
            "fermyon:spin/sqlite",
            "spin:sqlite/sqlite@3.1.0",
            "something",
            "wasi:cli/environment@0.2.",
        ] {
            assert!(!can_be_denied(name), "{name}");
        }
    }

    #[test]
    fn who_has_the_stores() {
        for (text, expected) in [
            ("", false),
            ("inherit_configuration = true", true),
            ("inherit_configuration = false", false),
            ("inherit_configuration = ['files']", false),
            (
                "inherit_configuration = ['files', 'key_value_stores']",
                true,
            ),
        ] {
            let dependency: Dependency = toml::from_str(&format!("path = 'a'\n{text}")).unwrap();
            assert_eq!(dependency.has_stores(), expected, "{text}");
        }
    }

    #[test]
    fn the_manifest_of_the_checkout_is_read() {
        let text = std::fs::read_to_string(paths::root().join(MANIFEST)).unwrap();
        let manifest: Manifest = toml::from_str(&text).unwrap();
        let stages: Vec<_> = manifest.component["colloquy"].dependencies.keys().collect();
        assert_eq!(
            stages,
            [
                "colloquy:asr",
                "colloquy:content",
                "colloquy:ingest",
                "colloquy:intent",
                "colloquy:llm",
                "colloquy:tts",
                "colloquy:vad"
            ]
        );
    }
}
