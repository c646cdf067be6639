//! A bucket in memory, lost with the process.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Bounds, Error, Now, PAGE, Page, Swap, Usage, sum};

struct Entry {
    value: Vec<u8>,
    turn: u64,
    at: u64,
}

#[derive(Default)]
struct Entries {
    by_key: BTreeMap<String, Entry>,
    /// Keys in the order in which they were set.
    by_turn: BTreeMap<u64, String>,
    next_turn: u64,
    bytes: u64,
    evicted: u64,
}

/// A bucket in memory.
pub(crate) struct Memory {
    bounds: Bounds,
    now: Now,
    entries: Mutex<Entries>,
}

impl Memory {
    pub(super) fn new(bounds: Bounds, now: Now) -> Self {
        Self {
            bounds,
            now,
            entries: Mutex::default(),
        }
    }

    /// The entries, without those that are too old.
    fn fresh(&self) -> MutexGuard<'_, Entries> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(expired) = self.bounds.expired((self.now)()) {
            while entries.oldest().is_some_and(|at| at <= expired) {
                entries.evict();
            }
        }
        entries
    }

    pub(super) async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.fresh().value(&key).map(<[u8]>::to_vec))
    }

    pub(super) async fn exists(&self, key: String) -> Result<bool, Error> {
        Ok(self.fresh().by_key.contains_key(&key))
    }

    pub(super) async fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        let size = self.bounds.fit(&key, &value)?;
        self.put(&mut self.fresh(), key, value, size);
        Ok(())
    }

    pub(super) async fn swap(
        &self,
        key: String,
        seen: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<Swap, Error> {
        let size = self.bounds.fit(&key, &value)?;
        let mut entries = self.fresh();
        let found = entries.value(&key);
        if found != seen.as_deref() {
            return Ok(Swap::Lost(found.map(<[u8]>::to_vec)));
        }
        self.put(&mut entries, key, value, size);
        Ok(Swap::Done)
    }

    pub(super) async fn increment(&self, key: String, delta: i64) -> Result<i64, Error> {
        let mut entries = self.fresh();
        let sum = sum(entries.value(&key), delta)?;
        let value = sum.to_le_bytes().to_vec();
        let size = self.bounds.fit(&key, &value)?;
        self.put(&mut entries, key, value, size);
        Ok(sum)
    }

    /// Sets a value of a size that fits, and makes room for it.
    fn put(&self, entries: &mut Entries, key: String, value: Vec<u8>, size: u64) {
        entries.remove(&key);
        while entries.bytes + size > self.bounds.max_bytes {
            entries.evict();
        }
        let turn = entries.next_turn;
        entries.next_turn += 1;
        entries.bytes += size;
        entries.by_turn.insert(turn, key.clone());
        let at = (self.now)();
        entries.by_key.insert(key, Entry { value, turn, at });
    }

    pub(super) async fn delete(&self, key: String) -> Result<(), Error> {
        self.fresh().remove(&key);
        Ok(())
    }

    pub(super) async fn list(&self, cursor: Option<String>) -> Result<Page, Error> {
        let after = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = self.fresh();
        let keys = entries.by_key.range((after, Bound::Unbounded));
        let keys = keys.take(PAGE + 1).map(|(key, _)| key.clone());
        Ok(Page::from_keys(keys.collect()))
    }

    pub(super) async fn probe(&self) -> Result<(), Error> {
        Ok(())
    }

    pub(super) fn usage(&self) -> Usage {
        let entries = self.fresh();
        Usage {
            bytes: entries.bytes,
            keys: entries.by_key.len() as u64,
            evicted: entries.evicted,
        }
    }
}

impl Entries {
    fn value(&self, key: &str) -> Option<&[u8]> {
        self.by_key.get(key).map(|entry| entry.value.as_slice())
    }

    /// When the oldest entry was set.
    fn oldest(&self) -> Option<u64> {
        let (_, key) = self.by_turn.first_key_value()?;
        self.by_key.get(key).map(|entry| entry.at)
    }

    fn evict(&mut self) {
        if let Some((_, key)) = self.by_turn.first_key_value() {
            let key = key.clone();
            self.remove(&key);
            self.evicted += 1;
        }
    }

    fn remove(&mut self, key: &str) {
        if let Some(entry) = self.by_key.remove(key) {
            self.by_turn.remove(&entry.turn);
            self.bytes -= (key.len() + entry.value.len()) as u64;
        }
    }
}
