//! Key-value buckets with a bound: memory for what may be lost, SQLite for what must survive.
//!
//! Every bucket holds at most its number of bytes (keys and values together); a value that does not fit pushes out the entries that
//! were set the longest ago. Entries older than the bucket's age are gone. Nothing here knows wasmtime or HTTP.

mod memory;
mod sqlite;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use memory::Memory;
use sqlite::Sqlite;

/// Longest key in bytes.
const KEY: usize = 1024;
/// Keys in one page of a listing.
const PAGE: usize = 1000;

/// Buckets by name.
pub(crate) type Stores = BTreeMap<String, Arc<Store>>;

/// Why a bucket refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The value can never fit.
    #[error("{size} bytes do not fit into a bucket of {limit} bytes")]
    TooLarge { size: usize, limit: u64 },
    /// The key is empty or too long.
    #[error("a key has 1 to {KEY} bytes, not {0}")]
    Key(usize),
    /// A value is no number.
    #[error("a number has 8 bytes, not {0}")]
    NotANumber(usize),
    /// A sum has no place in a number.
    #[error("the sum is outside of 64 bits")]
    Overflow,
    /// The backend failed; the text is for the log.
    #[error("{0}")]
    Backend(String),
}

/// How much a bucket may hold, and how long.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// Bytes of keys and values together.
    pub(crate) max_bytes: u64,
    /// Time after which an entry is gone, counted from when it was last set.
    pub(crate) max_age: Option<Duration>,
}

/// Where a bucket is kept.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    Memory,
    Sqlite(PathBuf),
}

/// What a bucket holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes of keys and values.
    pub(crate) bytes: u64,
    pub(crate) keys: u64,
    /// Entries removed since the start to make room or for their age.
    pub(crate) evicted: u64,
}

/// Some keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// In ascending order.
    pub(crate) keys: Vec<String>,
    /// Where the next page begins, if there is one.
    pub(crate) cursor: Option<String>,
}

/// How a swap went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Swap {
    /// The new value is there.
    Done,
    /// Somebody else was faster; this is there now.
    Lost(Option<Vec<u8>>),
}

/// Milliseconds since 1970.
type Now = Arc<dyn Fn() -> u64 + Send + Sync>;

/// One bucket.
pub(crate) enum Store {
    Memory(Memory),
    Sqlite(Sqlite),
}

impl Store {
    /// Opens a bucket, creating it when it is not there.
    pub(crate) fn open(backend: &Backend, bounds: Bounds) -> Result<Self, Error> {
        Self::open_at(backend, bounds, Arc::new(unix_ms))
    }

    fn open_at(backend: &Backend, bounds: Bounds, now: Now) -> Result<Self, Error> {
        Ok(match backend {
            Backend::Memory => Self::Memory(Memory::new(bounds, now)),
            Backend::Sqlite(path) => Self::Sqlite(Sqlite::open(path, bounds, now)?),
        })
    }

    /// The value of a key.
    pub(crate) async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.get(&key)),
            Self::Sqlite(sqlite) => sqlite.get(key).await,
        }
    }

    /// Sets a value and makes room for it.
    pub(crate) async fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        check(&key)?;
        match self {
            Self::Memory(memory) => memory.set(key, value),
            Self::Sqlite(sqlite) => sqlite.set(key, value).await,
        }
    }

    /// Sets a value if what is there now is what was `seen`: the same bytes, or nothing.
    pub(crate) async fn swap(
        &self,
        key: String,
        seen: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<Swap, Error> {
        check(&key)?;
        match self {
            Self::Memory(memory) => memory.swap(key, seen.as_deref(), value),
            Self::Sqlite(sqlite) => sqlite.swap(key, seen, value).await,
        }
    }

    /// Adds to a number, which is 0 when it is not there, and returns the sum.
    pub(crate) async fn increment(&self, key: String, delta: i64) -> Result<i64, Error> {
        check(&key)?;
        match self {
            Self::Memory(memory) => memory.increment(key, delta),
            Self::Sqlite(sqlite) => sqlite.increment(key, delta).await,
        }
    }

    /// Removes a key, if it is there.
    pub(crate) async fn delete(&self, key: String) -> Result<(), Error> {
        match self {
            Self::Memory(memory) => {
                memory.delete(&key);
                Ok(())
            }
            Self::Sqlite(sqlite) => sqlite.delete(key).await,
        }
    }

    /// Whether a key has a value.
    pub(crate) async fn exists(&self, key: String) -> Result<bool, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.exists(&key)),
            Self::Sqlite(sqlite) => sqlite.exists(key).await,
        }
    }

    /// The keys after a cursor.
    pub(crate) async fn list(&self, cursor: Option<String>) -> Result<Page, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.list(cursor)),
            Self::Sqlite(sqlite) => sqlite.list(cursor).await,
        }
    }

    /// The name of its kind in the configuration.
    pub(crate) fn backend(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Sqlite(_) => "sqlite",
        }
    }

    /// What it holds now.
    pub(crate) fn usage(&self) -> Usage {
        match self {
            Self::Memory(memory) => memory.usage(),
            Self::Sqlite(sqlite) => sqlite.usage(),
        }
    }
}

impl Bounds {
    /// The size of an entry, if it can fit at all.
    fn fit(&self, key: &str, value: &[u8]) -> Result<u64, Error> {
        let size = key.len() + value.len();
        match size as u64 {
            bytes if bytes <= self.max_bytes => Ok(bytes),
            _ => Err(Error::TooLarge {
                size,
                limit: self.max_bytes,
            }),
        }
    }

    /// Entries set at or before this moment are gone.
    fn expired(&self, now_ms: u64) -> Option<u64> {
        self.max_age
            .and_then(|age| now_ms.checked_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Page {
    /// A page from at most one key more than fits.
    fn from_keys(mut keys: Vec<String>) -> Self {
        let more = keys.len() > PAGE;
        keys.truncate(PAGE);
        let cursor = if more { keys.last().cloned() } else { None };
        Self { keys, cursor }
    }
}

fn check(key: &str) -> Result<(), Error> {
    if key.is_empty() || key.len() > KEY {
        return Err(Error::Key(key.len()));
    }
    Ok(())
}

/// A number as it is kept, and a number more.
fn sum(value: Option<&[u8]>, delta: i64) -> Result<i64, Error> {
    let number = match value {
        Some(bytes) => {
            let bytes = bytes
                .try_into()
                .map_err(|_| Error::NotANumber(bytes.len()))?;
            i64::from_le_bytes(bytes)
        }
        None => 0,
    };
    number.checked_add(delta).ok_or(Error::Overflow)
}

fn unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "suite.rs"]
mod suite;
