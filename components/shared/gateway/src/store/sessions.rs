//! Sessions: begun, used by one turn at a time, saved, ended. Every change is a swap of the whole record.
//!
//! A turn takes the session with a lease that has an end, so that a host that dies does not keep it. Its save does not depend on the
//! lease: it is applied to the session as it is by then, and to none if the session has ended meanwhile or is another one of the same id.

use std::time::Duration;

use http::StatusCode;

use super::{
    Found, SESSION, Store,
    edit::{Change, edit},
    index::{Entry, Index},
    record::{Over, Record, Why},
};
use crate::{
    contract::events::{Event, Removal, SessionEnded},
    ports::Bucket,
    problem::{Code, Problem, Retry},
    session::{AudioRef, Lease, Session},
};

/// How long a turn that waits sleeps between two looks.
const LOOK_EVERY_MS: u64 = 100;

/// How long a place in the queue is kept for a turn that does not come back for it.
const TICKET_MS: u64 = 3_000;

/// Most turns that wait for one session.
const MAX_WAITING: usize = 4;

/// What was removed with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Turns that it had kept.
    pub n_turns: usize,
    /// Audio.
    pub n_audio: usize,
}

enum Begun {
    Yes(Box<Session>),
    /// There is a place in the queue.
    Wait,
    No,
}

impl Store<'_> {
    /// Looks a session up.
    ///
    /// # Errors
    /// When the store fails, or holds something that cannot be read.
    pub fn session(&self, id: &str) -> Result<Found, Problem> {
        let bytes = self.sessions()?.get(&self.session_key(id))?;
        Ok(match bytes.map(|bytes| Record::read(&bytes)).transpose()? {
            Some(Record::Live(session)) if self.has_expired(&session) => Found::Expired,
            Some(Record::Live(session)) => Found::Live(session),
            Some(Record::Over(over)) if over.over == Why::Expired => Found::Expired,
            Some(Record::Over(_)) | None => Found::Unknown,
        })
    }

    /// The live session of that id.
    ///
    /// # Errors
    /// `SESSION_NOT_FOUND`, `SESSION_EXPIRED`; when the store fails.
    pub fn live_session(&self, id: &str) -> Result<Session, Problem> {
        match self.session(id)? {
            Found::Live(session) => Ok(session),
            Found::Expired => Err(expired()),
            Found::Unknown => Err(unknown()),
        }
    }

    /// Stores a session that is new. Of several at the same time with one id, one is stored.
    ///
    /// # Errors
    /// When there is a session of that id; when the store fails.
    pub fn create(&self, session: &Session) -> Result<(), Problem> {
        let id = &session.session_id;
        if matches!(self.session(id)?, Found::Live(_)) {
            return Err(taken());
        }
        let sessions = self.sessions()?;
        let ends_at_ms = session.expires_at_ms(self.config.session_ttl_ms);
        let entry = Entry(self.full(id), session.born);
        self.session_index(sessions.as_ref())
            .add(ends_at_ms, &entry)?;
        let now_ms = self.now_ms();
        let key = self.session_key(id);
        let before = edit(sessions.as_ref(), &key, |seen| {
            let before = seen.map(Record::read).transpose()?;
            match &before {
                Some(Record::Live(other)) if !self.has_expired(other) => return Err(taken()),
                Some(Record::Over(over)) if over.is_being_removed(now_ms) => return Err(leaving()),
                _ => {}
            }
            let new = Record::Live(session.clone()).write()?;
            Ok(Change::Write(new, before))
        })?;
        match before {
            Some(Record::Live(old)) => {
                self.tell_end(&old);
                self.remove_all(sessions.as_ref(), &self.prefix, &old.audio)?;
            }
            Some(Record::Over(over)) => {
                self.remove_all(sessions.as_ref(), &self.prefix, &over.audio)?;
            }
            None => {}
        }
        Ok(())
    }

    /// Stores a session that is new, with the audio of its first turn. The audio is removed should that fail.
    ///
    /// # Errors
    /// When there is a session of that id; when the store fails.
    pub fn create_with(
        &self,
        mut session: Session,
        kept: Option<&AudioRef>,
    ) -> Result<(), Problem> {
        session.audio.extend(kept.cloned());
        let created = self.create(&session);
        if let (Err(_), Some(audio)) = (&created, kept) {
            self.forget_audio(&audio.id)?;
        }
        created
    }

    /// Takes a session for a turn, `owner` being a name that no other turn has. A session that another turn has is waited for as long as
    /// the configuration says, first come first served.
    ///
    /// # Errors
    /// `SESSION_BUSY`, `SESSION_NOT_FOUND`, `SESSION_EXPIRED`; when the store fails.
    pub fn begin(&self, id: &str, owner: &str) -> Result<Session, Problem> {
        let sessions = self.sessions()?;
        let key = self.session_key(id);
        let since = self.ports.now();
        let wait = Duration::from_millis(self.config.sessions.wait_ms);
        loop {
            let may_wait = self.ports.now().saturating_sub(since) < wait;
            let begun = edit(sessions.as_ref(), &key, |seen| {
                let mut session = self.live(seen)?;
                let before = session.clone();
                let begun = self.try_begin(&mut session, owner, may_wait);
                if session == before {
                    return Ok(Change::Leave(begun));
                }
                Ok(Change::Write(Record::Live(session).write()?, begun))
            })?;
            match begun {
                Begun::Yes(session) => return Ok(*session),
                Begun::No => return Err(busy()),
                Begun::Wait => self.ports.sleep(Duration::from_millis(LOOK_EVERY_MS)),
            }
        }
    }

    fn try_begin(&self, session: &mut Session, owner: &str, may_wait: bool) -> Begun {
        let now_ms = self.now_ms();
        session.waiting.retain(|ticket| ticket.until_ms > now_ms);
        let is_free = !session.has_turn(now_ms);
        let is_next = session
            .waiting
            .first()
            .is_none_or(|ticket| ticket.owner == owner);
        if is_free && is_next {
            session.waiting.retain(|ticket| ticket.owner != owner);
            session.lease = Some(self.lease(owner));
            session.last_activity_ms = session.last_activity_ms.max(now_ms);
            return Begun::Yes(Box::new(session.clone()));
        }
        let place = session
            .waiting
            .iter()
            .position(|ticket| ticket.owner == owner);
        if !may_wait || place.is_none() && session.waiting.len() >= MAX_WAITING {
            session.waiting.retain(|ticket| ticket.owner != owner);
            return Begun::No;
        }
        let until_ms = now_ms.saturating_add(TICKET_MS);
        match place.and_then(|place| session.waiting.get_mut(place)) {
            // Written now and then, not at each look.
            Some(ticket) if ticket.until_ms > now_ms.saturating_add(TICKET_MS / 2) => {}
            Some(ticket) => ticket.until_ms = until_ms,
            None => session.waiting.push(Lease {
                owner: owner.to_owned(),
                until_ms,
            }),
        }
        Begun::Wait
    }

    /// Keeps a session for the turn that has it; gives until when.
    ///
    /// # Errors
    /// `SESSION_NOT_FOUND` when the session has ended meanwhile; when the store fails.
    pub fn renew(&self, session: &Session, owner: &str) -> Result<u64, Problem> {
        let sessions = self.sessions()?;
        edit(
            sessions.as_ref(),
            &self.session_key(&session.session_id),
            |seen| {
                let mut now = same(seen, session)?;
                let lease = self.lease(owner);
                let until_ms = lease.until_ms;
                if now.lease.as_ref().is_some_and(|other| other.owner != owner) {
                    // This turn was silent for too long, and another one has begun. Both are going to be saved.
                    return Ok(Change::Leave(until_ms));
                }
                now.lease = Some(lease);
                Ok(Change::Write(Record::Live(now).write()?, until_ms))
            },
        )
    }

    /// Saves what a turn has changed and lets go of the session; `change` is applied to the session as it is now, perhaps several times.
    /// Audio that the turn has kept for it is removed when the session is no more.
    ///
    /// # Errors
    /// `SESSION_NOT_FOUND` when the session has ended meanwhile; when the store fails.
    pub fn finish(
        &self,
        session: &Session,
        owner: &str,
        kept: Option<&AudioRef>,
        change: impl Fn(&mut Session),
    ) -> Result<Session, Problem> {
        let sessions = self.sessions()?;
        let saved = edit(
            sessions.as_ref(),
            &self.session_key(&session.session_id),
            |seen| {
                let mut now = same(seen, session)?;
                change(&mut now);
                let now_ms = self.now_ms();
                now.audio.retain(|audio| audio.expires_at_ms > now_ms);
                now.audio.extend(kept.cloned());
                now.lease.take_if(|lease| lease.owner == owner);
                Ok(Change::Write(Record::Live(now.clone()).write()?, now))
            },
        );
        if let (Err(_), Some(audio)) = (&saved, kept) {
            self.forget_audio(&audio.id)?;
        }
        saved
    }

    /// Lets go of a session that a turn has not changed after all.
    ///
    /// # Errors
    /// When the store fails.
    pub fn release(&self, session: &Session, owner: &str) -> Result<(), Problem> {
        let sessions = self.sessions()?;
        edit(
            sessions.as_ref(),
            &self.session_key(&session.session_id),
            |seen| {
                let Ok(mut now) = same(seen, session) else {
                    return Ok(Change::Leave(()));
                };
                if now.lease.take_if(|lease| lease.owner == owner).is_none() {
                    return Ok(Change::Leave(()));
                }
                Ok(Change::Write(Record::Live(now).write()?, ()))
            },
        )
    }

    /// Ends a session and removes its audio. A turn that is running in it fails when it notices, at its end at the latest.
    ///
    /// # Errors
    /// `SESSION_NOT_FOUND`, `SESSION_EXPIRED`; when the store fails.
    pub fn end(&self, id: &str) -> Result<Ended, Problem> {
        let sessions = self.sessions()?;
        let key = self.session_key(id);
        let now_ms = self.now_ms();
        let (session, audio) = edit(sessions.as_ref(), &key, |seen| {
            let (session, audio) = match seen.map(Record::read).transpose()? {
                // Whoever began to remove it has stopped in the middle.
                Some(Record::Over(over))
                    if over.over == Why::Leaving && !over.is_being_removed(now_ms) =>
                {
                    (None, over.audio)
                }
                _ => {
                    let session = self.live(seen)?;
                    let audio = session.audio.clone();
                    (Some(session), audio)
                }
            };
            let over = Record::Over(Over::new(Why::Leaving, now_ms, audio.clone()));
            Ok(Change::Write(over.write()?, (session, audio)))
        })?;
        if let Some(session) = &session {
            self.tell_end(session);
        }
        let n_audio = self.remove_all(sessions.as_ref(), &self.prefix, &audio)?;
        sessions.delete(&key)?;
        Ok(Ended {
            n_turns: session.map_or(0, |session| session.turns.len()),
            n_audio,
        })
    }

    /// Removes audio of a session; gives the number that there was. `prefix` is that of the session.
    pub(super) fn remove_all(
        &self,
        sessions: &dyn Bucket,
        prefix: &str,
        audio: &[AudioRef],
    ) -> Result<usize, Problem> {
        let mut n_removed = 0;
        for audio in audio {
            let id = format!("{prefix}{}", audio.id);
            let outcome = self.remove_audio(sessions, &id, Removal::SessionEnded, true)?;
            n_removed += usize::from(matches!(outcome, super::audio::Outcome::Removed(_)));
        }
        Ok(n_removed)
    }

    pub(super) fn tell_end(&self, session: &Session) {
        self.ports.publish(Event::SessionEnded(SessionEnded {
            session_id: session.session_id.clone(),
            n_turns: session.n_turns,
            duration_ms: session
                .last_activity_ms
                .saturating_sub(session.created_at_ms),
        }));
    }

    /// Nothing was said in it for too long, and nobody is about to.
    pub(super) fn has_expired(&self, session: &Session) -> bool {
        let now_ms = self.now_ms();
        session.expires_at_ms(self.config.session_ttl_ms) <= now_ms && !session.has_turn(now_ms)
    }

    pub(super) fn session_index<'b>(&self, bucket: &'b dyn Bucket) -> Index<'b> {
        Index {
            bucket,
            name: "session",
            width_ms: super::index::width_ms(self.config.session_ttl_ms),
        }
    }

    /// A session that goes on.
    fn live(&self, seen: Option<&[u8]>) -> Result<Session, Problem> {
        match seen.map(Record::read).transpose()? {
            Some(Record::Live(session)) if self.has_expired(&session) => Err(expired()),
            Some(Record::Live(session)) => Ok(session),
            Some(Record::Over(over)) if over.over == Why::Expired => Err(expired()),
            Some(Record::Over(_)) | None => Err(unknown()),
        }
    }

    fn lease(&self, owner: &str) -> Lease {
        Lease {
            owner: owner.to_owned(),
            until_ms: self.now_ms().saturating_add(self.config.sessions.lease_ms),
        }
    }

    fn session_key(&self, id: &str) -> String {
        format!("{SESSION}{}", self.full(id))
    }
}

/// The session that a turn began with, as it is now.
fn same(seen: Option<&[u8]>, begun: &Session) -> Result<Session, Problem> {
    match seen.map(Record::read).transpose()? {
        Some(Record::Live(session)) if session.born == begun.born => Ok(session),
        _ => Err(Problem::new(
            StatusCode::NOT_FOUND,
            Code::SessionNotFound,
            "the session was ended while the turn was running",
        )),
    }
}

fn busy() -> Problem {
    Problem {
        retry: Retry::After(1_000),
        ..Problem::new(
            StatusCode::CONFLICT,
            Code::SessionBusy,
            "another turn of this session is running; a session has one at a time",
        )
    }
}

fn leaving() -> Problem {
    Problem {
        retry: Retry::After(1_000),
        ..Problem::new(
            StatusCode::CONFLICT,
            Code::SessionBusy,
            "the session of that id is being removed",
        )
    }
}

fn taken() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        Code::InvalidRequest,
        "a session of that id exists already",
    )
}

fn expired() -> Problem {
    Problem::new(
        StatusCode::GONE,
        Code::SessionExpired,
        "the session has ended, because nothing was said in it for too long",
    )
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        Code::SessionNotFound,
        "there is no session of that id",
    )
}
