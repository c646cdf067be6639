//! What a component may use when the command line does not say: what `colloquy.toml` grants to the file that its section names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use toml::Table;

use super::Stage;
use super::rig::{Settings, default_cache};

/// Memory of a component that no section names.
const MEMORY_MIB: usize = 512;
/// A call of the slowest stage takes seconds; a machine may be slow and busy.
const DEADLINE: Duration = Duration::from_secs(60);

/// The settings for a file: those of the stage's section in the configuration when it names this very file, nothing otherwise.
pub fn settings(stage: Stage, file: &Path, config: &Path) -> Result<Settings> {
    let component = file
        .canonicalize()
        .with_context(|| file.display().to_string())?;
    let mut settings = Settings {
        component,
        mounts: BTreeMap::new(),
        environment: BTreeMap::new(),
        memory: MEMORY_MIB << 20,
        deadline: DEADLINE,
        recordings: std::env::var_os("COLLOQUY_TEST_DATA")
            .map(PathBuf::from)
            .filter(|folder| folder.is_dir()),
        cache: default_cache(),
    };
    if !config.is_file() {
        return Ok(settings);
    }
    let text = std::fs::read_to_string(config).with_context(|| config.display().to_string())?;
    let table: Table = text.parse().with_context(|| config.display().to_string())?;
    let folder = config.canonicalize()?;
    let folder = folder.parent().context("a file has a folder")?;
    let section = table
        .get("stage")
        .and_then(|stages| stages.get(stage.name()));
    let Some(section) = section.filter(|section| names(section, folder, &settings.component))
    else {
        return Ok(settings);
    };
    let texts = |key: &str| -> Vec<(String, String)> {
        let table = section.get(key).and_then(toml::Value::as_table);
        let text = |(name, value): (&String, &toml::Value)| {
            Some((name.clone(), value.as_str()?.to_owned()))
        };
        table.into_iter().flatten().filter_map(text).collect()
    };
    let mounts = texts("mounts").into_iter();
    settings.mounts = mounts
        .map(|(inside, path)| (inside, folder.join(path)))
        .collect();
    settings.environment = texts("environment").into_iter().collect();
    if let Some(mib) = section.get("memory_mib").and_then(toml::Value::as_integer) {
        settings.memory = usize::try_from(mib).context("memory_mib")? << 20;
    }
    Ok(settings)
}

fn names(section: &toml::Value, folder: &Path, component: &Path) -> bool {
    let named = section.get("component").and_then(toml::Value::as_str);
    named
        .and_then(|path| folder.join(path).canonicalize().ok())
        .as_deref()
        == Some(component)
}
