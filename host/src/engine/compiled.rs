//! Compiled components on disk, mapped into memory instead of read.
//!
//! wasmtime's own cache keeps compressed copies and unpacks them into the memory of each process. That suits code; a component with a
//! model inside has hundreds of megabytes of initial memory. Mapped from a file, they are read when they are touched, and are there
//! once for all instances of all hosts on a machine.
//!
//! Invariants: a file appears complete or not at all, and is never changed; its name holds everything that its content depends on; the
//! folder does not grow past its limit. A folder that cannot be used costs time and is never an error.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use wasmtime::Engine;
use wasmtime::component::Component;

/// Bytes of all files. With models inside, the components of one configuration have about half a gigabyte.
const MAX_BYTES: u64 = 2 << 30;
/// The end of every name, so that nothing else is ever deleted.
const SUFFIX: &str = "cwasm";

/// An engine that need not compile a component twice.
#[derive(Clone)]
pub(crate) struct Compiler {
    engine: Engine,
    folder: Option<Arc<Path>>,
}

impl Deref for Compiler {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl Compiler {
    /// Compiled code is kept in `folder`; without, it is not kept.
    pub(crate) fn new(engine: Engine, folder: Option<&Path>) -> Self {
        let folder = folder.map(Arc::from);
        Self { engine, folder }
    }

    /// The component that `bytes` are. `digest` names them.
    pub(crate) fn component(&self, digest: &str, bytes: &[u8]) -> wasmtime::Result<Component> {
        let Some(folder) = &self.folder else {
            return Component::from_binary(&self.engine, bytes);
        };
        let mut hasher = DefaultHasher::new();
        self.engine
            .precompile_compatibility_hash()
            .hash(&mut hasher);
        let path = folder.join(format!("{digest}-{:016x}.{SUFFIX}", hasher.finish()));
        if let Some(component) = self.open(&path) {
            return Ok(component);
        }
        let compiled = self.engine.precompile_component(bytes)?;
        match keep(&path, &compiled) {
            Ok(()) => tidy(folder, &path, MAX_BYTES),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "compiled code is not kept")
            }
        }
        match self.open(&path) {
            Some(component) => Ok(component),
            None => self.load(&compiled),
        }
    }

    /// A file that is there. One that is damaged, or of another wasmtime, is as good as none.
    #[expect(unsafe_code, reason = "compiled code can only be believed")]
    fn open(&self, path: &Path) -> Option<Component> {
        if !path.exists() {
            return None;
        }
        // SAFETY: what is in this folder is trusted as the program itself is; only this module writes to it, whole files that are
        // never changed. wasmtime checks that the code is for this engine and this machine.
        match unsafe { Component::deserialize_file(&self.engine, path) } {
            Ok(component) => {
                // What was used last is deleted last. Where the times cannot be set, the oldest is.
                let _unset = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
                Some(component)
            }
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), path = %path.display(), "compiled code is of no use");
                None
            }
        }
    }

    #[expect(unsafe_code, reason = "compiled code can only be believed")]
    fn load(&self, compiled: &[u8]) -> wasmtime::Result<Component> {
        // SAFETY: these bytes come from `precompile_component` and have not left this process.
        unsafe { Component::deserialize(&self.engine, compiled) }
    }
}

/// Writes beside the place, to the disk, and renames.
fn keep(path: &Path, compiled: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let write = || {
        let mut file = File::create(&part)?;
        file.write_all(compiled)?;
        file.sync_all()?;
        std::fs::rename(&part, path)
    };
    let written = write();
    if written.is_err() {
        let _gone = std::fs::remove_file(&part);
    }
    written
}

/// Deletes what was not used for the longest time until the rest fits, but never `current`. A file that a process has mapped stays
/// usable for it.
fn tidy(folder: &Path, current: &Path, limit: u64) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let data = path.metadata().ok()?;
            let ours = path.extension().is_some_and(|end| end == SUFFIX);
            (ours && data.is_file()).then_some((data.modified().ok()?, data.len(), path))
        })
        .collect();
    files.sort();
    let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
    for (_, size, path) in files {
        if total <= limit {
            return;
        }
        if path != current && std::fs::remove_file(&path).is_ok() {
            total -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn compiler(folder: &Path) -> Compiler {
        Compiler::new(Engine::default(), Some(folder))
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    }

    #[test]
    fn compiled_once_then_mapped() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = wat::parse_str("(component (core module))").unwrap();
        compiler(folder.path()).component("d", &bytes).unwrap();
        assert_eq!(files(folder.path()).len(), 1);
        // Only what is kept can make a component of nothing.
        compiler(folder.path()).component("d", b"").unwrap();
        assert!(compiler(folder.path()).component("e", b"").is_err());
    }

    #[test]
    fn a_damaged_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = wat::parse_str("(component)").unwrap();
        compiler(folder.path()).component("d", &bytes).unwrap();
        let path = files(folder.path()).remove(0);
        for damage in [&b""[..], b"not compiled code"] {
            std::fs::write(&path, damage).unwrap();
            compiler(folder.path()).component("d", &bytes).unwrap();
            compiler(folder.path()).component("d", b"").unwrap();
        }
    }

    #[test]
    fn a_folder_that_cannot_be_used_costs_only_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let bytes = wat::parse_str("(component)").unwrap();
        compiler(&file).component("d", &bytes).unwrap();
    }

    #[test]
    fn the_oldest_go_first_and_nothing_else_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (age, name) in [(3, "a.cwasm"), (2, "b.cwasm"), (1, "c.cwasm"), (9, "other")] {
            std::fs::write(path(name), [0; 10]).unwrap();
            let file = File::options().write(true).open(path(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(100 * age))
                .unwrap();
        }
        tidy(folder.path(), &path("a.cwasm"), 20);
        assert_eq!(
            files(folder.path()),
            [path("a.cwasm"), path("c.cwasm"), path("other")]
        );
    }
}
