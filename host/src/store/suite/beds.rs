//! Buckets under test, one of each backend, with a clock that the test moves.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::*;
use super::servers;

/// A bucket under test.
pub(super) struct Bed {
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<AtomicU64>,
    backend: Backend,
    /// What the bucket lives in; dropped after the store.
    _home: Box<dyn std::any::Any>,
}

impl Bed {
    fn new(backend: Backend, bounds: &Bounds, home: impl std::any::Any) -> Self {
        let clock = Arc::new(AtomicU64::new(1_000_000));
        Self {
            store: open(&backend, bounds, &clock),
            clock,
            backend,
            _home: Box::new(home),
        }
    }

    /// The same bucket, opened again; the same store where nothing can be opened twice.
    pub(super) fn another(&self, bounds: &Bounds) -> Arc<Store> {
        match &self.backend {
            Backend::Memory => Arc::clone(&self.store),
            backend => open(backend, bounds, &self.clock),
        }
    }
}

impl fmt::Display for Bed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.backend.fmt(f)
    }
}

fn open(backend: &Backend, bounds: &Bounds, clock: &Arc<AtomicU64>) -> Arc<Store> {
    let clock = Arc::clone(clock);
    let now: Now = Arc::new(move || clock.load(Ordering::SeqCst));
    Arc::new(Store::open_at(backend, bounds.clone(), Some(now)).unwrap())
}

/// One bucket of each backend that there is here.
pub(super) fn beds(bounds: &Bounds) -> Vec<Bed> {
    let folder = || tempfile::tempdir().unwrap();
    let (sqlite, objects) = (folder(), folder());
    let file = sqlite.path().join("new/folder/bucket.sqlite3");
    let mut beds = vec![
        Bed::new(Backend::Memory, bounds, ()),
        Bed::new(Backend::Sqlite(file), bounds, sqlite),
        Bed::new(folder_backend(&objects), bounds, objects),
    ];
    if let Some(server) = servers::redis() {
        let backend = Backend::Redis(server.settings("colloquy:{bucket}"));
        beds.push(Bed::new(backend, bounds, server));
    }
    if let Some(settings) = servers::s3() {
        beds.push(Bed::new(Backend::Object(settings), bounds, ()));
    }
    beds
}

fn folder_backend(folder: &tempfile::TempDir) -> Backend {
    let url = format!("file://{}", folder.path().join("new/folder").display());
    let access = object::Access {
        endpoint: None,
        region: None,
        credentials: None,
    };
    Backend::Object(object::Settings::new(&url, &access, servers::PATIENCE).unwrap())
}
