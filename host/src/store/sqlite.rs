//! A bucket in an SQLite file, on a thread of its own.
//!
//! What was set is on its way to the disk before `set` returns: the write-ahead log survives the death of the process (not, in the
//! last moments, that of the machine; `synchronous = NORMAL`). Requests wait in a bounded channel and are served in order. The file
//! belongs to one process: another that writes to it would make the count of bytes wrong until the next start.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{mpsc, oneshot};

use super::{Bounds, Error, Now, PAGE, Page, Usage};

/// Requests that may wait.
const QUEUE: usize = 64;
/// How long to wait for another process that has the file locked.
const LOCKED: Duration = Duration::from_secs(5);
/// Version of the table below, kept in the file.
const SCHEMA: i64 = 1;
/// `turn` grows with every set, so that its order is the order of eviction.
const CREATE: &str = "
    CREATE TABLE IF NOT EXISTS entry (
        turn INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        at INTEGER NOT NULL,
        value BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS entry_at ON entry (at);
";

/// The size of an entry in bytes, in SQL.
const SIZE: &str = "length(CAST(key AS BLOB)) + length(value)";

type Job = Box<dyn FnOnce(&mut File) + Send>;

/// A bucket in a file.
pub(crate) struct Sqlite {
    jobs: mpsc::Sender<Job>,
    usage: Arc<Mutex<Usage>>,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Backend(error.to_string())
    }
}

impl Sqlite {
    /// Opens the file, creating it and its folder, and starts the thread.
    pub(super) fn open(path: &Path, bounds: Bounds, now: Now) -> Result<Self, Error> {
        let failed =
            |error: &dyn std::fmt::Display| Error::Backend(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        let mut file = File::open(path, bounds, now).map_err(|error| failed(&error))?;
        let usage = Arc::clone(&file.usage);
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let thread = thread::Builder::new().name("sqlite".into());
        thread
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    job(&mut file);
                }
            })
            .map_err(|error| failed(&error))?;
        Ok(Self { jobs, usage })
    }

    /// Runs on the thread.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut File) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let gone = || Error::Backend("the thread of the store is gone".into());
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |file| {
            let _caller_left = answer.send(job(file));
        });
        self.jobs.send(job).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    pub(super) async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        self.run(move |file| file.get(&key)).await
    }

    pub(super) async fn exists(&self, key: String) -> Result<bool, Error> {
        self.run(move |file| file.exists(&key)).await
    }

    pub(super) async fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        self.run(move |file| file.set(&key, &value)).await
    }

    pub(super) async fn delete(&self, key: String) -> Result<(), Error> {
        self.run(move |file| file.delete(&key)).await
    }

    pub(super) async fn list(&self, cursor: Option<String>) -> Result<Page, Error> {
        self.run(move |file| file.list(cursor.as_deref())).await
    }

    pub(super) fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The open file; lives on the thread.
struct File {
    connection: Connection,
    bounds: Bounds,
    now: Now,
    usage: Arc<Mutex<Usage>>,
}

impl File {
    fn open(path: &Path, bounds: Bounds, now: Now) -> Result<Self, Error> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(LOCKED)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version > SCHEMA {
            return Err(Error::Backend(format!(
                "the file has version {version}, this program knows up to {SCHEMA}"
            )));
        }
        connection.execute_batch(CREATE)?;
        connection.pragma_update(None, "user_version", SCHEMA)?;
        let usage = count(&connection)?;
        Ok(Self {
            connection,
            bounds,
            now,
            usage: Arc::new(Mutex::new(usage)),
        })
    }

    /// Entries set after this moment count, in milliseconds since 1970.
    fn fresh(&self) -> i64 {
        let expired = self.bounds.expired((self.now)());
        expired.map_or(i64::MIN, |ms| i64::try_from(ms).unwrap_or(i64::MAX))
    }

    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT value FROM entry WHERE key = ?1 AND at > ?2")?;
        Ok(statement
            .query_row(params![key, self.fresh()], |row| row.get(0))
            .optional()?)
    }

    fn exists(&self, key: &str) -> Result<bool, Error> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM entry WHERE key = ?1 AND at > ?2")?;
        Ok(statement.exists(params![key, self.fresh()])?)
    }

    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), Error> {
        let size = self.bounds.fit(key, value)?;
        let (fresh, at) = (
            self.fresh(),
            i64::try_from((self.now)()).unwrap_or(i64::MAX),
        );
        let mut usage = self.usage();
        let transaction = self.connection.transaction()?;
        let expired = remove(&transaction, &mut usage, "at <= ?1", [fresh])?;
        remove(&transaction, &mut usage, "key = ?1", [key])?;
        let mut pushed_out = 0;
        while usage.keys > 0 && usage.bytes + size > self.bounds.max_bytes {
            pushed_out += remove(
                &transaction,
                &mut usage,
                "turn = (SELECT min(turn) FROM entry)",
                [],
            )?;
        }
        transaction
            .prepare_cached("INSERT INTO entry (key, at, value) VALUES (?1, ?2, ?3)")?
            .execute(params![key, at, value])?;
        transaction.commit()?;
        let Usage {
            bytes,
            keys,
            evicted,
        } = usage;
        self.tell(Usage {
            bytes: bytes + size,
            keys: keys + 1,
            evicted: evicted + expired + pushed_out,
        });
        Ok(())
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        let mut usage = self.usage();
        remove(&self.connection, &mut usage, "key = ?1", [key])?;
        self.tell(usage);
        Ok(())
    }

    fn list(&self, cursor: Option<&str>) -> Result<Page, Error> {
        let mut statement =
            self.connection.prepare_cached("SELECT key FROM entry WHERE (?1 IS NULL OR key > ?1) AND at > ?2 ORDER BY key LIMIT ?3")?;
        let keys = statement
            .query_map(params![cursor, self.fresh(), (PAGE + 1) as i64], |row| {
                row.get(0)
            })?;
        Ok(Page::from_keys(keys.collect::<Result<_, _>>()?))
    }

    fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, usage: Usage) {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = usage;
    }
}

/// Bytes and entries in the file.
fn count(connection: &Connection) -> Result<Usage, Error> {
    let sql = format!("SELECT coalesce(sum({SIZE}), 0), count(*) FROM entry");
    let (bytes, keys): (i64, i64) =
        connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Usage {
        bytes: bytes.unsigned_abs(),
        keys: keys.unsigned_abs(),
        evicted: 0,
    })
}

/// Removes the entries that meet a condition, takes them off `usage`, and returns how many there were.
fn remove(
    connection: &Connection,
    usage: &mut Usage,
    condition: &str,
    with: impl rusqlite::Params,
) -> Result<u64, Error> {
    let mut statement = connection.prepare_cached(&format!(
        "DELETE FROM entry WHERE {condition} RETURNING {SIZE}"
    ))?;
    let sizes = statement.query_map(with, |row| row.get::<_, i64>(0))?;
    let mut removed = 0;
    for size in sizes {
        usage.bytes = usage.bytes.saturating_sub(size?.unsigned_abs());
        removed += 1;
    }
    usage.keys = usage.keys.saturating_sub(removed);
    Ok(removed)
}
