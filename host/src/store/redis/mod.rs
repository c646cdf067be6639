//! A bucket in a Redis server, which several hosts may share.
//!
//! A bucket is four keys of the server with its name in braces, so that a cluster keeps them in one place. Every operation is one call of
//! one script (`bucket.lua`): reading and then writing, the bound, and the order of eviction are atomic there, for all hosts. Ages are
//! counted by the server's clock. Nothing is asked twice: after a lost connection nobody knows whether a change was made.

mod link;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{
    Client, ConnectionInfo, ErrorKind, FromRedisValue, IntoConnectionInfo, RedisError, Script,
    Value,
};

use super::health::Health;
use super::{Bounds, Error, Now, PAGE, Page, Swap, Usage};
use link::Link;

const SCRIPT: &str = include_str!("bucket.lua");

/// Where a bucket is.
#[derive(Clone)]
pub(crate) struct Settings {
    server: ConnectionInfo,
    /// Before the names of the bucket's keys.
    prefix: String,
    patience: Duration,
}

/// Has the credentials left out.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, database) = (self.server.addr(), self.server.redis_settings().db());
        write!(f, "{} at {address}, database {database}", self.prefix)
    }
}

impl Settings {
    /// `credentials` are a password, or a user and a password with a colon between them.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub(crate) fn new(
        url: &str,
        credentials: Option<&str>,
        prefix: String,
        patience: Duration,
    ) -> Result<Self, &'static str> {
        let shape = "is not an address such as `redis://127.0.0.1:6379/0`, or `rediss://` for TLS";
        let (scheme, rest) = url.split_once("://").ok_or(shape)?;
        if !matches!(scheme, "redis" | "rediss") || rest.contains(['?', '#']) {
            return Err(shape);
        }
        if rest.contains('@') {
            return Err("must not have a password in it: use `credentials`");
        }
        let server = url.into_connection_info().map_err(|_| shape)?;
        let mut redis = server.redis_settings().clone();
        if let Some(credentials) = credentials {
            redis = match credentials.split_once(':') {
                Some((user, password)) => redis.set_username(user).set_password(password),
                None => redis.set_password(credentials),
            };
        }
        Ok(Self {
            server: server.set_redis_settings(redis),
            prefix,
            patience,
        })
    }
}

/// A bucket in a Redis server.
pub(crate) struct Redis {
    link: Link,
    health: Arc<Health>,
    script: Script,
    keys: [String; 4],
    bounds: Bounds,
    /// For tests; otherwise the server's time counts.
    now: Option<Now>,
    usage: Mutex<Usage>,
}

/// How the script ended, when it is not 0 for done.
const LOST: u8 = 1;
const NOT_A_NUMBER: u8 = 2;
const OVERFLOW: u8 = 3;

impl Redis {
    /// Begins to connect; the server may be away. Needs a runtime.
    pub(super) fn open(
        settings: &Settings,
        bounds: Bounds,
        now: Option<Now>,
        health: Arc<Health>,
    ) -> Result<Self, Error> {
        let client = Client::open(settings.server.clone())
            .map_err(|error| Error::Backend(error.to_string()))?;
        let prefix = &settings.prefix;
        let keys = ["values", "order", "names", "total"].map(|part| format!("{prefix}:{part}"));
        Ok(Self {
            link: Link::new(client, settings.patience, Arc::clone(&health)),
            health,
            script: Script::new(SCRIPT),
            keys,
            bounds,
            now,
            usage: Mutex::default(),
        })
    }

    /// Runs one operation of the script. The whole answer is read before its first part is judged.
    async fn run<T: FromRedisValue>(
        &self,
        operation: &str,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<(u8, T), Error> {
        let Some(mut lent) = self.link.lend().await else {
            let why = self.health.failure();
            return Err(Error::Unavailable(
                why.unwrap_or_else(|| "not connected".into()),
            ));
        };
        let age = self.bounds.max_age.map_or(0, |age| age.as_millis());
        let now = self.now.as_ref().map_or(0, |now| now() * 1000);
        let mut call = self.script.prepare_invoke();
        for key in &self.keys {
            call.key(key);
        }
        call.arg(operation)
            .arg(self.bounds.max_bytes)
            .arg(age.to_string())
            .arg(now)
            .arg(key);
        for argument in arguments {
            call.arg(*argument);
        }
        let answered = call.invoke_async::<Value>(&mut lent.connection).await;
        let answer = answered.map_err(|error| {
            if error.is_io_error() || error.is_unrecoverable_error() {
                self.link.lose(&lent, &error);
                return Error::Unavailable(error.to_string());
            }
            refused(&error)
        })?;
        let (status, what, bytes, keys, n_evicted): (u8, Value, u64, u64, u64) =
            redis::from_redis_value(answer).map_err(|error| unexpected(&error))?;
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        (usage.bytes, usage.keys) = (bytes, keys);
        usage.evicted += n_evicted;
        drop(usage);
        if status == NOT_A_NUMBER || status == OVERFLOW {
            let length = redis::from_redis_value(what).unwrap_or_default();
            return Err(match status {
                OVERFLOW => Error::Overflow,
                _ => Error::NotANumber(length),
            });
        }
        let what = redis::from_redis_value(what).map_err(|error| unexpected(&error))?;
        Ok((status, what))
    }

    pub(super) async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.run("get", &key, &[]).await?.1)
    }

    pub(super) async fn exists(&self, key: String) -> Result<bool, Error> {
        Ok(self.run("exists", &key, &[]).await?.1)
    }

    pub(super) async fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        self.bounds.fit(&key, &value)?;
        let (_, ()) = self.run("set", &key, &[&value]).await?;
        Ok(())
    }

    pub(super) async fn swap(
        &self,
        key: String,
        seen: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<Swap, Error> {
        self.bounds.fit(&key, &value)?;
        let is_seen: &[u8] = if seen.is_some() { b"1" } else { b"0" };
        let seen = seen.unwrap_or_default();
        let (status, found) = self.run("swap", &key, &[&value, is_seen, &seen]).await?;
        Ok(match status {
            LOST => Swap::Lost(found),
            _ => Swap::Done,
        })
    }

    pub(super) async fn increment(&self, key: String, delta: i64) -> Result<i64, Error> {
        let delta = delta.to_le_bytes();
        self.bounds.fit(&key, &delta)?;
        let (_, sum): (_, Vec<u8>) = self.run("increment", &key, &[&delta]).await?;
        super::sum(Some(&sum), 0)
    }

    pub(super) async fn delete(&self, key: String) -> Result<(), Error> {
        let (_, ()) = self.run("delete", &key, &[]).await?;
        Ok(())
    }

    pub(super) async fn list(&self, cursor: Option<String>) -> Result<Page, Error> {
        let limit = (PAGE + 1).to_string();
        let cursor = cursor.unwrap_or_default();
        let (_, keys) = self.run("list", &cursor, &[limit.as_bytes()]).await?;
        Ok(Page::from_keys(keys))
    }

    pub(super) async fn probe(&self) -> Result<(), Error> {
        let (_, ()) = self.run("usage", "", &[]).await?;
        Ok(())
    }

    pub(super) fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer of the server that is an error. While it loads its file, or its master is away, it will be of use later.
fn refused(error: &RedisError) -> Error {
    use redis::ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain};
    match error.kind() {
        ErrorKind::Server(BusyLoading | ClusterDown | MasterDown | ReadOnly | TryAgain) => {
            Error::Unavailable(error.to_string())
        }
        _ if error.code() == Some("OOM") => Error::Unavailable(error.to_string()),
        _ => Error::Backend(error.to_string()),
    }
}

fn unexpected(error: &redis::ParsingError) -> Error {
    Error::Backend(format!("an answer of another kind: {error}"))
}
