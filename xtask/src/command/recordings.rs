//! `recordings`: real speech and other sounds for the tests, as `tests/recordings.toml` names them, into the cache.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use crate::manifest::{Manifest, Set};
use crate::{archive, digest, download, paths, ui};

const STAMP: &str = ".stamp";

/// Extracts every set that is not there as the manifest has it now; optional ones only when they are in `with`.
pub(crate) fn run(with: &[&str]) -> Result<()> {
    let manifest = Manifest::read(&paths::root().join("tests/recordings.toml"))?;
    let folder = paths::recordings()?;
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for (name, set) in &manifest.set {
        if !set.optional || with.contains(&name.as_str()) {
            make(&manifest, set, &folder, name).with_context(|| format!("recordings {name}"))?;
        }
    }
    Ok(())
}

fn make(manifest: &Manifest, set: &Set, parent: &Path, name: &str) -> Result<()> {
    let packages = manifest.packages_of(set);
    let description = serde_json::to_vec(set)?;
    let hashes = packages
        .iter()
        .map(|(_, package)| package.sha256.as_bytes());
    let key = digest::parts(std::iter::once(description.as_slice()).chain(hashes));
    let folder = parent.join(name);
    if std::fs::read_to_string(folder.join(STAMP)).is_ok_and(|found| found == key) {
        return Ok(());
    }
    let mut archives = BTreeMap::new();
    for (package, wanted) in packages {
        archives.insert(package.to_owned(), download::verified(package, wanted)?);
    }
    let scratch = tempfile::tempdir_in(parent)?;
    let made = scratch.path().join("made");
    archive::extract(set, &made, &|package| {
        archives
            .get(package)
            .cloned()
            .context("a package that was not fetched")
    })?;
    std::fs::write(made.join(STAMP), key)?;
    if folder.exists() {
        std::fs::rename(&folder, scratch.path().join("old"))?;
    }
    std::fs::rename(&made, &folder).with_context(|| folder.display().to_string())?;
    ui::step("Extracted", format!("recordings/{name}: {}", set.about));
    Ok(())
}
