//! Removes what has ended. Any host can, one does at a time, and no request pays for much of it.
//!
//! The key `sweep` says when the next one is due and who is at it, so that the question costs one small read. A sweep looks at the slots
//! of the index that are due, stops after [`AT_MOST`] removals or [`BUDGET`], and says so; then the next one is due soon.
//!
//! It also counts the audio again. The count that limits go by is kept by sums, and a host that dies between a removal and its sum leaves
//! it wrong. A difference that two sweeps in a row find is taken out: one alone may be audio that is being stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    SESSION, Store,
    audio::{BYTES, Outcome},
    edit::{Change, edit},
    index::{Entry, Index, Slot},
    record::{Over, Record, Why, unreadable},
};
use crate::{
    contract::events::{Event, Removal, Swept},
    ids,
    ports::Bucket,
    problem::Problem,
    session::AudioRef,
};

/// Most things that one sweep looks at.
const AT_MOST: usize = 200;

/// How long one may take, but for the thing at hand.
const BUDGET: Duration = Duration::from_millis(250);

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
    is_complete: bool,
}

impl Store<'_> {
    /// Removes what has ended, if a sweep is due. Never fails: the next one tries again.
    pub fn sweep(&self) {
        let _tried = self.try_sweep();
    }

    pub(super) fn try_sweep(&self) -> Result<(), Problem> {
        let sessions = self.sessions()?;
        let sessions = sessions.as_ref();
        let now_ms = self.now_ms();
        let is_due = |state: &State| {
            state.next_ms <= now_ms && (state.owner.is_empty() || state.until_ms <= now_ms)
        };
        if !is_due(&read(sessions.get(STATE)?.as_deref())?) {
            return Ok(());
        }
        let owner = ids::new();
        let claimed = edit(sessions, STATE, |seen| {
            let mut state = read(seen)?;
            if !is_due(&state) {
                return Ok(Change::Leave(None));
            }
            state.owner.clone_from(&owner);
            state.until_ms = now_ms.saturating_add(CLAIM_MS);
            Ok(Change::Write(write(&state)?, Some(state)))
        })?;
        let Some(claimed) = claimed else {
            return Ok(());
        };
        let mut work = Work {
            sessions,
            since: self.ports.now(),
            left: AT_MOST,
            n_sessions: 0,
            n_audio: 0,
            is_complete: true,
        };
        let swept = self
            .sweep_audio(&mut work, now_ms)
            .and_then(|()| self.sweep_sessions(&mut work, now_ms))
            .and_then(|()| self.count_again(sessions, claimed.missing));
        let wait_ms = if work.is_complete {
            self.config.sessions.sweep_every_ms
        } else {
            SOON_MS.min(self.config.sessions.sweep_every_ms)
        };
        edit(sessions, STATE, |seen| {
            let mut state = read(seen)?;
            if state.owner != owner {
                return Ok(Change::Leave(()));
            }
            state.owner.clear();
            state.next_ms = now_ms.saturating_add(wait_ms);
            state.missing = swept.as_ref().copied().unwrap_or_default();
            Ok(Change::Write(write(&state)?, ()))
        })?;
        let took = self.ports.now().saturating_sub(work.since);
        self.ports.publish(Event::Swept(Swept {
            n_sessions: work.n_sessions,
            n_audio: work.n_audio,
            is_complete: work.is_complete,
            took_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
        }));
        swept.map(drop)
    }

    fn sweep_audio(&self, work: &mut Work<'_>, now_ms: u64) -> Result<(), Problem> {
        let index = self.audio_index(work.sessions);
        self.each_due(work, &index, now_ms, |work, Entry(id, _)| {
            let (outcome, _) = self.take_audio(work.sessions, id, Removal::Expired, false)?;
            work.n_audio += u32::from(matches!(outcome, Outcome::Removed(_)));
            // Somebody who is served it as it ends is not cut short.
            Ok(outcome != Outcome::InUse)
        })
    }

    fn sweep_sessions(&self, work: &mut Work<'_>, now_ms: u64) -> Result<(), Problem> {
        let index = self.session_index(work.sessions);
        self.each_due(work, &index, now_ms, |work, entry| {
            self.sweep_session(work, &index, entry, now_ms)?;
            Ok(true)
        })
    }

    /// Hands over what is due, in order, and takes out of the index what is done. Stops when the work is enough for now.
    fn each_due<'b>(
        &self,
        work: &mut Work<'b>,
        index: &Index<'_>,
        now_ms: u64,
        mut done_with: impl FnMut(&mut Work<'b>, &Entry) -> Result<bool, Problem>,
    ) -> Result<(), Problem> {
        let due = |slot: &Slot| slot.0 <= now_ms;
        for slot in index.directory()?.into_iter().take_while(due) {
            let mut gone = Vec::new();
            let mut failure = None;
            for entry in index.entries(slot)? {
                let is_late = self.ports.now().saturating_sub(work.since) > BUDGET;
                if work.left == 0 || is_late {
                    work.is_complete = false;
                    break;
                }
                work.left -= 1;
                match done_with(work, &entry) {
                    Ok(true) => gone.push(entry),
                    Ok(false) => {}
                    Err(problem) => {
                        failure = Some(problem);
                        break;
                    }
                }
            }
            let n_left = index.remove(slot, &gone)?;
            if let Some(problem) = failure {
                return Err(problem);
            }
            if n_left == 0 {
                index.close(slot)?;
            }
            if !work.is_complete {
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
                    let outcome = self.remove_audio(work.sessions, &id, removal, false)?;
                    work.n_audio += u32::from(matches!(outcome, Outcome::Removed(_)));
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

fn read(bytes: Option<&[u8]>) -> Result<State, Problem> {
    bytes.map_or(Ok(State::default()), |bytes| {
        serde_json::from_slice(bytes).map_err(|_| unreadable())
    })
}

fn write(state: &State) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(state).map_err(|_| unreadable())
}
