//! What a stage that asks a server needs of the place where it runs beside the way to the server: time, chance, a store, a bus.
//!
//! In a component the store is `wasi:keyvalue` and the bus `colloquy:events` (see `wasi`). [`Alone`] has neither.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime};

use crate::breaker::State;

/// Looks at the value of a key and gives the one that is to replace it, or none to leave it. Called again when somebody else was faster.
pub type Edit<'a> = dyn FnMut(Option<&[u8]>) -> Option<Vec<u8>> + 'a;

/// Why a store could not be used, in words for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoStore(pub String);

/// A breaker that went from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The server's origin.
    pub upstream: String,
    /// Where the breaker was.
    pub before: State,
    /// Where it is.
    pub now: State,
    /// Failures in a row so far.
    pub n_failures: u32,
}

/// The place where a stage runs.
pub trait Surroundings {
    /// Milliseconds since 1970.
    fn unix_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since
            .ok()
            .and_then(|since| u64::try_from(since.as_millis()).ok())
            .unwrap_or_default()
    }

    /// Time that only goes forward, from any beginning.
    fn uptime(&self) -> Duration {
        thread_local! {
            static BEGINNING: Instant = Instant::now();
        }
        BEGINNING.with(Instant::elapsed)
    }

    /// Waits.
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    /// Any number. Not for secrets.
    fn random(&self) -> u64 {
        // The keys of a hash map are the standard library's only random numbers.
        RandomState::new().hash_one(self.unix_ms())
    }

    /// Replaces a value in the store that all instances share, in one step.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    fn edit(&self, key: &str, edit: &mut Edit<'_>) -> Result<(), NoStore>;

    /// Tells everybody.
    fn tell(&self, change: Change);
}

/// No store and no bus: what an instance learns of a server it learns for itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Surroundings for Alone {
    fn edit(&self, _key: &str, _edit: &mut Edit<'_>) -> Result<(), NoStore> {
        Err(NoStore("there is no store".to_owned()))
    }

    fn tell(&self, _change: Change) {}
}
