//! When things end, without listing keys: a directory of slots, each slot a small list of what ends in its span of time.
//!
//! Listing is the one thing that stores do badly: it looks at everything that is there, on an object store a thousand keys for each paid
//! request. Here a sweep reads the directory and the slots that are due. All of it is in the bucket of the sessions, whatever is behind
//! that of the audio.
//!
//! Keys: `<name>-slots` is the directory, `<name>-slot:<end>:<part>` a slot. A slot that is full is followed by its next part. A slot is
//! removed when it is due and empty. Nothing is added to it any more by then: things live for a second at least, and most for minutes.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    edit::{Change, edit},
    record::unreadable,
};
use crate::{ports::Bucket, problem::Problem};

/// Entries of one part. Whoever adds one writes all of them.
const FULL: usize = 256;

/// Parts that are tried: full ones are passed over.
const PARTS: u32 = 4_096;

/// The index of one kind of thing.
pub(super) struct Index<'a> {
    pub(super) bucket: &'a dyn Bucket,
    pub(super) name: &'static str,
    /// The span of a slot in milliseconds.
    pub(super) width_ms: u64,
}

/// A part of a slot: when everything in it has ended, in milliseconds since 1970, and the part's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Slot(pub(super) u64, u32);

/// What ends: its id, and a number that goes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry(pub(super) String, pub(super) u64);

/// The span of slots for things that live that long: fine enough that little stays past its end, and never many slots.
pub(super) fn width_ms(ttl_ms: u64) -> u64 {
    (ttl_ms / 32).clamp(1_000, 86_400_000)
}

impl Index<'_> {
    /// Adds an entry that ends then; gives the slot, for [`Self::remove`].
    pub(super) fn add(&self, ends_at_ms: u64, entry: &Entry) -> Result<Slot, Problem> {
        let end = ends_at_ms
            .div_ceil(self.width_ms)
            .saturating_mul(self.width_ms);
        let first = self.directory()?.into_iter().rfind(|slot| slot.0 == end);
        let first = first.map_or(0, |slot| slot.1);
        for part in first..first.saturating_add(PARTS) {
            let slot = Slot(end, part);
            self.list(slot)?;
            if self.append(slot, entry)? {
                return Ok(slot);
            }
        }
        Err(unreadable())
    }

    /// Every slot, the one that ends first before the others.
    pub(super) fn directory(&self) -> Result<Vec<Slot>, Problem> {
        read(self.bucket.get(&self.directory_key())?.as_deref())
    }

    /// What is in a slot, in the order in which it came.
    pub(super) fn entries(&self, slot: Slot) -> Result<Vec<Entry>, Problem> {
        read(self.bucket.get(&self.slot_key(slot))?.as_deref())
    }

    /// Takes entries out of a slot; gives the number that are left.
    pub(super) fn remove(&self, slot: Slot, gone: &[Entry]) -> Result<usize, Problem> {
        edit(self.bucket, &self.slot_key(slot), |seen| {
            let mut entries: Vec<Entry> = read(seen)?;
            let before = entries.len();
            entries.retain(|entry| !gone.contains(entry));
            let left = entries.len();
            if left == before {
                return Ok(Change::Leave(left));
            }
            Ok(Change::Write(write(&entries)?, left))
        })
    }

    /// Removes a slot that is due and in which nothing is left.
    pub(super) fn close(&self, slot: Slot) -> Result<(), Problem> {
        edit(self.bucket, &self.directory_key(), |seen| {
            let mut slots: Vec<Slot> = read(seen)?;
            let before = slots.len();
            slots.retain(|other| *other != slot);
            if slots.len() == before {
                return Ok(Change::Leave(()));
            }
            Ok(Change::Write(write(&slots)?, ()))
        })?;
        Ok(self.bucket.delete(&self.slot_key(slot))?)
    }

    /// Puts a slot into the directory, if it is not there.
    fn list(&self, slot: Slot) -> Result<(), Problem> {
        edit(self.bucket, &self.directory_key(), |seen| {
            let mut slots: Vec<Slot> = read(seen)?;
            let Err(place) = slots.binary_search(&slot) else {
                return Ok(Change::Leave(()));
            };
            slots.insert(place, slot);
            Ok(Change::Write(write(&slots)?, ()))
        })
    }

    /// False when the slot is full.
    fn append(&self, slot: Slot, entry: &Entry) -> Result<bool, Problem> {
        edit(self.bucket, &self.slot_key(slot), |seen| {
            let mut entries: Vec<Entry> = read(seen)?;
            if entries.len() >= FULL {
                return Ok(Change::Leave(false));
            }
            entries.push(entry.clone());
            Ok(Change::Write(write(&entries)?, true))
        })
    }

    fn directory_key(&self) -> String {
        format!("{}-slots", self.name)
    }

    fn slot_key(&self, Slot(end, part): Slot) -> String {
        format!("{}-slot:{end}:{part}", self.name)
    }
}

fn read<T: DeserializeOwned>(bytes: Option<&[u8]>) -> Result<Vec<T>, Problem> {
    bytes.map_or(Ok(Vec::new()), |bytes| {
        serde_json::from_slice(bytes).map_err(|_| unreadable())
    })
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|_| unreadable())
}
