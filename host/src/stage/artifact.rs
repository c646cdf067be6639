//! A component file: read, identified by its digest, compiled, and its exports looked up.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmparser::Payload;
use wasmtime::Store;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Linker,
    Lower, TypedFunc,
};
use wasmtime::error::Context;

use super::instance::Guest;
use crate::bind;
use crate::engine::Compiler;
use crate::outbound;

/// A component on disk.
#[derive(Debug, Clone)]
pub(crate) struct Artifact {
    /// Where it was read.
    pub(crate) path: PathBuf,
    /// SHA-256 of the file in hexadecimal.
    pub(crate) digest: String,
    bytes: Arc<[u8]>,
}

impl Artifact {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> wasmtime::Result<Self> {
        let bytes: Arc<[u8]> = std::fs::read(path)
            .with_context(|| format!("cannot read {}", path.display()))?
            .into();
        Ok(Self {
            path: path.to_owned(),
            digest: hex::encode(Sha256::digest(&bytes)),
            bytes,
        })
    }

    /// Size of the file in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The names of what it imports.
    pub(crate) fn imports(&self) -> wasmtime::Result<Vec<String>> {
        let mut names = Vec::new();
        let mut depth = 0_u32;
        for payload in wasmparser::Parser::new(0).parse_all(&self.bytes) {
            let payload = payload
                .map_err(wasmtime::Error::from)
                .with_context(|| format!("{} is not a component", self.path.display()))?;
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        names.push(import?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(names)
    }

    /// Compiles it, or takes the compiled code from the cache.
    pub(crate) fn compile(&self, compiler: &Compiler) -> wasmtime::Result<Component> {
        compiler
            .component(&self.digest, &self.bytes)
            .with_context(|| format!("{} is not a component", self.path.display()))
    }

    /// Compiles it and resolves its imports, which for a stage may only be WASI's and the bus.
    pub(crate) fn prepare(&self, compiler: &Compiler) -> wasmtime::Result<InstancePre<Guest>> {
        let component = self.compile(compiler)?;
        let mut linker = Linker::new(compiler);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        // Every stage may ask; where its requests and connections may go is decided when it makes one.
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        outbound::add_to_linker(&mut linker)?;
        bind::add_to_stage_linker(&mut linker)?;
        linker
            .instantiate_pre(&component)
            .with_context(|| format!("{} imports what a stage is not given", self.path.display()))
    }
}

/// The exports of an instance, to look functions up in.
pub(crate) struct Exports<'a> {
    pub(super) component: &'a Component,
    pub(super) instance: &'a Instance,
    pub(super) store: &'a mut Store<Guest>,
}

impl Exports<'_> {
    /// The functions of one exported interface. A newer patch version of the interface is found under the older name.
    pub(crate) fn interface<'b>(
        &'b mut self,
        name: &'static str,
    ) -> wasmtime::Result<Interface<'b>> {
        let index = self.component.get_export_index(None, name);
        let index = index.with_context(|| format!("the component does not export {name}"))?;
        Ok(Interface {
            component: self.component,
            instance: self.instance,
            store: self.store,
            name,
            index,
        })
    }
}

/// One exported interface.
pub(crate) struct Interface<'a> {
    component: &'a Component,
    instance: &'a Instance,
    store: &'a mut Store<Guest>,
    name: &'static str,
    index: ComponentExportIndex,
}

impl Interface<'_> {
    /// A function of it; `name` as in the contract, methods as `[method]resource.name`.
    pub(crate) fn function<P, R>(&mut self, name: &str) -> wasmtime::Result<TypedFunc<P, R>>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let index = self.component.get_export_index(Some(&self.index), name);
        let index = index.with_context(|| format!("{} lacks the function {name}", self.name))?;
        let function = self.instance.get_typed_func(&mut *self.store, index);
        function.with_context(|| format!("{name} of {} is not what the contract says", self.name))
    }
}
