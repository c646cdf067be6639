//! Removes what has ended. Any host can, one does at a time. Where the host asks for it, no request pays for it; elsewhere one pays for a
//! little of it.
//!
//! The key `sweep` says when the next one is due and who is at it, so that the question costs one small read. A sweep looks at the slots
//! of the index that are due, of audio first and then of sessions. With each of them it stops after [`AT_MOST`] things or [`BUDGET`], and
//! says so; then the next one is due soon.
//!
//! Something that fails does not stop it: what cannot be read is passed over and told, and what becomes of it is in [`super::damage`].
//! Such a sweep is not complete either.
//!
//! It also counts the audio again. The count that limits go by is kept by sums, and a host that dies between a removal and its sum leaves
//! it wrong. A difference that two sweeps in a row find is taken out: one alone may be audio that is being stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    SESSION, Store,
    audio::{BYTES, Outcome},
    damage,
    edit::{Change, edit},
    index::{Entry, Index, Slot},
    record::{Over, Record, Why, is_unreadable, unreadable},
};
use crate::{
    contract::events::{Event, Removal, Swept},
    ids,
    ports::Bucket,
    problem::Problem,
    security::log,
    session::AudioRef,
};

/// Most things of one kind that a sweep removes or looks at. What fails is not counted: it would keep others from their turn.
const AT_MOST: usize = 200;

/// How long a sweep may take for one kind, but for the thing at hand.
pub(super) const BUDGET: Duration = Duration::from_millis(250);

/// How long a sweep is taken to be at work. One that was not done by then is forgotten.
const CLAIM_MS: u64 = 60_000;

/// When the next one is due after one that has left something.
const SOON_MS: u64 = 1_000;

/// Most slots whose audio is counted.
const COUNT_AT_MOST: usize = 200;

const STATE: &str = "sweep";

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// When the next one is due, in milliseconds since 1970.
    next_ms: u64,
    /// Who is at it; empty when nobody is.
    owner: String,
    /// Until when that counts.
    until_ms: u64,
    /// Bytes that the last one found to be missing from the count.
    missing: i64,
}

/// What a sweep has done so far.
struct Work<'a> {
    sessions: &'a dyn Bucket,
    since: Duration,
    left: usize,
    n_sessions: u32,
    n_audio: u32,
    /// Whether nothing is left for which there was no time.
    is_enough: bool,
    /// What has failed: how much of it, and how the first of it did.
    n_failed: u32,
    failure: Option<Problem>,
}

impl Work<'_> {
    fn failed(&mut self, problem: Problem) {
        self.n_failed += 1;
        self.failure.get_or_insert(problem);
    }

    /// Another kind of thing has as much time and as many places as the one before.
    fn begin(&mut self, now: Duration) {
        self.since = now;
        self.left = AT_MOST;
    }
}

/// What came of the wish to sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// It was not due, or somebody else is at it, or it was done.
    Enough,
    /// There was more than one sweep may remove; the next one is due soon.
    More,
}

impl Store<'_> {
    /// What a request does at its end where nobody else asks for it: removes what has ended, if a sweep is due. Never fails: the next one
    /// tries again.
    pub fn sweep(&self) {
        if self.config.security.task_header.is_none() {
            let _tried = self.try_sweep();
        }
    }

    /// Removes what has ended, if a sweep is due.
    ///
    /// # Errors
    /// When the store of the sessions fails before there is anything to sweep.
    pub fn try_sweep(&self) -> Result<Tried, Problem> {
        let sessions = self.sessions()?;
        let sessions = sessions.as_ref();
        let now_ms = self.now_ms();
        let is_due = |state: &State| {
            state.next_ms <= now_ms && (state.owner.is_empty() || state.until_ms <= now_ms)
        };
        if !is_due(&read(sessions.get(STATE)?.as_deref())) {
            return Ok(Tried::Enough);
        }
        let owner = ids::new();
        let claimed = edit(sessions, STATE, |seen| {
            let mut state = read(seen);
            if !is_due(&state) {
                return Ok(Change::Leave(None));
            }
            state.owner.clone_from(&owner);
            state.until_ms = now_ms.saturating_add(CLAIM_MS);
            Ok(Change::Write(write(&state)?, Some(state)))
        })?;
        let Some(claimed) = claimed else {
            return Ok(Tried::Enough);
        };
        let begun = self.ports.now();
        let mut work = Work {
            sessions,
            since: begun,
            left: AT_MOST,
            n_sessions: 0,
            n_audio: 0,
            is_enough: true,
            n_failed: 0,
            failure: None,
        };
        // Whatever becomes of the one, the other is looked at.
        if let Err(problem) = self.sweep_audio(&mut work, now_ms) {
            work.failed(problem);
        }
        work.begin(self.ports.now());
        if let Err(problem) = self.sweep_sessions(&mut work, now_ms) {
            work.failed(problem);
        }
        let missing = self
            .count_again(sessions, claimed.missing)
            .unwrap_or_else(|problem| {
                work.failed(problem);
                0
            });
        let every_ms = self.config.sessions.sweep_every_ms;
        // What fails now would fail again in a moment.
        let wait_ms = if work.is_enough {
            every_ms
        } else {
            SOON_MS.min(every_ms)
        };
        edit(sessions, STATE, |seen| {
            let mut state = read(seen);
            if state.owner != owner {
                return Ok(Change::Leave(()));
            }
            state.owner.clear();
            state.next_ms = now_ms.saturating_add(wait_ms);
            state.missing = missing;
            Ok(Change::Write(write(&state)?, ()))
        })?;
        let took = self.ports.now().saturating_sub(begun);
        self.ports.publish(Event::Swept(Swept {
            n_sessions: work.n_sessions,
            n_audio: work.n_audio,
            is_complete: work.is_enough && work.n_failed == 0,
            took_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
        }));
        if let Some(problem) = &work.failure {
            // No ids: whoever has one has the session or the audio.
            log::tell(format_args!(
                "a sweep could not read or remove all that has ended; {} left, the first because: {}",
                work.n_failed,
                if is_unreadable(problem) {
                    "a record is damaged, or of another version"
                } else {
                    problem.detail.as_str()
                }
            ));
        }
        Ok(if work.is_enough {
            Tried::Enough
        } else {
            Tried::More
        })
    }

    fn sweep_audio(&self, work: &mut Work<'_>, now_ms: u64) -> Result<(), Problem> {
        let index = self.audio_index(work.sessions);
        self.each_due(work, &index, now_ms, |work, slot, entry| {
            let Entry(id, _) = entry;
            let taken = self.take_audio(work.sessions, id, Removal::Expired, false);
            let (outcome, _) = match taken {
                Err(_) if damage::is_given_up(slot.0, now_ms) => {
                    self.discard_audio(work.sessions, entry)?
                }
                taken => taken?,
            };
            work.n_audio += u32::from(matches!(outcome, Outcome::Removed(_)));
            // Somebody who is served it as it ends is not cut short.
            Ok(outcome != Outcome::InUse)
        })
    }

    fn sweep_sessions(&self, work: &mut Work<'_>, now_ms: u64) -> Result<(), Problem> {
        let index = self.session_index(work.sessions);
        self.each_due(work, &index, now_ms, |work, slot, entry| {
            match self.sweep_session(work, &index, entry, now_ms) {
                Err(_) if damage::is_given_up(slot.0, now_ms) => {
                    self.discard_session(work.sessions, entry)?;
                }
                swept => swept?,
            }
            Ok(true)
        })
    }

    /// Hands over what is due, in order, and takes out of the index what is done. Stops when the work is enough for now. What fails stays
    /// where it is.
    fn each_due<'b>(
        &self,
        work: &mut Work<'b>,
        index: &Index<'_>,
        now_ms: u64,
        mut done_with: impl FnMut(&mut Work<'b>, Slot, &Entry) -> Result<bool, Problem>,
    ) -> Result<(), Problem> {
        let due = |slot: &Slot| slot.0 <= now_ms;
        for slot in index.directory()?.into_iter().take_while(due) {
            let entries = match index.entries(slot) {
                Ok(entries) => entries,
                Err(problem) if damage::is_given_up(slot.0, now_ms) && is_unreadable(&problem) => {
                    // Nobody knows what was in it.
                    index.close(slot)?;
                    continue;
                }
                Err(problem) => {
                    work.failed(problem);
                    continue;
                }
            };
            let mut gone = Vec::new();
            let mut is_stopped = false;
            for entry in entries {
                let is_late = self.ports.now().saturating_sub(work.since) > BUDGET;
                if work.left == 0 || is_late {
                    work.is_enough = false;
                    is_stopped = true;
                    break;
                }
                match done_with(work, slot, &entry) {
                    Ok(is_done) => {
                        work.left -= 1;
                        gone.extend(is_done.then_some(entry));
                    }
                    Err(problem) => work.failed(problem),
                }
            }
            if index.remove(slot, &gone)? == 0 {
                index.close(slot)?;
            }
            if is_stopped {
                break;
            }
        }
        Ok(())
    }

    /// A session whose end was due: it may have gone on. One that has not is remembered as expired for as long again.
    fn sweep_session(
        &self,
        work: &mut Work<'_>,
        index: &Index<'_>,
        entry: &Entry,
        now_ms: u64,
    ) -> Result<(), Problem> {
        let Entry(id, born) = entry;
        let key = format!("{SESSION}{id}");
        let ttl_ms = self.config.session_ttl_ms;
        let prefix = id
            .rsplit_once('~')
            .map_or(String::new(), |(tenant, _)| format!("{tenant}~"));
        let next = edit(work.sessions, &key, |seen| {
            Ok(match seen.map(Record::read).transpose()? {
                None => Change::Leave(Next::Nothing),
                Some(Record::Live(session)) if session.born != *born => {
                    Change::Leave(Next::Nothing)
                }
                Some(Record::Live(session)) if !self.has_expired(&session) => {
                    let lease = session.lease.as_ref().map_or(0, |lease| lease.until_ms);
                    Change::Leave(Next::Again(session.expires_at_ms(ttl_ms).max(lease)))
                }
                Some(Record::Live(session)) => {
                    let over = Over::new(Why::Expired, now_ms, Vec::new());
                    Change::Write(
                        Record::Over(over).write()?,
                        Next::Expired(Box::new(session)),
                    )
                }
                Some(Record::Over(over)) => {
                    let forget_at_ms = over.at_ms.saturating_add(ttl_ms);
                    if over.over == Why::Expired && now_ms < forget_at_ms {
                        Change::Leave(Next::Again(forget_at_ms))
                    } else if over.is_being_removed(now_ms) {
                        Change::Leave(Next::Again(now_ms.saturating_add(CLAIM_MS)))
                    } else {
                        let leaving = Over::new(Why::Leaving, now_ms, over.audio.clone());
                        Change::Write(Record::Over(leaving).write()?, Next::Forget(over.audio))
                    }
                }
            })
        })?;
        let again = |at_ms: u64| index.add(at_ms.max(now_ms.saturating_add(1_000)), entry);
        match next {
            Next::Nothing => {}
            Next::Again(at_ms) => {
                again(at_ms)?;
            }
            Next::Expired(session) => {
                again(now_ms.saturating_add(ttl_ms))?;
                work.n_sessions += 1;
                self.tell_end(&session);
                for audio in &session.audio {
                    let id = format!("{prefix}{}", audio.id);
                    let removal = Removal::SessionEnded;
                    // What stays has an end of its own.
                    match self.remove_audio(work.sessions, &id, removal, false) {
                        Ok(Outcome::Removed(_)) => work.n_audio += 1,
                        Ok(_) => {}
                        Err(problem) => work.failed(problem),
                    }
                }
            }
            Next::Forget(audio) => {
                self.remove_all(work.sessions, &prefix, &audio)?;
                work.sessions.delete(&key)?;
            }
        }
        Ok(())
    }

    /// Compares the count of bytes with the index; gives what is missing from it now, for the next time.
    fn count_again(&self, sessions: &dyn Bucket, missing_before: i64) -> Result<i64, Problem> {
        let index = self.audio_index(sessions);
        let slots = index.directory()?;
        if slots.len() > COUNT_AT_MOST {
            return Ok(0);
        }
        let counted = sessions.increment(BYTES, 0)?;
        let mut listed = 0_i64;
        for slot in slots {
            for Entry(_, n_bytes) in index.entries(slot)? {
                listed = listed.saturating_add(i64::try_from(n_bytes).unwrap_or(i64::MAX));
            }
        }
        let missing = listed.saturating_sub(counted);
        if missing != 0 && missing == missing_before {
            sessions.increment(BYTES, missing)?;
            return Ok(0);
        }
        Ok(missing)
    }
}

/// What becomes of a session that was due.
enum Next {
    Nothing,
    Again(u64),
    Expired(Box<crate::session::Session>),
    Forget(Vec<AudioRef>),
}

/// One that cannot be read is as good as none: a sweep is due, and writes another.
fn read(bytes: Option<&[u8]>) -> State {
    bytes
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .unwrap_or_default()
}

fn write(state: &State) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(state).map_err(|_| unreadable())
}
