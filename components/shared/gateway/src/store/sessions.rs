//! Sessions: looked up, created, ended. Every change is a swap of the whole record. What turns do with them: [`super::turns`].

use http::StatusCode;

use super::{
    Found, SESSION, Store,
    audio::Outcome,
    edit::{Change, edit},
    index::{Entry, Index},
    record::{Over, Record, Why, is_unreadable},
};
use crate::{
    contract::events::{Event, Removal, SessionEnded},
    ports::Bucket,
    problem::{Code, Problem, Retry},
    session::{AudioRef, Session},
};

/// What was removed with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Turns that it had kept.
    pub n_turns: usize,
    /// Audio.
    pub n_audio: usize,
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
            Some(Record::Live(session)) => Found::Live(Box::new(session)),
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
            Found::Live(session) => Ok(*session),
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

    /// Removes audio of a session; gives the number that there was. `prefix` is that of the session. What cannot be read keeps the rest of it
    /// from nothing: a sweep finds it at its own end.
    pub(super) fn remove_all(
        &self,
        sessions: &dyn Bucket,
        prefix: &str,
        audio: &[AudioRef],
    ) -> Result<usize, Problem> {
        let mut n_removed = 0;
        for audio in audio {
            let id = format!("{prefix}{}", audio.id);
            match self.remove_audio(sessions, &id, Removal::SessionEnded, true) {
                Ok(Outcome::Removed(_)) => n_removed += 1,
                Ok(_) => {}
                Err(problem) if is_unreadable(&problem) => {}
                Err(problem) => return Err(problem),
            }
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
    pub(super) fn live(&self, seen: Option<&[u8]>) -> Result<Session, Problem> {
        match seen.map(Record::read).transpose()? {
            Some(Record::Live(session)) if self.has_expired(&session) => Err(expired()),
            Some(Record::Live(session)) => Ok(session),
            Some(Record::Over(over)) if over.over == Why::Expired => Err(expired()),
            Some(Record::Over(_)) | None => Err(unknown()),
        }
    }

    pub(super) fn session_key(&self, id: &str) -> String {
        format!("{SESSION}{}", self.full(id))
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
