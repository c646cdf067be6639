//! Key-value buckets with a bound: memory for what may be lost, SQLite for what must survive, Redis and object storage for what several
//! hosts share.
//!
//! Every bucket holds at most its number of bytes (keys and values together); a value that does not fit pushes out the entries that
//! were set the longest ago. Entries older than the bucket's age are gone. What each backend cannot promise is in docs/stores.md.
//! Whoever asks gets an answer in a bounded time, also from a store that is away. Nothing here knows wasmtime.

mod health;
mod memory;
pub(crate) mod object;
pub(crate) mod redis;
mod sqlite;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use health::Health;
use memory::Memory;
use object::Object;
use redis::Redis;
use sqlite::Sqlite;

use crate::metrics::Metrics;

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
    /// The key is too long for the names of this backend.
    #[error("a key has at most {0} bytes here, and what is no letter or digit counts three")]
    Name(usize),
    /// The backend cannot do it.
    #[error("this store makes no atomic changes")]
    Unsupported,
    /// The backend cannot be reached now; the text is for the log. Whether a change was made is not known.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
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
    Redis(redis::Settings),
    Object(object::Settings),
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
pub(crate) struct Store {
    kind: Kind,
    max_bytes: u64,
    health: Arc<Health>,
    /// Its name, and where its answers are counted.
    watch: Option<(Arc<str>, Metrics)>,
}

enum Kind {
    Memory(Memory),
    Sqlite(Sqlite),
    Redis(Redis),
    Object(Object),
}

/// The same question to whichever backend it is; what the answer tells of the backend is noted.
macro_rules! ask {
    ($store:ident, $bucket:ident.$question:ident($($argument:expr),*)) => {{
        let since = Instant::now();
        let answer = match &$store.kind {
            Kind::Memory($bucket) => $bucket.$question($($argument),*).await,
            Kind::Sqlite($bucket) => $bucket.$question($($argument),*).await,
            Kind::Redis($bucket) => $bucket.$question($($argument),*).await,
            Kind::Object($bucket) => $bucket.$question($($argument),*).await,
        };
        $store.noted(stringify!($question), since, answer)
    }};
}

impl Store {
    /// Opens a bucket, creating it when it is not there. A server that is away is no error here. Needs a runtime.
    pub(crate) fn open(backend: &Backend, bounds: Bounds) -> Result<Self, Error> {
        Self::open_at(backend, bounds, None)
    }

    /// With another clock than the backend's own.
    fn open_at(backend: &Backend, bounds: Bounds, now: Option<Now>) -> Result<Self, Error> {
        let max_bytes = bounds.max_bytes;
        let health = Arc::new(Health::new(backend.to_string()));
        let local = || now.clone().unwrap_or_else(|| Arc::new(unix_ms));
        let kind = match backend {
            Backend::Memory => Kind::Memory(Memory::new(bounds, local())),
            Backend::Sqlite(path) => Kind::Sqlite(Sqlite::open(path, bounds, local())?),
            Backend::Redis(settings) => {
                Kind::Redis(Redis::open(settings, bounds, now, Arc::clone(&health))?)
            }
            Backend::Object(settings) => {
                let health = Arc::clone(&health);
                Kind::Object(Object::open(settings, bounds, local(), health)?)
            }
        };
        Ok(Self {
            kind,
            max_bytes,
            health,
            watch: None,
        })
    }

    /// The same, counted under this name.
    pub(crate) fn watched(mut self, name: &str, metrics: &Metrics) -> Self {
        let name = name.into();
        metrics.has_bucket(&name);
        self.watch = Some((name, metrics.clone()));
        self
    }

    /// The name of the backend, as configuration has it.
    pub(crate) fn backend(&self) -> &'static str {
        match &self.kind {
            Kind::Memory(_) => "memory",
            Kind::Sqlite(_) => "sqlite",
            Kind::Redis(_) => "redis",
            Kind::Object(_) => "object",
        }
    }

    /// Most bytes of keys and values.
    pub(crate) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Why the bucket cannot be used, as far as is known without asking; none when it can.
    pub(crate) fn failure(&self) -> Option<String> {
        self.health.failure()
    }

    /// Asks the backend whether it is there, and what it holds.
    pub(crate) async fn probe(&self) -> Result<(), Error> {
        ask!(self, bucket.probe())
    }

    /// The value of a key.
    pub(crate) async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        ask!(self, bucket.get(key))
    }

    /// Sets a value and makes room for it.
    pub(crate) async fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        check(&key)?;
        ask!(self, bucket.set(key, value))
    }

    /// Sets a value if what is there now is what was `seen`: the same bytes, or nothing.
    pub(crate) async fn swap(
        &self,
        key: String,
        seen: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<Swap, Error> {
        check(&key)?;
        ask!(self, bucket.swap(key, seen, value))
    }

    /// Adds to a number, which is 0 when it is not there, and returns the sum.
    pub(crate) async fn increment(&self, key: String, delta: i64) -> Result<i64, Error> {
        check(&key)?;
        ask!(self, bucket.increment(key, delta))
    }

    /// Removes a key, if it is there.
    pub(crate) async fn delete(&self, key: String) -> Result<(), Error> {
        ask!(self, bucket.delete(key))
    }

    /// Whether a key has a value.
    pub(crate) async fn exists(&self, key: String) -> Result<bool, Error> {
        ask!(self, bucket.exists(key))
    }

    /// The keys after a cursor.
    pub(crate) async fn list(&self, cursor: Option<String>) -> Result<Page, Error> {
        ask!(self, bucket.list(cursor))
    }

    fn noted<T>(
        &self,
        question: &'static str,
        since: Instant,
        answer: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some((name, metrics)) = &self.watch {
            let failed = match &answer {
                Err(Error::Unavailable(_)) => Some("unavailable"),
                Err(Error::Backend(_)) => Some("failed"),
                _ => None,
            };
            metrics.bucket_asked(name, question, since.elapsed(), failed);
        }
        match &answer {
            // The backend tells of its absence itself, and when that is over.
            Err(Error::Unavailable(_)) => {}
            Err(Error::Backend(why)) => self.health.failed(why),
            _ => self.health.works(),
        }
        answer
    }

    /// What it held when it was last asked.
    pub(crate) fn usage(&self) -> Usage {
        match &self.kind {
            Kind::Memory(bucket) => bucket.usage(),
            Kind::Sqlite(bucket) => bucket.usage(),
            Kind::Redis(bucket) => bucket.usage(),
            Kind::Object(bucket) => bucket.usage(),
        }
    }
}

impl Backend {
    /// Where on the disks of this machine it keeps its values, if it does.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Memory | Self::Redis(_) => None,
            Self::Sqlite(path) => path.parent(),
            Self::Object(settings) => settings.folder(),
        }
    }
}

/// For the log: without secrets.
impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Redis(settings) => write!(f, "{settings:?}"),
            Self::Object(settings) => write!(f, "{settings:?}"),
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
mod suite;
