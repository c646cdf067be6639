//! Atomic changes of objects: on a condition that the server checks, or alone with a lock on a file.

use std::fs::{File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path as FilePath, PathBuf};
use std::time::{Duration, Instant};

use object_store::path::Path;
use object_store::{PutMode, PutOptions, PutPayload, PutResult, UpdateVersion};
use tokio::sync::OnceCell;

use super::{Found, Shared, failed};
use crate::store::{Error, Swap, sum};

/// Between two attempts to lock a file, in milliseconds, and the longest pause after a lost race.
const LOCK_PAUSE: Duration = Duration::from_millis(2);
const RACE_PAUSE_MS: u64 = 50;

/// How a bucket changes objects atomically.
pub(super) enum Atomic {
    /// Writers hold this file's lock.
    Lock(PathBuf),
    /// The server checks conditions, if it does; that is tried once.
    Condition(OnceCell<bool>),
}

/// Alone until it is dropped, where that is how it is done.
pub(super) struct Alone(#[expect(dead_code, reason = "dropping it unlocks")] Option<File>);

impl Atomic {
    pub(super) fn locked(folder: &FilePath) -> Self {
        Self::Lock(folder.join(".lock"))
    }

    pub(super) fn conditional() -> Self {
        Self::Condition(OnceCell::new())
    }

    /// Waits to be alone; does nothing where conditions are used.
    pub(super) async fn lock(&self, patience: Duration) -> Result<Alone, Error> {
        let Self::Lock(path) = self else {
            return Ok(Alone(None));
        };
        let path = path.clone();
        let locked = tokio::task::spawn_blocking(move || lock(&path, patience)).await;
        let file = locked.map_err(|error| Error::Backend(error.to_string()))??;
        Ok(Alone(Some(file)))
    }
}

/// Blocks.
fn lock(path: &FilePath, patience: Duration) -> Result<File, Error> {
    let failed = |error: std::io::Error| Error::Backend(format!("{}: {error}", path.display()));
    let mut open = File::options();
    let open = open.create(true).truncate(false).write(true);
    let file = open.open(path).map_err(failed)?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if since.elapsed() < patience => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                let what = format!("{} is locked by another", path.display());
                return Err(Error::Unavailable(what));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

impl Shared {
    pub(super) async fn swap(
        &self,
        key: &str,
        expected: Option<Vec<u8>>,
        value: &[u8],
    ) -> Result<Swap, Error> {
        self.check_conditions().await?;
        let _alone = self.atomic.lock(self.patience).await?;
        loop {
            let found = self.read(key).await?;
            let mode = self.mode(found.as_ref());
            let now = found.filter(|it| it.is_fresh).map(|it| it.value);
            if now != expected {
                return Ok(Swap::Lost(now));
            }
            // After a lost race it may still be what was seen; the limit of the request ends this.
            if self.put(key, value, mode).await?.is_ok() {
                return Ok(Swap::Done);
            }
            pause().await;
        }
    }

    pub(super) async fn increment(&self, key: &str, delta: i64) -> Result<i64, Error> {
        self.check_conditions().await?;
        let _alone = self.atomic.lock(self.patience).await?;
        loop {
            let found = self.read(key).await?;
            let mode = self.mode(found.as_ref());
            let now = found.filter(|it| it.is_fresh).map(|it| it.value);
            let sum = sum(now.as_deref(), delta)?;
            if self.put(key, &sum.to_le_bytes(), mode).await?.is_ok() {
                return Ok(sum);
            }
            pause().await;
        }
    }

    /// The condition that what was found is still there.
    fn mode(&self, found: Option<&Found>) -> PutMode {
        match (&self.atomic, found) {
            (Atomic::Lock(_), _) => PutMode::Overwrite,
            (Atomic::Condition(_), None) => PutMode::Create,
            (Atomic::Condition(_), Some(found)) => PutMode::Update(UpdateVersion {
                e_tag: found.e_tag.clone(),
                version: None,
            }),
        }
    }

    /// Refuses where the server takes no notice of conditions.
    async fn check_conditions(&self) -> Result<(), Error> {
        let Atomic::Condition(checked) = &self.atomic else {
            return Ok(());
        };
        match checked.get_or_try_init(|| self.try_conditions()).await? {
            true => Ok(()),
            false => Err(Error::Unsupported),
        }
    }

    /// Whether the server refuses what it should: to create what is there, and to replace what is not there any more.
    async fn try_conditions(&self) -> Result<bool, Error> {
        // Not a name of a key, and not that of another host that tries the same now.
        let random = RandomState::new().hash_one(0_u8);
        let path = self
            .folder
            .clone()
            .join(format!(".condition-{random:016x}"));
        let put = async |text: &'static str, mode| self.put_raw(&path, text, mode).await;
        let first = put("first", PutMode::Create).await?;
        let again = put("again", PutMode::Create).await?;
        let of_first = PutMode::Update(UpdateVersion {
            e_tag: first.clone().flatten(),
            version: None,
        });
        let replaced = put("second", of_first.clone()).await?;
        let late = put("late", of_first).await?;
        self.remove(&path).await?;
        let works = first.is_some() && again.is_none() && replaced.is_some() && late.is_none();
        if !works {
            tracing::warn!(
                store = %self.store,
                "this server takes no notice of conditions: no atomic changes in this bucket"
            );
        }
        Ok(works)
    }

    /// The entity tag, or none when the server refuses.
    async fn put_raw(
        &self,
        path: &Path,
        text: &'static str,
        mode: PutMode,
    ) -> Result<Option<Option<String>>, Error> {
        use object_store::Error as E;
        let options = PutOptions {
            mode,
            ..PutOptions::default()
        };
        let put = self
            .store
            .put_opts(path, PutPayload::from_static(text.as_bytes()), options);
        match put.await {
            Ok(PutResult { e_tag, .. }) => Ok(Some(e_tag)),
            Err(E::AlreadyExists { .. } | E::Precondition { .. } | E::NotImplemented { .. }) => {
                Ok(None)
            }
            Err(error) => Err(failed(&error)),
        }
    }
}

/// For a moment that differs between those who race.
async fn pause() {
    let ms = RandomState::new().hash_one(0_u8) % RACE_PAUSE_MS;
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
