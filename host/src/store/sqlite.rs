//! A bucket in an SQLite file, on a thread of its own.
//!
//! What was set is on its way to the disk before `set` returns: the write-ahead log survives the death of the process (not, in the
//! last moments, that of the machine; `synchronous = NORMAL`). Requests wait in a bounded channel and are served in order.
//!
//! Several processes of one machine may have the file open: whatever reads and then writes does both in one transaction that has the
//! write lock from its start, and the count of bytes is in the file. What [`Sqlite::usage`] tells is from this process's last write.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params,
};
use tokio::sync::{mpsc, oneshot};

use super::{Bounds, Error, Now, PAGE, Page, Swap, Usage, sum};

/// Requests that may wait.
const QUEUE: usize = 64;
/// How long to wait for another process that has the file locked.
const LOCKED: Duration = Duration::from_secs(5);
/// How long to wait before the file is opened again.
const PAUSE: Duration = Duration::from_millis(20);
/// Version of the tables below, kept in the file.
const SCHEMA: i64 = 2;
/// `turn` grows with every set, so that its order is the order of eviction. `total` has one row, which the triggers keep; version 1
/// had only `entry`.
const CREATE: &str = "
    CREATE TABLE IF NOT EXISTS entry (
        turn INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        at INTEGER NOT NULL,
        value BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS entry_at ON entry (at);
    CREATE TABLE total (bytes INTEGER NOT NULL, keys INTEGER NOT NULL);
    INSERT INTO total SELECT coalesce(sum(length(CAST(key AS BLOB)) + length(value)), 0), count(*) FROM entry;
    CREATE TRIGGER entry_added AFTER INSERT ON entry BEGIN
        UPDATE total SET bytes = bytes + length(CAST(NEW.key AS BLOB)) + length(NEW.value), keys = keys + 1;
    END;
    CREATE TRIGGER entry_removed AFTER DELETE ON entry BEGIN
        UPDATE total SET bytes = bytes - length(CAST(OLD.key AS BLOB)) - length(OLD.value), keys = keys - 1;
    END;
";

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

    pub(super) async fn swap(
        &self,
        key: String,
        seen: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<Swap, Error> {
        self.run(move |file| file.swap(&key, seen, &value)).await
    }

    pub(super) async fn increment(&self, key: String, delta: i64) -> Result<i64, Error> {
        self.run(move |file| file.increment(&key, delta)).await
    }

    pub(super) async fn delete(&self, key: String) -> Result<(), Error> {
        self.run(move |file| file.delete(&key)).await
    }

    pub(super) async fn list(&self, cursor: Option<String>) -> Result<Page, Error> {
        self.run(move |file| file.list(cursor.as_deref())).await
    }

    pub(super) async fn probe(&self) -> Result<(), Error> {
        self.run(|file| Ok(total(&file.connection).map(drop)?))
            .await
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
    /// Opens the file; where others open it at the same time, after them.
    fn open(path: &Path, bounds: Bounds, now: Now) -> Result<Self, Error> {
        let since = Instant::now();
        let connection = loop {
            match connect(path) {
                Ok(connection) => break connection,
                // The change to a write-ahead log does not wait for others by itself.
                Err(Failure::Sqlite(error)) if busy(&error) && since.elapsed() < LOCKED => {
                    thread::sleep(PAUSE);
                }
                Err(Failure::Sqlite(error)) => return Err(error.into()),
                Err(Failure::Schema(version)) => {
                    return Err(Error::Backend(format!(
                        "the file has version {version}, this program knows up to {SCHEMA}"
                    )));
                }
            }
        };
        let (bytes, keys) = total(&connection)?;
        let usage = Usage {
            bytes,
            keys,
            evicted: 0,
        };
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
        Ok(value(&self.connection, key, self.fresh())?)
    }

    fn exists(&self, key: &str) -> Result<bool, Error> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM entry WHERE key = ?1 AND at > ?2")?;
        Ok(statement.exists(params![key, self.fresh()])?)
    }

    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), Error> {
        let size = self.bounds.fit(key, value)?;
        self.write(|writing| Ok(writing.put(key, value, size)?))
    }

    fn swap(&mut self, key: &str, seen: Option<Vec<u8>>, value: &[u8]) -> Result<Swap, Error> {
        let size = self.bounds.fit(key, value)?;
        self.write(|writing| {
            let found = writing.value(key)?;
            if found != seen {
                return Ok(Swap::Lost(found));
            }
            writing.put(key, value, size)?;
            Ok(Swap::Done)
        })
    }

    fn increment(&mut self, key: &str, delta: i64) -> Result<i64, Error> {
        let size = self.bounds.fit(key, &delta.to_le_bytes())?;
        self.write(|writing| {
            let sum = sum(writing.value(key)?.as_deref(), delta)?;
            writing.put(key, &sum.to_le_bytes(), size)?;
            Ok(sum)
        })
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        self.write(|writing| {
            writing.remove("key = ?1", [key])?;
            Ok(())
        })
    }

    /// One transaction that may change the file, with what is too old removed.
    fn write<T>(
        &mut self,
        job: impl FnOnce(&mut Writing<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (expired, at) = (self.fresh(), (self.now)());
        let mut usage = self.usage();
        // Locked from the start: what is read here is still so when it is written, whoever else has the file open.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut writing = Writing {
            transaction,
            max_bytes: self.bounds.max_bytes,
            at: i64::try_from(at).unwrap_or(i64::MAX),
            evicted: 0,
        };
        writing.evicted += writing.remove("at <= ?1", [expired])?;
        let done = job(&mut writing)?;
        (usage.bytes, usage.keys) = total(&writing.transaction)?;
        usage.evicted += writing.evicted;
        writing.transaction.commit()?;
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = usage;
        Ok(done)
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
}

/// A transaction with the write lock.
struct Writing<'a> {
    transaction: Transaction<'a>,
    max_bytes: u64,
    /// Now, in milliseconds since 1970.
    at: i64,
    evicted: u64,
}

impl Writing<'_> {
    fn value(&self, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
        // What is too old is gone already.
        value(&self.transaction, key, i64::MIN)
    }

    /// Sets a value of a size that fits, and makes room for it.
    fn put(&mut self, key: &str, value: &[u8], size: u64) -> rusqlite::Result<()> {
        self.remove("key = ?1", [key])?;
        loop {
            let (bytes, keys) = total(&self.transaction)?;
            if keys == 0 || bytes + size <= self.max_bytes {
                break;
            }
            self.evicted += self.remove("turn = (SELECT min(turn) FROM entry)", [])?;
        }
        self.transaction
            .prepare_cached("INSERT INTO entry (key, at, value) VALUES (?1, ?2, ?3)")?
            .execute(params![key, self.at, value])?;
        Ok(())
    }

    /// Removes the entries that meet a condition and returns how many there were.
    fn remove(&self, condition: &str, with: impl rusqlite::Params) -> rusqlite::Result<u64> {
        let sql = format!("DELETE FROM entry WHERE {condition}");
        let removed = self.transaction.prepare_cached(&sql)?.execute(with)?;
        Ok(removed as u64)
    }
}

/// Why a file cannot be used.
enum Failure {
    Sqlite(rusqlite::Error),
    /// It was made by a later program.
    Schema(i64),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// A connection to a file that has the tables.
fn connect(path: &Path) -> Result<Connection, Failure> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(LOCKED)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // What is removed is what people said: it is not left in free pages.
    connection.pragma_update(None, "secure_delete", "ON")?;
    if schema(&connection)? < SCHEMA {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Somebody else may have been faster.
        if schema(&transaction)? < SCHEMA {
            transaction.execute_batch(CREATE)?;
            transaction.pragma_update(None, "user_version", SCHEMA)?;
        }
        transaction.commit()?;
    }
    match schema(&connection)? {
        version if version > SCHEMA => Err(Failure::Schema(version)),
        _ => Ok(connection),
    }
}

fn schema(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// The value of a key that was set after a moment.
fn value(connection: &Connection, key: &str, after: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT value FROM entry WHERE key = ?1 AND at > ?2")?
        .query_row(params![key, after], |row| row.get(0))
        .optional()
}

/// Bytes and entries in the file.
fn total(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    connection
        .prepare_cached("SELECT bytes, keys FROM total")?
        .query_row([], |row| {
            let (bytes, keys): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok((bytes.unsigned_abs(), keys.unsigned_abs()))
        })
}
