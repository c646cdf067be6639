//! Fuses components into one with wac-graph: early binding.
//!
//! Wired by hand rather than by `wac_graph::plug`, which silently skips an export that does not fit: here that is an error that names
//! both sides. Imports that nothing satisfies (the stages, WASI) stay imports of the result.

use std::path::Path;

use anyhow::{Context, Result};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId};

use crate::{paths, ui};

/// What the gateway takes from the pipeline.
const TURN: [&str; 2] = [
    "colloquy:pipeline/listen@0.1.0",
    "colloquy:pipeline/respond@0.1.0",
];

/// `dist/edge.wasm`: the gateway with the pipeline inside. Stages, key-value store and HTTP are left to the host.
pub(crate) fn run() -> Result<()> {
    let (components, target) = (
        paths::dist().join("components"),
        paths::dist().join("edge.wasm"),
    );
    let components = components.as_path();
    let mut graph = CompositionGraph::new();
    let (gateway_type, gateway) = instantiate(&mut graph, components, "gateway")?;
    let (_, pipeline) = instantiate(&mut graph, components, "pipeline")?;
    for interface in TURN {
        wire(&mut graph, pipeline, gateway, interface)
            .with_context(|| format!("gateway and pipeline do not fit at {interface}"))?;
    }
    export_all(&mut graph, gateway_type, gateway)?;
    let bytes = graph
        .encode(EncodeOptions::default())
        .context("the composition is not valid")?;
    std::fs::write(&target, &bytes).with_context(|| target.display().to_string())?;
    ui::step(
        "Composed",
        format!("dist/edge.wasm ({})", ui::megabytes(bytes.len() as u64)),
    );
    Ok(())
}

fn instantiate(
    graph: &mut CompositionGraph,
    components: &Path,
    name: &str,
) -> Result<(PackageId, NodeId)> {
    let path = components.join(format!("{name}.wasm"));
    let package = Package::from_file(&format!("colloquy:{name}"), None, &path, graph.types_mut());
    let package = graph.register_package(package.with_context(|| path.display().to_string())?)?;
    Ok((package, graph.instantiate(package)))
}

fn wire(graph: &mut CompositionGraph, from: NodeId, to: NodeId, interface: &str) -> Result<()> {
    let export = graph.alias_instance_export(from, interface)?;
    graph.set_instantiation_argument(to, interface, export)?;
    Ok(())
}

fn export_all(graph: &mut CompositionGraph, package: PackageId, instance: NodeId) -> Result<()> {
    let world = graph[package].ty();
    let names: Vec<String> = graph.types()[world].exports.keys().cloned().collect();
    for name in names {
        let export = graph.alias_instance_export(instance, &name)?;
        graph.export(export, &name)?;
    }
    Ok(())
}
