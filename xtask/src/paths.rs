//! Where everything lies: the checkout, what is built in it, and the cache outside it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    // xtask is a direct child of the root, so there is a parent.
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// Built artifacts: `components/*.wasm`, `edge.wasm`, the host.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// Converted models, one folder each.
pub(crate) fn models() -> PathBuf {
    root().join("models")
}

/// Downloads, virtual environments and recordings: `$COLLOQUY_CACHE`, else `colloquy` in the user's cache folder.
pub(crate) fn cache() -> Result<PathBuf> {
    if let Some(folder) = set("COLLOQUY_CACHE") {
        return Ok(std::path::absolute(folder)?);
    }
    if let Some(folder) = set("XDG_CACHE_HOME") {
        return Ok(folder.join("colloquy"));
    }
    let home = set("HOME")
        .or_else(|| set("USERPROFILE"))
        .context("set COLLOQUY_CACHE: there is no home folder to keep downloads in")?;
    Ok(home.join(".cache/colloquy"))
}

/// Recordings for the tests, one folder for each package.
pub(crate) fn recordings() -> Result<PathBuf> {
    Ok(cache()?.join("recordings"))
}

/// A file name with the suffix of programs on this system.
pub(crate) fn program(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

fn set(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
