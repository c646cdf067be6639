//! `models`: fetches the packages that `models/models.toml` names, converts what the components read, and remembers having done so.
//!
//! A model is up to date when its stamp names everything it was made from and its files are there; then nothing is fetched, and not
//! even Python is looked for. A model folder appears complete or not at all.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::manifest::{Manifest, Set};
use crate::{archive, digest, download, paths, python, run, ui};

const STAMP: &str = ".stamp";

/// What a folder was made from and what was made.
#[derive(Deserialize, Serialize)]
struct Stamp {
    key: String,
    /// Bytes of each file.
    files: BTreeMap<String, u64>,
}

/// Makes every model that is not optional, that is asked for, or that was asked for once.
pub(crate) fn run(with: &[String]) -> Result<()> {
    let manifest = manifest()?;
    for name in with {
        let known = || manifest.set.keys().cloned().collect::<Vec<_>>().join(", ");
        ensure!(
            manifest.set.contains_key(name),
            "there is no model `{name}`, only {}",
            known()
        );
    }
    for (name, set) in &manifest.set {
        let folder = paths::models().join(name);
        if !set.optional || with.contains(name) || folder.join(STAMP).exists() {
            make(&manifest, name, set, &folder).with_context(|| format!("model {name}"))?;
        }
    }
    Ok(())
}

/// One line for each model.
pub(crate) fn list() -> Result<()> {
    let manifest = manifest()?;
    for (name, set) in &manifest.set {
        let packages = manifest.packages_of(set);
        let size = ui::megabytes(packages.iter().map(|(_, package)| package.size).sum());
        let mut licences: Vec<_> = packages
            .iter()
            .map(|(_, package)| package.licence.as_str())
            .collect();
        licences.dedup();
        let folder = paths::models().join(name);
        let state = if up_to_date(&folder, &key(&manifest, set)?) {
            "there"
        } else if folder.join(STAMP).exists() {
            "out of date"
        } else if set.optional {
            "optional"
        } else {
            "not fetched yet"
        };
        ui::print(format_args!(
            "{name:<28} {state:<16} {size:>9}  {:<24} {}",
            licences.join(", "),
            set.about
        ));
    }
    Ok(())
}

fn manifest() -> Result<Manifest> {
    Manifest::read(&paths::models().join("models.toml"))
}

fn make(manifest: &Manifest, name: &str, set: &Set, folder: &Path) -> Result<()> {
    let key = key(manifest, set)?;
    if up_to_date(folder, &key) {
        return Ok(());
    }
    let mut archives = BTreeMap::new();
    for (package, wanted) in manifest.packages_of(set) {
        archives.insert(package.to_owned(), download::verified(package, wanted)?);
    }
    // Beside its place, so that moving it there is a rename.
    let scratch = tempfile::Builder::new()
        .prefix(".making-")
        .tempdir_in(paths::models())?;
    let (source, made) = (scratch.path().join("source"), scratch.path().join("made"));
    std::fs::create_dir(&made)?;
    let find = |package: &str| {
        archives
            .get(package)
            .cloned()
            .context("a package that was not fetched")
    };
    if let Some(script) = set.convert.first() {
        archive::extract(set, &source, &find)?;
        let python = python::environment("models")?;
        let clock = ui::clock("Converting", name);
        // The scripts are part of the checkout: nothing is to be left beside them.
        let mut convert = Command::new(python);
        convert
            .arg(paths::models().join("convert").join(script))
            .arg(&source)
            .arg(&made)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        run::quiet(&mut convert)?;
        clock.finish_and_clear();
    } else {
        archive::extract(set, &made, &find)?;
    }
    for (file, sha256) in &set.produces {
        let path = made.join(file);
        ensure!(path.is_file(), "the conversion did not make {file}");
        if !sha256.is_empty() {
            digest::check(&path, sha256)?;
        }
    }
    let files = sizes(&made)?;
    let total = files.values().sum();
    std::fs::write(
        made.join(STAMP),
        serde_json::to_string_pretty(&Stamp { key, files })?,
    )?;
    if folder.exists() {
        std::fs::rename(folder, scratch.path().join("old"))?;
    }
    std::fs::rename(&made, folder).with_context(|| folder.display().to_string())?;
    ui::step("Made", format!("models/{name} ({})", ui::megabytes(total)));
    Ok(())
}

/// Changes whenever the result could: sources, scripts, or the packages that the scripts use.
fn key(manifest: &Manifest, set: &Set) -> Result<String> {
    let mut parts = vec![serde_json::to_vec(set)?];
    parts.extend(
        manifest
            .packages_of(set)
            .iter()
            .map(|(_, package)| package.sha256.clone().into_bytes()),
    );
    for script in &set.convert {
        let path = paths::models().join("convert").join(script);
        parts.push(std::fs::read(&path).with_context(|| path.display().to_string())?);
    }
    if !set.convert.is_empty() {
        parts.push(std::fs::read(python::requirements("models")?)?);
    }
    Ok(digest::parts(parts.iter().map(Vec::as_slice)))
}

fn up_to_date(folder: &Path, key: &str) -> bool {
    let stamp = std::fs::read(folder.join(STAMP))
        .ok()
        .and_then(|text| serde_json::from_slice::<Stamp>(&text).ok());
    stamp.is_some_and(|stamp| {
        let there = |(name, size): (&String, &u64)| {
            folder
                .join(name)
                .metadata()
                .is_ok_and(|file| file.len() == *size)
        };
        stamp.key == key && stamp.files.iter().all(there)
    })
}

/// Bytes of every file directly in a folder; a converted model is flat.
fn sizes(folder: &Path) -> Result<BTreeMap<String, u64>> {
    let mut sizes = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        ensure!(kind.is_file(), "{} is not a file", entry.path().display());
        sizes.insert(entry.file_name().to_string_lossy().into_owned(), kind.len());
    }
    ensure!(!sizes.is_empty(), "the conversion made nothing");
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_up_to_date_until_a_file_or_the_key_changes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.onnx"), "1234").unwrap();
        let stamp = Stamp {
            key: "k".into(),
            files: sizes(folder.path()).unwrap(),
        };
        std::fs::write(
            folder.path().join(STAMP),
            serde_json::to_string(&stamp).unwrap(),
        )
        .unwrap();
        assert!(up_to_date(folder.path(), "k"));
        assert!(!up_to_date(folder.path(), "other"));
        std::fs::write(folder.path().join("a.onnx"), "12").unwrap();
        assert!(!up_to_date(folder.path(), "k"));
    }
}
