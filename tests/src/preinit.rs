//! The components of `cargo xtask build --preinit`, and the same ones as they are without.

use std::path::PathBuf;

use anyhow::{Context, Result};
use toml::Table;

use crate::alone::Alone;
use crate::host::{stage, table};
use crate::{recordings, root};

/// Stages that read files when they start.
pub const STAGES: [&str; 5] = ["vad", "asr", "intent", "llm", "tts"];

/// Makes a configuration run the pre-initialised components: with nothing mounted, so that they cannot read a model even if they would.
pub fn configure(config: &mut Table) -> Result<()> {
    for name in STAGES {
        let stage = stage(config, name)?;
        let component = component(stage)?;
        let file = component.file_name().context("a file")?;
        let image = root().canonicalize()?.join("dist/preinit").join(file);
        stage.insert("component".into(), image.display().to_string().into());
        stage.remove("mounts");
        stage.remove("environment");
    }
    Ok(())
}

/// A stage of the repository's configuration, twice.
pub struct Pair {
    /// As it is built; reads its files when it is first called.
    pub plain: Alone,
    /// What it has to see for that: path in the guest, folder here.
    pub mounts: Vec<(String, String)>,
    /// With the files inside; needs to see nothing.
    pub preinit: Alone,
}

impl Pair {
    /// Compiles both.
    pub fn open(name: &str) -> Result<Self> {
        let root = root().canonicalize()?;
        let text = std::fs::read_to_string(root.join("colloquy.toml"))?;
        let mut config: Table = text.parse()?;
        let stage = stage(&mut config, name)?;
        let path = root.join(component(stage)?);
        let file = path.file_name().context("a file")?;
        let cache = recordings::cache()?.join("compiled-alone");
        let mounts = table(stage, "mounts")?.iter().map(|(inside, folder)| {
            let folder = root.join(folder.as_str().unwrap_or_default());
            (inside.clone(), folder.display().to_string())
        });
        let mounts = mounts.collect();
        Ok(Self {
            preinit: Alone::open(&root.join("dist/preinit").join(file), &cache)?,
            plain: Alone::open(&path, &cache)?,
            mounts,
        })
    }
}

fn component(stage: &Table) -> Result<PathBuf> {
    let path = stage.get("component").and_then(toml::Value::as_str);
    Ok(path.context("component")?.into())
}
