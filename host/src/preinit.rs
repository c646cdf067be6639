//! Writes a component that has its model inside: the component is given its files, and its memory then is the memory it starts with.
//!
//! The files go in through `colloquy:preload`, so none of them is part of the component; the snapshot is wizer's. What every host saves
//! is the time to read and optimise a model, and, because hosts map the initial memory of a component copy-on-write, the memory for
//! all copies but one.
//!
//! Invariants: while it loads, the component has no import but `wasi:random`, which always answers the same, and its environment, which
//! is empty; so nothing of this process is in the snapshot, and equal inputs give equal bytes. Anything else that it calls is an error:
//! what WASI hands out would not outlive the snapshot. The result appears complete or not at all.

use std::io;
use std::path::{Path, PathBuf};

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentType, Instance, Lift, Linker, Lower, Val, WasmList, types,
};
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use crate::bindings::colloquy::vad::vad::Error as Refusal;

/// The contract.
const PRELOAD: &str = "colloquy:preload/preload@0.1.0";
/// Bytes of one file; a list of the component model cannot hold more.
const MAX_FILE: u64 = (1 << 28) - 1;
/// Bytes of all files. A component has 4 GiB, and loading takes several times what the files have.
const MAX_FILES: u64 = 1 << 30;
/// What `wasi:random` answers, over and over. Any bytes would do; these are the fractional digits of pi (hexadecimal).
const RANDOM: [u8; 8] = 0x243f_6a88_85a3_08d3_u64.to_le_bytes();

/// Why there is no pre-initialised component.
#[derive(Debug, thiserror::Error)]
pub enum PreinitError {
    /// A file or folder cannot be read.
    #[error("cannot read {0}: {1}")]
    Read(PathBuf, io::Error),
    /// The model is larger than a component can take.
    #[error("{path}: {n_bytes} bytes, at most {limit} can be given to a component")]
    TooLarge {
        /// The file, or the folder when it is all of its files.
        path: PathBuf,
        /// Its size.
        n_bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// There is nothing in the folder.
    #[error("{0} has no files")]
    Empty(PathBuf),
    /// The component cannot be given its files.
    #[error("{0} does not export {PRELOAD}, so it cannot be given its files beforehand")]
    NoPreload(PathBuf),
    /// The component did not accept its files.
    #[error("the component refused the files: {0}")]
    Refused(String),
    /// The component trapped, used an import, or is not one that can be snapshotted.
    #[error("{0:#}")]
    Component(wasmtime::Error),
    /// The result cannot be written.
    #[error("cannot write {0}: {1}")]
    Write(PathBuf, io::Error),
}

/// Sizes of what was read and made, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// The component without its files.
    pub component: u64,
    /// The files.
    pub files: u64,
    /// The component with them inside.
    pub result: u64,
}

/// Reads `component`, gives it the files of `folder`, and writes the component that is then in memory to `out`.
///
/// # Errors
/// [`PreinitError`]; `out` is then as it was.
pub async fn run(component: &Path, folder: &Path, out: &Path) -> Result<Made, PreinitError> {
    let original =
        std::fs::read(component).map_err(|error| PreinitError::Read(component.into(), error))?;
    let (name, files) = files(folder)?;
    let failed = PreinitError::Component;
    let wizer = Wizer::new();
    let (context, instrumented) = wizer.instrument_component(&original).map_err(failed)?;
    let engine = Engine::default();
    let compiled = Component::new(&engine, &instrumented).map_err(failed)?;
    drop(instrumented);
    let load = compiled
        .get_export_index(None, PRELOAD)
        .and_then(|interface| compiled.get_export_index(Some(&interface), "load"))
        .ok_or_else(|| PreinitError::NoPreload(component.into()))?;

    let mut store = Store::new(&engine, ());
    // Fuel limits what a guest makes its host copy. This guest is the operator's own, and is handed hundreds of megabytes on purpose.
    store.set_hostcall_fuel(usize::MAX);
    let linker = imports(&engine, &compiled).map_err(failed)?;
    let instance = linker.instantiate_async(&mut store, &compiled);
    let instance = instance.await.map_err(failed)?;
    let n_file_bytes = files.iter().map(|file| file.bytes.len() as u64).sum();
    let load = instance
        .get_typed_func::<(&str, &[File]), (Result<(), Refusal>,)>(&mut store, load)
        .map_err(failed)?;
    let answer = load.call_async(&mut store, (&name, &files)).await;
    let (answer,) = answer.map_err(failed)?;
    answer.map_err(|refusal| PreinitError::Refused(words(refusal)))?;
    drop(files);

    let mut state = State {
        store,
        instance,
        failure: None,
    };
    let result = wizer.snapshot_component(&context, &mut state).await;
    let result = match state.failure {
        Some(failure) => return Err(failed(failure)),
        None => result.map_err(failed)?,
    };
    write(out, &result).map_err(|error| PreinitError::Write(out.into(), error))?;
    Ok(Made {
        component: original.len() as u64,
        files: n_file_bytes,
        result: result.len() as u64,
    })
}

/// One file, as the contract has it.
#[derive(Debug, ComponentType, Lower)]
#[component(record)]
struct File {
    name: String,
    bytes: Vec<u8>,
}

/// The name of a folder and the files in it, in order. Folders in it and hidden files are not part of a model.
fn files(folder: &Path) -> Result<(String, Vec<File>), PreinitError> {
    let unreadable = |path: &Path, error| PreinitError::Read(path.into(), error);
    let whole = std::fs::canonicalize(folder).map_err(|error| unreadable(folder, error))?;
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let entries = std::fs::read_dir(&whole).and_then(|all| all.collect::<io::Result<Vec<_>>>());
    let mut paths: Vec<_> = entries
        .map_err(|error| unreadable(folder, error))?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && !name(path).starts_with('.'))
        .collect();
    paths.sort();
    // Sizes first: what is too large is not read.
    let mut total = 0;
    for path in &paths {
        let size = path.metadata().map_err(|error| unreadable(path, error))?;
        within(path, size.len(), MAX_FILE)?;
        total += size.len();
    }
    within(folder, total, MAX_FILES)?;
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).map_err(|error| unreadable(path, error))?;
        let name = name(path);
        Ok(File { name, bytes })
    };
    let files: Vec<_> = paths.iter().map(read).collect::<Result<_, _>>()?;
    if files.is_empty() {
        return Err(PreinitError::Empty(folder.into()));
    }
    Ok((name(&whole), files))
}

fn within(path: &Path, n_bytes: u64, limit: u64) -> Result<(), PreinitError> {
    if n_bytes > limit {
        let path = path.into();
        return Err(PreinitError::TooLarge {
            path,
            n_bytes,
            limit,
        });
    }
    Ok(())
}

/// Imports that trap, but for random numbers, which hash maps need, and the environment, which libraries look for their settings in.
fn imports(engine: &Engine, component: &Component) -> wasmtime::Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    for (name, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(interface) = item.ty else {
            continue;
        };
        let answered = |function: &str| {
            name.starts_with("wasi:random/")
                || name.starts_with("wasi:cli/environment@") && function == "get-environment"
        };
        if interface
            .exports(engine)
            .any(|(function, _)| answered(function))
        {
            let mut instance = linker.instance(name)?;
            for (function, item) in interface.exports(engine) {
                if let ComponentItem::ComponentFunc(ty) = item.ty
                    && answered(function)
                {
                    instance.func_new(
                        function,
                        move |_: StoreContextMut<'_, ()>, _, params, results| {
                            answer(&ty, params, results)
                        },
                    )?;
                }
            }
        }
    }
    linker.define_unknown_imports_as_traps(component)?;
    Ok(linker)
}

/// Answers any function of `wasi:random` (64 bits, a pair of them, or as many bytes as are asked for) and `get-environment`.
fn answer(ty: &types::ComponentFunc, params: &[Val], results: &mut [Val]) -> wasmtime::Result<()> {
    let word = || Val::U64(u64::from_le_bytes(RANDOM));
    for (result, ty) in results.iter_mut().zip(ty.results()) {
        *result = match (ty, params) {
            (types::Type::U64, _) => word(),
            (types::Type::Tuple(_), _) => Val::Tuple(vec![word(), word()]),
            (types::Type::List(_), [Val::U64(n)]) if *n <= 1 << 20 => {
                let bytes = RANDOM.iter().cycle().take(usize::try_from(*n)?);
                Val::List(bytes.map(|byte| Val::U8(*byte)).collect())
            }
            (types::Type::List(_), []) => Val::List(Vec::new()),
            _ => wasmtime::bail!("a version of WASI that is not known here"),
        };
    }
    Ok(())
}

/// The instance as wizer looks into it: through functions that it has added for that.
struct State {
    store: Store<()>,
    instance: Instance,
    /// The first thing that went wrong. wizer's interface cannot say, so it goes on with zeros, and the result is thrown away.
    failure: Option<wasmtime::Error>,
}

impl State {
    async fn call<R: Lift + Send + Sync + 'static>(
        &mut self,
        instance: &str,
        name: &str,
    ) -> Option<R> {
        match self.try_call(instance, name).await {
            Ok(value) => Some(value),
            Err(error) => {
                self.failure.get_or_insert(error);
                None
            }
        }
    }

    async fn try_call<R: Lift + Send + Sync + 'static>(
        &mut self,
        instance: &str,
        name: &str,
    ) -> wasmtime::Result<R> {
        let missing = || wasmtime::format_err!("{instance} lacks {name}");
        let interface = self
            .instance
            .get_export_index(&mut self.store, None, instance);
        let interface = interface.ok_or_else(missing)?;
        let index = self
            .instance
            .get_export_index(&mut self.store, Some(&interface), name);
        let index = index.ok_or_else(missing)?;
        let function = self
            .instance
            .get_typed_func::<(), (R,)>(&mut self.store, index)?;
        Ok(function.call_async(&mut self.store, ()).await?.0)
    }
}

impl ComponentInstanceState for State {
    async fn call_func_ret_list_u8(
        &mut self,
        instance: &str,
        func: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) {
        match self.call::<WasmList<u8>>(instance, func).await {
            Some(list) => contents(list.as_le_slice(&self.store)),
            None => contents(&[]),
        }
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.call(instance, func).await.unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.call(instance, func).await.unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.call::<f32>(instance, func)
            .await
            .unwrap_or_default()
            .to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.call::<f64>(instance, func)
            .await
            .unwrap_or_default()
            .to_bits()
    }
}

/// A refusal in words.
fn words(refusal: Refusal) -> String {
    match refusal {
        Refusal::InvalidInput(why)
        | Refusal::Unsupported(why)
        | Refusal::Unavailable(why)
        | Refusal::Internal(why) => why,
        Refusal::Busy(_) => "busy".to_owned(),
        Refusal::Deadline => "deadline".to_owned(),
    }
}

/// Writes beside its place and renames.
fn write(out: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = out.with_extension(format!("{}.part", std::process::id()));
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, out));
    if written.is_err() {
        // Nothing to be done about a second failure; the first is told.
        let _gone = std::fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests;
