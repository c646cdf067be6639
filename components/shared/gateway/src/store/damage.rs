//! What cannot be read: passed over for a day after its end, then removed.
//!
//! A record may be damaged, or of another version: in a rolling upgrade there are two for a while, and the other host reads it well. So
//! nothing is destroyed at once, and it is removed without having been read only when nobody has in [`GRACE_MS`]. What can be read is never
//! removed here, however late it is: then the store has failed and not the record.
//!
//! A session that is removed so tells no end, because nobody knows what was in it. Its audio has ends of its own.

use super::{
    SESSION, Store,
    audio::{AUDIO, BYTES, META, Outcome, signed},
    edit::{Change, edit},
    index::{Entry, Slot},
    meta::Meta,
    record::{Record, unreadable},
};
use crate::{
    contract::events::{AudioRemoved, Event, Removal},
    ports::Bucket,
    problem::Problem,
};

/// How long something that nobody can read is kept past its end: longer than an upgrade of all hosts takes.
pub(super) const GRACE_MS: u64 = 24 * 60 * 60 * 1_000;

/// Whether what ended with that slot has been kept for long enough.
pub(super) fn is_given_up(slot_ends_at_ms: u64, now_ms: u64) -> bool {
    slot_ends_at_ms.saturating_add(GRACE_MS) <= now_ms
}

impl Store<'_> {
    /// Removes audio whose meta entry cannot be read. Its number of bytes is in the index, too.
    pub(super) fn discard_audio(
        &self,
        sessions: &dyn Bucket,
        entry: &Entry,
    ) -> Result<(Outcome, Option<Slot>), Problem> {
        let Entry(id, n_bytes) = entry;
        let key = format!("{META}{id}");
        blank(sessions, &key, |bytes| Meta::read(bytes).is_ok())?;
        self.audio_bucket()?.delete(&format!("{AUDIO}{id}"))?;
        sessions.increment(BYTES, -signed(*n_bytes))?;
        self.ports.publish(Event::AudioRemoved(AudioRemoved {
            session_id: String::new(),
            n_bytes: *n_bytes,
            reason: Removal::Expired,
            was_served: false,
        }));
        sessions.delete(&key)?;
        Ok((Outcome::Removed(*n_bytes), None))
    }

    /// Removes a session that cannot be read.
    pub(super) fn discard_session(
        &self,
        sessions: &dyn Bucket,
        Entry(id, _): &Entry,
    ) -> Result<(), Problem> {
        let key = format!("{SESSION}{id}");
        blank(sessions, &key, |bytes| Record::read(bytes).is_ok())?;
        Ok(sessions.delete(&key)?)
    }
}

/// Empties a value that cannot be read, so that what is deleted next is nothing that somebody has written a moment ago.
fn blank(
    bucket: &dyn Bucket,
    key: &str,
    is_readable: impl Fn(&[u8]) -> bool,
) -> Result<(), Problem> {
    edit(bucket, key, |seen| match seen {
        None | Some([]) => Ok(Change::Leave(())),
        Some(bytes) if is_readable(bytes) => Err(unreadable()),
        Some(_) => Ok(Change::Write(Vec::new(), ())),
    })
}
