//! What a component imports and exports, its size in bytes, and its digest.

use std::path::Path;

use anyhow::{Context, Result};
use wac_graph::types::{Package, Types};

use crate::{digest, paths};

/// Lines about a component.
pub(super) fn component(path: &Path) -> Result<Vec<String>> {
    let bytes = super::read(path)?;
    let mut types = Types::default();
    let n_bytes = bytes.len();
    let package = Package::from_bytes("explained", None, bytes, &mut types)
        .with_context(|| format!("{} is no component", path.display()))?;
    let world = &types[package.ty()];
    let shown = path.strip_prefix(paths::root()).unwrap_or(path).display();
    let mut lines = vec![
        shown.to_string(),
        format!("    size     {n_bytes}"),
        format!("    sha256   {}", digest::file(path)?),
    ];
    list(&mut lines, "imports", world.imports.keys());
    list(&mut lines, "exports", world.exports.keys());
    Ok(lines)
}

fn list<'a>(lines: &mut Vec<String>, title: &str, names: impl Iterator<Item = &'a String>) {
    let mut names: Vec<_> = names.map(String::as_str).collect();
    names.sort_unstable();
    if names.is_empty() {
        names.push("nothing");
    }
    for (index, name) in names.into_iter().enumerate() {
        let title = if index == 0 { title } else { "" };
        lines.push(format!("    {title:<7}  {name}"));
    }
}
