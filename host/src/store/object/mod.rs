//! A bucket of objects: one object for each key, in a folder or in an S3 bucket, which several hosts may share.
//!
//! Made for what is written once and read whole, such as audio. A value is the object as it is, so that other programs can read it. The
//! bound on bytes is kept by each host from what it knows ([`index`]): its own writes at once, those of others from a listing every
//! minute. Atomic changes need a server that sets objects on a condition (tried once before the first) or, in a folder, a lock on a file;
//! where there is neither they are refused.
//!
//! After a failure requests are refused at once until the task of the bucket finds the store answering again.

mod atomic;
mod http;
mod index;
mod name;
mod place;
mod sweep;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, PutResult,
};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::health::Health;
use super::{Bounds, Error, Now, PAGE, Page, Swap, Usage};
use atomic::Atomic;
use index::{Index, Seen};
use place::Place;
pub(crate) use place::{Access, Settings};

/// Most entries removed for one write, so that it ends.
const AT_ONCE: usize = 100;

/// A bucket of objects. Dropping it ends its task.
pub(crate) struct Object {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    store: Arc<dyn ObjectStore>,
    folder: Path,
    bounds: Bounds,
    now: Now,
    patience: Duration,
    /// Whether listings are in the order of names, as S3's are; a folder's are in none.
    is_ordered: bool,
    atomic: Atomic,
    index: Mutex<Index>,
    health: Arc<Health>,
    is_away: AtomicBool,
    away: Notify,
}

/// An object that is there, and its value.
struct Found {
    value: Vec<u8>,
    e_tag: Option<String>,
    /// Whether it counts, or is too old.
    is_fresh: bool,
}

impl Object {
    /// Begins to look at what is there; a server may be away. Needs a runtime.
    pub(super) fn open(
        settings: &Settings,
        bounds: Bounds,
        now: Now,
        health: Arc<Health>,
    ) -> Result<Self, Error> {
        let (store, folder) = settings.open(bounds.max_bytes)?;
        let (is_ordered, atomic) = match &settings.place {
            Place::Folder(folder) => (false, Atomic::locked(folder)),
            Place::S3(_) => (true, Atomic::conditional()),
        };
        let shared = Arc::new(Shared {
            store,
            folder,
            bounds,
            now,
            patience: settings.patience,
            is_ordered,
            atomic,
            index: Mutex::default(),
            health,
            is_away: AtomicBool::new(false),
            away: Notify::new(),
        });
        let task = tokio::spawn(sweep::keep(Arc::clone(&shared)));
        Ok(Self { shared, task })
    }

    pub(super) async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        let it = &self.shared;
        let found = it.within(it.read(&key)).await?;
        Ok(found.filter(|found| found.is_fresh).map(|it| it.value))
    }

    pub(super) async fn exists(&self, key: String) -> Result<bool, Error> {
        let it = &self.shared;
        let path = it.path(&key)?;
        let head = async {
            match it.store.head(&path).await {
                Ok(meta) => Ok(it.is_fresh(&key, &meta)),
                Err(object_store::Error::NotFound { .. }) => Ok(false),
                Err(error) => Err(failed(&error)),
            }
        };
        it.within(head).await
    }

    pub(super) async fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        let it = &self.shared;
        it.bounds.fit(&key, &value)?;
        let set = async {
            let _alone = it.atomic.lock(it.patience).await?;
            let put = it.put(&key, &value, PutMode::Overwrite).await?;
            put.map_err(|conflict| failed(&conflict))
        };
        it.within(set).await
    }

    pub(super) async fn swap(
        &self,
        key: String,
        seen: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<Swap, Error> {
        let it = &self.shared;
        it.bounds.fit(&key, &value)?;
        it.within(it.swap(&key, seen, &value)).await
    }

    pub(super) async fn increment(&self, key: String, delta: i64) -> Result<i64, Error> {
        let it = &self.shared;
        it.bounds.fit(&key, &delta.to_le_bytes())?;
        it.within(it.increment(&key, delta)).await
    }

    pub(super) async fn delete(&self, key: String) -> Result<(), Error> {
        let it = &self.shared;
        let path = it.path(&key)?;
        let delete = async {
            let _alone = it.atomic.lock(it.patience).await?;
            it.index().remove(&key);
            it.remove(&path).await
        };
        it.within(delete).await
    }

    pub(super) async fn list(&self, cursor: Option<String>) -> Result<Page, Error> {
        let it = &self.shared;
        Ok(Page::from_keys(it.within(it.list(cursor)).await?))
    }

    pub(super) async fn probe(&self) -> Result<(), Error> {
        let it = &self.shared;
        it.within(it.look()).await
    }

    pub(super) fn usage(&self) -> Usage {
        let index = self.shared.index();
        Usage {
            bytes: index.bytes,
            keys: index.n_keys(),
            evicted: index.n_evicted,
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: &str) -> Result<Path, Error> {
        let name = name::encode(key).ok_or(Error::Name(name::NAME))?;
        Ok(self.folder.clone().join(name))
    }

    /// Refuses while the store is away, and limits the time of everything else.
    async fn within<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        if self.is_away.load(Ordering::Relaxed) {
            let why = self.health.failure();
            return Err(Error::Unavailable(why.unwrap_or_else(|| "away".into())));
        }
        let answer = tokio::time::timeout(self.patience, work).await;
        let answer = answer.unwrap_or_else(|_| Err(Error::Unavailable("no answer in time".into())));
        if let Err(Error::Unavailable(why)) = &answer {
            self.health.failed(why);
            self.is_away.store(true, Ordering::Relaxed);
            self.away.notify_one();
        }
        answer
    }

    fn is_fresh(&self, key: &str, meta: &ObjectMeta) -> bool {
        let at = self.index().met(key, &seen(meta));
        self.bounds
            .expired((self.now)())
            .is_none_or(|expired| at > expired)
    }

    /// What is there, even if it is too old.
    async fn read(&self, key: &str) -> Result<Option<Found>, Error> {
        let path = self.path(key)?;
        let got = match self.store.get(&path).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => {
                self.index().remove(key);
                return Ok(None);
            }
            Err(error) => return Err(failed(&error)),
        };
        let is_fresh = self.is_fresh(key, &got.meta);
        let e_tag = got.meta.e_tag.clone();
        let value = got.bytes().await.map_err(|error| failed(&error))?;
        Ok(Some(Found {
            value: value.into(),
            e_tag,
            is_fresh,
        }))
    }

    /// Makes room for a value that fits and sets it; the inner error is a condition that is not met.
    async fn put(
        &self,
        key: &str,
        value: &[u8],
        mode: PutMode,
    ) -> Result<Result<(), object_store::Error>, Error> {
        let path = self.path(key)?;
        let expired = self.bounds.expired((self.now)());
        let size = (key.len() + value.len()) as u64;
        for _ in 0..AT_ONCE {
            let oldest = {
                let mut index = self.index();
                // What the value replaces takes no room.
                let room = self.bounds.max_bytes - size + index.bytes_of(key);
                index.evict(key, expired, room)
            };
            let Some(oldest) = oldest else { break };
            self.remove(&self.path(&oldest)?).await?;
        }
        let options = PutOptions {
            mode,
            ..PutOptions::default()
        };
        let payload = PutPayload::from(value.to_vec());
        match self.store.put_opts(&path, payload, options).await {
            Ok(PutResult { e_tag, .. }) => {
                let size = value.len() as u64;
                self.index().set(key.to_owned(), size, (self.now)(), e_tag);
                Ok(Ok(()))
            }
            Err(
                error @ (object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. }),
            ) => Ok(Err(error)),
            Err(error) => Err(failed(&error)),
        }
    }

    async fn remove(&self, path: &Path) -> Result<(), Error> {
        match self.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }

    /// The first keys after a cursor, one more than a page has.
    async fn list(&self, cursor: Option<String>) -> Result<Vec<String>, Error> {
        let after = cursor.map(|cursor| self.path(&cursor)).transpose()?;
        let mut found = match &after {
            Some(after) => self.store.list_with_offset(Some(&self.folder), after),
            None => self.store.list(Some(&self.folder)),
        };
        let mut keys = BTreeSet::new();
        while let Some(meta) = found.try_next().await.map_err(|error| failed(&error))? {
            let Some(key) = self.key(&meta) else { continue };
            if self.is_fresh(&key, &meta) {
                keys.insert(key);
            }
            if keys.len() > PAGE + 1 {
                keys.pop_last();
            }
            if self.is_ordered && keys.len() > PAGE {
                break;
            }
        }
        Ok(keys.into_iter().collect())
    }

    /// The key of an object in the folder; none for what is not ours.
    fn key(&self, meta: &ObjectMeta) -> Option<String> {
        let mut parts = meta.location.prefix_match(&self.folder)?;
        let name = parts.next()?;
        match parts.next() {
            None => name::decode(name.as_ref()),
            Some(_) => None,
        }
    }
}

fn seen(meta: &ObjectMeta) -> Seen {
    Seen {
        size: meta.size,
        modified: u64::try_from(meta.last_modified.timestamp_millis()).unwrap_or_default(),
        e_tag: meta.e_tag.clone(),
    }
}

/// What the store says, told apart: whether another attempt may help.
fn failed(error: &object_store::Error) -> Error {
    use object_store::Error as E;
    match error {
        E::Generic { .. } | E::JoinError { .. } => Error::Unavailable(error.to_string()),
        _ => Error::Backend(error.to_string()),
    }
}
