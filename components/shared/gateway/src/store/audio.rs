//! Audio: kept, served, removed, within limits.
//!
//! Three things in this order: an entry in the index of ends, the meta entry, the bytes in a bucket of their own. They go in the other
//! order, so that whatever stops in the middle is found by the sweep at the end of its time at the latest. Whoever swaps the meta entry
//! for a marked one has removed the audio: the count of bytes and the event are theirs.

use std::time::Duration;

use super::{
    Store,
    edit::{Change, edit},
    index::{Entry, Index, Slot},
    meta::{Meta, Phase},
    record::{is_unreadable, unreadable},
};
use crate::{
    contract::events::{AudioRemoved, AudioStored, Event, Removal},
    envelope::{self, Header},
    ids,
    ports::{Bucket, StoreError},
    problem::Problem,
    session::{AudioRef, Session},
};

/// Most audio that one new piece makes room for.
const EVICT_AT_MOST: usize = 64;

/// How long that may take, but for the piece at hand. Should there be too much then, the bucket has a bound of its own.
const EVICT_BUDGET: Duration = Duration::from_millis(250);

pub(super) const AUDIO: &str = "audio:";
pub(super) const META: &str = "audio-meta:";
/// Bytes of all audio, a number.
pub(super) const BYTES: &str = "audio-bytes";

/// Audio that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAudio {
    /// What it is.
    pub meta: Meta,
    /// The envelope.
    pub bytes: Vec<u8>,
    /// Where in `bytes` the audio begins.
    pub start: usize,
}

/// Audio that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What the session is to remember.
    pub audio: AudioRef,
    /// Ids of older audio of the session that had to go.
    pub evicted: Vec<String>,
}

/// What became of a wish to remove audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is gone, and this many bytes with it.
    Removed(u64),
    /// It was gone already.
    Gone,
    /// Somebody is being served it.
    InUse,
}

impl Store<'_> {
    /// Keeps audio, for a session or for itself. None when it is larger than all that may be kept.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep_audio(
        &self,
        session: Option<&Session>,
        content_type: &str,
        content: &[u8],
    ) -> Result<Option<Kept>, Problem> {
        let limits = &self.config.sessions;
        let n_bytes = content.len() as u64;
        let most = match session {
            Some(_) => limits.audio_bytes_each.min(limits.audio_bytes),
            None => limits.audio_bytes,
        };
        if n_bytes > most {
            return Ok(None);
        }
        let evicted = session.map_or(Ok(Vec::new()), |session| {
            self.make_room(session, limits.audio_bytes_each - n_bytes)
        })?;
        let sessions = self.sessions()?;
        let index = self.audio_index(sessions.as_ref());
        let now_ms = self.now_ms();
        let audio = AudioRef {
            id: ids::new(),
            expires_at_ms: now_ms.saturating_add(self.config.audio_ttl_ms),
            n_bytes,
        };
        let id = self.full(&audio.id);
        let session_id = session.map(|session| session.session_id.clone());
        let slot = index.add(audio.expires_at_ms, &Entry(id.clone(), n_bytes))?;
        let times = [now_ms, audio.expires_at_ms];
        let meta = Meta::new(session_id.clone(), content_type, n_bytes, times, slot);
        sessions.set(&format!("{META}{id}"), &meta.write()?)?;
        sessions.increment(BYTES, signed(n_bytes))?;
        self.ports.publish(Event::AudioStored(AudioStored {
            session_id: session_id.unwrap_or_default(),
            n_bytes,
        }));
        let stored = self
            .evict(sessions.as_ref(), &id)
            .and_then(|()| self.put(&id, &meta, content));
        if let Err(problem) = stored {
            // As if it had never been. Should that fail as well, the sweep finds it.
            let _kept = self.remove_audio(sessions.as_ref(), &id, Removal::Evicted, true);
            return Err(problem);
        }
        Ok(Some(Kept { audio, evicted }))
    }

    /// What is known of audio; none when there is none, or no longer.
    ///
    /// # Errors
    /// When the store fails, or holds something that cannot be read.
    pub fn audio_meta(&self, id: &str) -> Result<Option<Meta>, Problem> {
        let sessions = self.sessions()?;
        let Some(bytes) = sessions.get(&format!("{META}{}", self.full(id)))? else {
            return Ok(None);
        };
        let meta = Meta::read(&bytes)?;
        let is_there = !matches!(meta.phase(self.now_ms()), Phase::Expired | Phase::Deleted);
        Ok(is_there.then_some(meta))
    }

    /// Audio with all of its bytes, to be served; none when there is none, or no longer. Nothing but the end of its session removes it
    /// before the bytes are here.
    ///
    /// # Errors
    /// When the store fails, or holds something that cannot be read.
    pub fn audio(&self, id: &str) -> Result<Option<StoredAudio>, Problem> {
        let sessions = self.sessions()?;
        let id = self.full(id);
        let now_ms = self.now_ms();
        let meta = edit(sessions.as_ref(), &format!("{META}{id}"), |seen| {
            let Some(bytes) = seen else {
                return Ok(Change::Leave(None));
            };
            let mut meta = Meta::read(bytes)?;
            if matches!(meta.phase(now_ms), Phase::Expired | Phase::Deleted) {
                return Ok(Change::Leave(None));
            }
            if meta.serve(now_ms) {
                Ok(Change::Write(meta.write()?, Some(meta)))
            } else {
                Ok(Change::Leave(Some(meta)))
            }
        })?;
        let Some(meta) = meta else {
            return Ok(None);
        };
        let Some(bytes) = self.audio_bucket()?.get(&format!("{AUDIO}{id}"))? else {
            // The bucket has lost it, such as one in memory at a restart, so that nobody needs to count it any longer.
            self.remove_audio(sessions.as_ref(), &id, Removal::Evicted, true)?;
            return Ok(None);
        };
        let (header, start) = envelope::open(&bytes).ok_or_else(unreadable)?;
        // Bytes of other audio are not what was asked for, whoever put them there.
        let is_same = header.session_id == meta.session_id.as_deref().unwrap_or_default();
        let n_bytes = bytes.len().saturating_sub(start);
        if !is_same || n_bytes as u64 != meta.n_bytes {
            return Err(unreadable());
        }
        Ok(Some(StoredAudio { meta, bytes, start }))
    }

    /// Removes audio that a turn has kept and cannot hand over.
    pub(super) fn forget_audio(&self, id: &str) -> Result<(), Problem> {
        let sessions = self.sessions()?;
        let id = self.full(id);
        self.remove_audio(sessions.as_ref(), &id, Removal::SessionEnded, true)?;
        Ok(())
    }

    /// Removes audio by its full id, unless it is being served and `at_once` is false.
    pub(super) fn remove_audio(
        &self,
        sessions: &dyn Bucket,
        id: &str,
        reason: Removal,
        at_once: bool,
    ) -> Result<Outcome, Problem> {
        let (outcome, slot) = self.take_audio(sessions, id, reason, at_once)?;
        if let (Outcome::Removed(n_bytes), Some(slot)) = (outcome, slot) {
            let entry = Entry(id.to_owned(), n_bytes);
            self.audio_index(sessions).remove(slot, &[entry])?;
        }
        Ok(outcome)
    }

    /// The same, but for the entry in the index.
    pub(super) fn take_audio(
        &self,
        sessions: &dyn Bucket,
        id: &str,
        reason: Removal,
        at_once: bool,
    ) -> Result<(Outcome, Option<Slot>), Problem> {
        let key = format!("{META}{id}");
        let now_ms = self.now_ms();
        let found = edit(sessions, &key, |seen| {
            let Some(bytes) = seen else {
                return Ok(Change::Leave(None));
            };
            let mut meta = Meta::read(bytes)?;
            if meta.phase(now_ms) == Phase::Deleted {
                // Somebody is at it, or has stopped in the middle.
                return Ok(Change::Leave(Some((Outcome::Gone, meta))));
            }
            if !at_once && meta.is_being_served(now_ms) {
                return Ok(Change::Leave(Some((Outcome::InUse, meta))));
            }
            meta.mark_removed(reason);
            let outcome = Outcome::Removed(meta.n_bytes);
            Ok(Change::Write(meta.write()?, Some((outcome, meta))))
        })?;
        let Some((outcome, meta)) = found else {
            return Ok((Outcome::Gone, None));
        };
        if outcome == Outcome::InUse {
            return Ok((outcome, Some(meta.slot)));
        }
        if let Outcome::Removed(n_bytes) = outcome {
            sessions.increment(BYTES, -signed(n_bytes))?;
            self.ports.publish(Event::AudioRemoved(AudioRemoved {
                was_served: meta.was_served(),
                session_id: meta.session_id.unwrap_or_default(),
                n_bytes,
                reason,
            }));
        }
        self.audio_bucket()?.delete(&format!("{AUDIO}{id}"))?;
        sessions.delete(&key)?;
        Ok((outcome, Some(meta.slot)))
    }

    pub(super) fn audio_index<'b>(&self, bucket: &'b dyn Bucket) -> Index<'b> {
        Index {
            bucket,
            name: "audio",
            width_ms: super::index::width_ms(self.config.audio_ttl_ms),
        }
    }

    /// Removes the oldest audio of a session until no more than `limit` bytes are left; gives the ids.
    fn make_room(&self, session: &Session, limit: u64) -> Result<Vec<String>, Problem> {
        let now_ms = self.now_ms();
        let live = || {
            session
                .audio
                .iter()
                .filter(|audio| audio.expires_at_ms > now_ms)
        };
        let mut left: u64 = live().map(|audio| audio.n_bytes).sum();
        let mut evicted = Vec::new();
        if left <= limit {
            return Ok(evicted);
        }
        let sessions = self.sessions()?;
        // Some may have made room for audio of other sessions already.
        let mut there = Vec::new();
        for audio in live() {
            match self.audio_meta(&audio.id) {
                Ok(Some(_)) => there.push(audio),
                Ok(None) => {
                    evicted.push(audio.id.clone());
                    left = left.saturating_sub(audio.n_bytes);
                }
                // It stays, as what is being served does.
                Err(problem) if is_unreadable(&problem) => {}
                Err(problem) => return Err(problem),
            }
        }
        for audio in there {
            if left <= limit {
                break;
            }
            let id = self.full(&audio.id);
            let outcome = self.remove_audio(sessions.as_ref(), &id, Removal::Evicted, false)?;
            if outcome != Outcome::InUse {
                evicted.push(audio.id.clone());
                left = left.saturating_sub(audio.n_bytes);
            }
        }
        Ok(evicted)
    }

    /// Removes the oldest audio of all until no more than the limit is left. What is being served stays, and so do what cannot be read, which
    /// somebody else may be able to, and `new`.
    fn evict(&self, sessions: &dyn Bucket, new: &str) -> Result<(), Problem> {
        // Others may be at it as well, so the count is looked at each time.
        let is_too_much = || -> Result<bool, Problem> {
            let total = sessions.increment(BYTES, 0)?;
            Ok(u64::try_from(total).is_ok_and(|total| total > self.config.sessions.audio_bytes))
        };
        if !is_too_much()? {
            return Ok(());
        }
        let index = self.audio_index(sessions);
        let since = self.ports.now();
        let mut n_evicted = 0;
        for slot in index.directory()? {
            for Entry(id, _) in index.entries(slot).unwrap_or_default() {
                if id == new {
                    continue;
                }
                if self.ports.now().saturating_sub(since) > EVICT_BUDGET {
                    return Ok(());
                }
                let removed = self.remove_audio(sessions, &id, Removal::Evicted, false);
                if !matches!(removed, Ok(Outcome::Removed(_) | Outcome::Gone)) {
                    continue;
                }
                n_evicted += 1;
                if n_evicted == EVICT_AT_MOST || !is_too_much()? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn put(&self, id: &str, meta: &Meta, content: &[u8]) -> Result<(), Problem> {
        let header = Header {
            session_id: meta.session_id.clone().unwrap_or_default(),
            content_type: meta.content_type.clone(),
            expires_at_ms: meta.expires_at_ms,
        };
        let bytes = envelope::seal(&header, content).map_err(|_| unreadable())?;
        let put: Result<(), StoreError> = self.audio_bucket()?.set(&format!("{AUDIO}{id}"), &bytes);
        Ok(put?)
    }
}

pub(super) fn signed(n_bytes: u64) -> i64 {
    i64::try_from(n_bytes).unwrap_or(i64::MAX)
}
