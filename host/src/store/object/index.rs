//! What this process knows of a bucket of objects: which there are, how large, and when they were set.
//!
//! Its own writes are known exactly. Those of others are known from listings, by the time that the server gives; in between, the index
//! may be behind. An object is told apart from what was there before by its entity tag and the server's time of its last change.

use std::collections::{BTreeMap, BTreeSet};

/// What a listing, or an answer, says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) size: u64,
    /// Milliseconds since 1970 on the server's clock.
    pub(super) modified: u64,
    pub(super) e_tag: Option<String>,
}

#[derive(Debug)]
struct Entry {
    /// When it was set, in milliseconds since 1970.
    at: u64,
    turn: u64,
    /// Of key and value.
    bytes: u64,
    e_tag: Option<String>,
    /// The server's time, once it is known.
    modified: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    by_key: BTreeMap<String, Entry>,
    by_time: BTreeSet<(u64, u64, String)>,
    next_turn: u64,
    pub(super) bytes: u64,
    pub(super) n_evicted: u64,
}

impl Index {
    pub(super) fn n_keys(&self) -> u64 {
        self.by_key.len() as u64
    }

    /// A value that this process has set.
    pub(super) fn set(&mut self, key: String, size: u64, at: u64, e_tag: Option<String>) {
        self.insert(key, size, at, e_tag, None);
    }

    /// An object that is there; when it was set.
    pub(super) fn met(&mut self, key: &str, seen: &Seen) -> u64 {
        if let Some(entry) = self.by_key.get_mut(key)
            && entry.e_tag == seen.e_tag
            && *entry.modified.get_or_insert(seen.modified) == seen.modified
        {
            return entry.at;
        }
        let (size, at) = (seen.size, seen.modified);
        self.insert(key.to_owned(), size, at, seen.e_tag.clone(), Some(at));
        at
    }

    fn insert(
        &mut self,
        key: String,
        size: u64,
        at: u64,
        e_tag: Option<String>,
        modified: Option<u64>,
    ) {
        self.remove(&key);
        let bytes = key.len() as u64 + size;
        let turn = self.next_turn;
        self.next_turn += 1;
        self.bytes += bytes;
        self.by_time.insert((at, turn, key.clone()));
        let entry = Entry {
            at,
            turn,
            bytes,
            e_tag,
            modified,
        };
        self.by_key.insert(key, entry);
    }

    pub(super) fn remove(&mut self, key: &str) {
        if let Some(entry) = self.by_key.remove(key) {
            self.by_time.remove(&(entry.at, entry.turn, key.to_owned()));
            self.bytes -= entry.bytes;
        }
    }

    /// Bytes of a key and its value.
    pub(super) fn bytes_of(&self, key: &str) -> u64 {
        self.by_key.get(key).map_or(0, |entry| entry.bytes)
    }

    /// Takes the oldest entry out, other than `but`, if it was set at or before `expired`, or if more than `most` bytes are there.
    pub(super) fn evict(&mut self, but: &str, expired: Option<u64>, most: u64) -> Option<String> {
        let mut oldest = self.by_time.iter().filter(|(_, _, key)| key != but);
        let (at, _, key) = oldest.next()?;
        if self.bytes <= most && expired.is_none_or(|expired| *at > expired) {
            return None;
        }
        let key = key.clone();
        self.remove(&key);
        self.n_evicted += 1;
        Some(key)
    }

    /// Marks the beginning of a listing.
    pub(super) fn mark(&self) -> u64 {
        self.next_turn
    }

    /// After a whole listing: what it had not, and was known when it began, is gone.
    pub(super) fn keep(&mut self, listed: &BTreeSet<String>, mark: u64) {
        let gone: Vec<String> = self
            .by_key
            .iter()
            .filter(|(key, entry)| entry.turn < mark && !listed.contains(*key))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(size: u64, modified: u64, e_tag: &str) -> Seen {
        Seen {
            size,
            modified,
            e_tag: Some(e_tag.into()),
        }
    }

    #[test]
    fn own_writes_keep_their_time_until_somebody_else_writes() {
        let mut index = Index::default();
        index.set("k".into(), 5, 100, Some("a".into()));
        assert_eq!(index.met("k", &seen(5, 7000, "a")), 100);
        assert_eq!(index.met("k", &seen(5, 7000, "a")), 100);
        // The same value, set again by another.
        assert_eq!(index.met("k", &seen(5, 8000, "a")), 8000);
        assert_eq!(index.met("k", &seen(9, 9000, "b")), 9000);
        assert_eq!((index.bytes, index.n_keys()), (10, 1));
    }

    #[test]
    fn a_listing_does_not_take_what_was_set_meanwhile() {
        let mut index = Index::default();
        index.set("gone".into(), 1, 1, None);
        index.set("listed".into(), 1, 2, None);
        let mark = index.mark();
        index.set("new".into(), 1, 3, None);
        index.keep(&BTreeSet::from(["listed".to_owned()]), mark);
        assert_eq!((index.bytes_of("gone"), index.n_keys()), (0, 2));
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut index = Index::default();
        for (n, key) in ["a", "b", "c"].into_iter().enumerate() {
            index.set(key.into(), 9, n as u64, None);
        }
        assert_eq!(index.evict("", None, 30), None);
        assert_eq!(index.evict("", Some(0), 30), Some("a".into()));
        assert_eq!(index.evict("b", None, 15), Some("c".into()));
        assert_eq!(index.evict("b", None, 1), None);
        assert_eq!((index.bytes, index.n_evicted), (10, 2));
    }
}
