//! Sessions in use: taken by one turn at a time, kept, saved, given back.
//!
//! A turn takes the session with a lease that has an end, so that a host that dies does not keep it. Its save does not depend on the
//! lease: it is applied to the session as it is by then, and to none if the session has ended meanwhile or is another one of the same id.

use std::time::Duration;

use http::StatusCode;

use super::{
    Store,
    edit::{Change, edit},
    record::Record,
};
use crate::{
    problem::{Code, Problem, Retry},
    session::{AudioRef, Lease, Session},
};

/// How long a turn that waits sleeps between two looks.
const LOOK_EVERY_MS: u64 = 100;

/// How long a place in the queue is kept for a turn that does not come back for it.
const TICKET_MS: u64 = 3_000;

/// Most turns that wait for one session.
const MAX_WAITING: usize = 4;

enum Begun {
    Yes(Box<Session>),
    /// There is a place in the queue.
    Wait,
    No,
}

impl Store<'_> {
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

    /// Lets go of a session for a turn that could not do it: whoever answered the request of that id was stopped. Of a session that is not
    /// there, or that another turn has, nothing changes.
    ///
    /// # Errors
    /// When the store fails, or holds something that cannot be read.
    pub fn release_for(&self, id: &str, request_id: &str) -> Result<(), Problem> {
        let sessions = self.sessions()?;
        edit(sessions.as_ref(), &self.session_key(id), |seen| {
            let Some(Record::Live(mut session)) = seen.map(Record::read).transpose()? else {
                return Ok(Change::Leave(()));
            };
            let is_its = |lease: &mut Lease| lease.request_id() == Some(request_id);
            if session.lease.take_if(is_its).is_none() {
                return Ok(Change::Leave(()));
            }
            Ok(Change::Write(Record::Live(session).write()?, ()))
        })
    }

    fn lease(&self, owner: &str) -> Lease {
        Lease {
            owner: owner.to_owned(),
            until_ms: self.now_ms().saturating_add(self.config.sessions.lease_ms),
        }
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
