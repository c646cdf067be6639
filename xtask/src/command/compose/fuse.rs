//! Wires components into one.
//!
//! By name, and not by `wac_graph::plug`, which silently skips an export that does not fit: here that is an error that names both sides.
//! Each part is one instance, whoever uses it: a component that exports two interfaces serves both from the same memory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use wac_graph::types::Package;
use wac_graph::{
    CompositionGraph, EncodeError, EncodeOptions, InstantiationArgumentError, NodeId, PackageId,
};

/// Components that were read, each once, for any number of compositions.
pub(super) struct Shelf {
    folder: PathBuf,
    graph: CompositionGraph,
    packages: BTreeMap<String, PackageId>,
}

/// A composed component.
pub(super) struct Fused {
    pub(super) bytes: Vec<u8>,
    pub(super) plugs: Vec<Plug>,
    /// Imports that no part exports, with the part that has them.
    pub(super) open: Vec<(String, String)>,
}

/// An import of one part that an export of another one satisfies.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plug {
    pub(super) user: String,
    pub(super) provider: String,
    /// As the provider calls it; its version may be newer than what the user asks for.
    pub(super) interface: String,
}

struct Part<'a> {
    name: &'a str,
    instance: NodeId,
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Shelf {
    /// For the components of a folder, called `<name>.wasm`.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            graph: CompositionGraph::new(),
            packages: BTreeMap::new(),
        }
    }

    /// Fuses these components. The exports of the first one become those of the result.
    pub(super) fn fuse(&mut self, names: &[&str]) -> Result<Fused> {
        for name in names {
            self.take(name)?;
        }
        let mut graph = self.graph.clone();
        let parts: Vec<Part<'_>> = names
            .iter()
            .filter_map(|name| Some((*name, *self.packages.get(*name)?)))
            .map(|(name, package)| part(&mut graph, name, package))
            .collect();
        let (plugs, open) = wire(&mut graph, &parts)?;
        let root = parts.first().context("a composition has a first part")?;
        for name in &root.exports {
            let export = graph.alias_instance_export(root.instance, name)?;
            graph.export(export, name)?;
        }
        let bytes = graph.encode(EncodeOptions::default());
        let bytes = bytes.map_err(|error| explained(error, &parts))?;
        Ok(Fused { bytes, plugs, open })
    }

    fn take(&mut self, name: &str) -> Result<()> {
        if self.packages.contains_key(name) {
            return Ok(());
        }
        let path = self.folder.join(format!("{name}.wasm"));
        let bytes = super::read(&path)?;
        let package = Package::from_bytes(
            &format!("colloquy:{name}"),
            None,
            bytes,
            self.graph.types_mut(),
        );
        let package = package.with_context(|| format!("{} is no component", path.display()))?;
        let package = self.graph.register_package(package)?;
        self.packages.insert(name.to_owned(), package);
        Ok(())
    }
}

fn part<'a>(graph: &mut CompositionGraph, name: &'a str, package: PackageId) -> Part<'a> {
    let world = graph[package].ty();
    let world = &graph.types()[world];
    let (imports, exports) = (
        world.imports.keys().cloned().collect(),
        world.exports.keys().cloned().collect(),
    );
    Part {
        name,
        instance: graph.instantiate(package),
        imports,
        exports,
    }
}

type Wired = (Vec<Plug>, Vec<(String, String)>);

fn wire(graph: &mut CompositionGraph, parts: &[Part<'_>]) -> Result<Wired> {
    let (mut plugs, mut open) = (Vec::new(), Vec::new());
    for user in parts {
        for import in &user.imports {
            let Some((provider, export)) = provider(parts, user, import)? else {
                open.push((user.name.to_owned(), import.clone()));
                continue;
            };
            plug(graph, (user, import), (provider, export))?;
            plugs.push(Plug {
                user: user.name.to_owned(),
                provider: provider.name.to_owned(),
                interface: export.to_owned(),
            });
        }
    }
    for part in parts.iter().skip(1) {
        let used = plugs.iter().any(|plug| plug.provider == part.name);
        ensure!(used, "nothing uses {}", part.name);
    }
    Ok((plugs, open))
}

/// The part that exports what an import asks for, and what it calls it.
fn provider<'a>(
    parts: &'a [Part<'a>],
    user: &Part<'_>,
    import: &str,
) -> Result<Option<(&'a Part<'a>, &'a str)>> {
    let mut found: Option<(&Part<'_>, &str)> = None;
    for part in parts.iter().filter(|part| part.name != user.name) {
        for export in part.exports.iter().filter(|name| satisfies(import, name)) {
            if let Some((first, _)) = found {
                bail!(
                    "{} imports {import}, and both {} and {} export it",
                    user.name,
                    first.name,
                    part.name
                );
            }
            found = Some((part, export.as_str()));
        }
    }
    Ok(found)
}

fn plug(
    graph: &mut CompositionGraph,
    (user, import): (&Part<'_>, &str),
    (provider, export): (&Part<'_>, &str),
) -> Result<()> {
    let alias = graph.alias_instance_export(provider.instance, export)?;
    match graph.set_instantiation_argument(user.instance, import, alias) {
        Err(InstantiationArgumentError::ArgumentTypeMismatch { source, .. }) => Err(anyhow!(
            "{} and {} do not fit. {} imports {import}, {} exports {export}, and what is expected there is not what is found: {source:#}",
            user.name,
            provider.name,
            user.name,
            provider.name,
        )),
        plugged => Ok(plugged?),
    }
}

/// Says which parts a conflict is between; the library only says where.
fn explained(error: EncodeError, parts: &[Part<'_>]) -> Error {
    let name = |node: NodeId| {
        let part = parts.iter().find(|part| part.instance == node);
        part.map_or("another part", |part| part.name)
    };
    match &error {
        EncodeError::ImportTypeMergeConflict {
            import,
            first,
            second,
            source,
        } => anyhow!(
            "{} and {} both import {import}, but not the same: {source:#}",
            name(*first),
            name(*second)
        ),
        _ => Error::new(error).context("the composition is not valid"),
    }
}

/// Whether an export of this name serves an import of that name: the same one, or the same interface in a later version that has
/// everything the earlier one had. Drafts (`-draft2`) are not compatible with anything else.
pub(super) fn satisfies(import: &str, export: &str) -> bool {
    if import == export {
        return true;
    }
    let (Some((wanted, at_least)), Some((found, version))) =
        (import.split_once('@'), export.split_once('@'))
    else {
        return false;
    };
    let (Some(at_least), Some(version)) = (numbers(at_least), numbers(version)) else {
        return false;
    };
    let same_line = if at_least[0] == 0 {
        at_least[..2] == version[..2]
    } else {
        at_least[0] == version[0]
    };
    wanted == found && same_line && version >= at_least
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let mut parts = version.split('.').map(str::parse);
    let numbers = [
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    ];
    parts.next().is_none().then_some(numbers)
}
