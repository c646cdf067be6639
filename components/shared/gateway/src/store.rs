//! Sessions and audio in key-value stores, with an end for each.
//!
//! The stores know no expiry, so every read checks it, and a sweep now and then removes what nobody asks for any more. For that each
//! value has a second, empty key that begins with the minute of its end (`audio-end:<minute>:<id>`): the sweep needs to look at keys
//! only, whatever lies behind them. Keys are prefixed, so that one store can hold everything.
//!
//! Writes are not atomic: of two turns of one session at the same time, the one that ends last is remembered.

use crate::{
    config::Config,
    contract::events::{Event, SessionEnded},
    envelope::{self, Header},
    ids,
    ports::{Bucket, Ports, StoreError},
    problem::Problem,
    session::{AudioRef, Session},
    times,
};

/// A sweep at most this often.
const SWEEP_EVERY_MS: u64 = 60_000;

/// Most values that one sweep removes, and most pages of keys that it looks at: no request pays for all.
const SWEEP_AT_MOST: usize = 200;
const SWEEP_PAGES: usize = 20;

const SWEPT: &str = "swept";
const SESSION: &str = "session:";
const SESSION_END: &str = "session-end:";
const AUDIO: &str = "audio:";
const AUDIO_END: &str = "audio-end:";

/// What is known of a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It goes on.
    Live(Session),
    /// It was, and has ended by itself.
    Expired,
    /// There is none.
    Unknown,
}

/// Audio that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAudio {
    /// What it is.
    pub header: Header,
    /// The envelope.
    pub bytes: Vec<u8>,
    /// Where in `bytes` the audio begins.
    pub start: usize,
}

/// The stores of a request.
pub struct Store<'a> {
    ports: &'a dyn Ports,
    config: &'a Config,
}

impl<'a> Store<'a> {
    /// The stores that the configuration names.
    #[must_use]
    pub fn new(ports: &'a dyn Ports, config: &'a Config) -> Self {
        Self { ports, config }
    }

    /// Looks a session up.
    ///
    /// # Errors
    /// When the store fails, or holds something that cannot be read.
    pub fn session(&self, id: &str) -> Result<Found, Problem> {
        let Some(bytes) = self.sessions()?.get(&format!("{SESSION}{id}"))? else {
            return Ok(Found::Unknown);
        };
        let session = Session::from_bytes(&bytes)
            .ok_or_else(|| Problem::internal(Some("store".to_owned())))?;
        let is_over = session.expires_at_ms(self.config.session_ttl_ms) <= self.now_ms();
        Ok(if is_over {
            Found::Expired
        } else {
            Found::Live(session)
        })
    }

    /// Stores a session that is new.
    ///
    /// # Errors
    /// When the store fails.
    pub fn create(&self, session: &Session) -> Result<(), Problem> {
        let end = end_key(
            SESSION_END,
            session.expires_at_ms(self.config.session_ttl_ms),
            &session.session_id,
        );
        self.sessions()?.set(&end, &[])?;
        self.save(session)
    }

    /// Stores a session that has changed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn save(&self, session: &Session) -> Result<(), Problem> {
        let bytes =
            serde_json::to_vec(session).map_err(|_| Problem::internal(Some("store".to_owned())))?;
        Ok(self
            .sessions()?
            .set(&format!("{SESSION}{}", session.session_id), &bytes)?)
    }

    /// Removes a session and its audio; gives the number of recordings removed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end(&self, session: &Session) -> Result<usize, Problem> {
        for audio in &session.audio {
            self.remove_audio(audio)?;
        }
        let sessions = self.sessions()?;
        sessions.delete(&format!("{SESSION}{}", session.session_id))?;
        self.ports.publish(Event::SessionEnded(SessionEnded {
            session_id: session.session_id.clone(),
            n_turns: session.n_turns,
            duration_ms: session
                .last_activity_ms
                .saturating_sub(session.created_at_ms),
        }));
        Ok(session.audio.len())
    }

    /// Stores the audio of an answer as part of a session, and removes what the session has that is over.
    ///
    /// # Errors
    /// When the store fails.
    pub fn add_audio(
        &self,
        session: &mut Session,
        content_type: &str,
        content: &[u8],
    ) -> Result<String, Problem> {
        let now_ms = self.now_ms();
        for audio in session.take_expired_audio(now_ms) {
            self.remove_audio(&audio)?;
        }
        let audio = AudioRef {
            id: ids::new(),
            expires_at_ms: now_ms.saturating_add(self.config.audio_ttl_ms),
        };
        let header = Header {
            session_id: session.session_id.clone(),
            content_type: content_type.to_owned(),
            expires_at_ms: audio.expires_at_ms,
        };
        let bytes = envelope::seal(&header, content)
            .map_err(|_| Problem::internal(Some("store".to_owned())))?;
        let bucket = self.audio_bucket()?;
        bucket.set(&end_key(AUDIO_END, audio.expires_at_ms, &audio.id), &[])?;
        bucket.set(&format!("{AUDIO}{}", audio.id), &bytes)?;
        let id = audio.id.clone();
        session.audio.push(audio);
        Ok(id)
    }

    /// Looks audio up; none when there is none, or no longer.
    ///
    /// # Errors
    /// When the store fails, or holds something that cannot be read.
    pub fn audio(&self, id: &str) -> Result<Option<StoredAudio>, Problem> {
        let Some(bytes) = self.audio_bucket()?.get(&format!("{AUDIO}{id}"))? else {
            return Ok(None);
        };
        let (header, start) =
            envelope::open(&bytes).ok_or_else(|| Problem::internal(Some("store".to_owned())))?;
        if header.expires_at_ms <= self.now_ms() {
            self.remove_audio(&AudioRef {
                id: id.to_owned(),
                expires_at_ms: header.expires_at_ms,
            })?;
            return Ok(None);
        }
        Ok(Some(StoredAudio {
            header,
            bytes,
            start,
        }))
    }

    /// Removes what has ended, if the last sweep was long enough ago. Never fails: the next one tries again.
    pub fn sweep(&self) {
        let _tried = self.try_sweep();
    }

    fn try_sweep(&self) -> Result<(), Problem> {
        let now_ms = self.now_ms();
        let sessions = self.sessions()?;
        let last = sessions
            .get(SWEPT)?
            .and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<u64>().ok());
        if last.is_some_and(|last| now_ms < last.saturating_add(SWEEP_EVERY_MS)) {
            return Ok(());
        }
        sessions.set(SWEPT, now_ms.to_string().as_bytes())?;
        for (key, id) in ended(self.audio_bucket()?.as_ref(), AUDIO_END, now_ms)? {
            let bucket = self.audio_bucket()?;
            bucket.delete(&format!("{AUDIO}{id}"))?;
            bucket.delete(&key)?;
        }
        for (key, id) in ended(sessions.as_ref(), SESSION_END, now_ms)? {
            self.sweep_session(sessions.as_ref(), &id, now_ms)?;
            sessions.delete(&key)?;
        }
        Ok(())
    }

    /// A session whose end was due: it may have gone on. An expired one is remembered for as long again, so that whoever comes back to
    /// it learns that it has expired.
    fn sweep_session(&self, sessions: &dyn Bucket, id: &str, now_ms: u64) -> Result<(), Problem> {
        let Some(bytes) = sessions.get(&format!("{SESSION}{id}"))? else {
            return Ok(());
        };
        let Some(session) = Session::from_bytes(&bytes) else {
            return Ok(sessions.delete(&format!("{SESSION}{id}"))?);
        };
        let ttl_ms = self.config.session_ttl_ms;
        let expires_at_ms = session.expires_at_ms(ttl_ms);
        let forget_at_ms = expires_at_ms.saturating_add(ttl_ms);
        if forget_at_ms <= now_ms {
            self.end(&session)?;
        } else {
            let next = if expires_at_ms <= now_ms {
                forget_at_ms
            } else {
                expires_at_ms
            };
            sessions.set(&end_key(SESSION_END, next, id), &[])?;
        }
        Ok(())
    }

    fn remove_audio(&self, audio: &AudioRef) -> Result<(), StoreError> {
        let bucket = self.audio_bucket()?;
        bucket.delete(&format!("{AUDIO}{}", audio.id))?;
        bucket.delete(&end_key(AUDIO_END, audio.expires_at_ms, &audio.id))
    }

    fn sessions(&self) -> Result<Box<dyn Bucket>, StoreError> {
        self.ports.bucket(&self.config.kv_sessions)
    }

    fn audio_bucket(&self) -> Result<Box<dyn Bucket>, StoreError> {
        self.ports.bucket(&self.config.kv_audio)
    }

    fn now_ms(&self) -> u64 {
        times::to_ms(self.ports.wall())
    }
}

/// The key that says when a value ends.
fn end_key(prefix: &str, at_ms: u64, id: &str) -> String {
    format!("{prefix}{}:{id}", at_ms / 60_000)
}

/// The keys of ends that are more than a minute past, and the ids behind them.
fn ended(
    bucket: &dyn Bucket,
    prefix: &str,
    now_ms: u64,
) -> Result<Vec<(String, String)>, StoreError> {
    let now_minute = now_ms / 60_000;
    let mut found = Vec::new();
    let mut cursor = None;
    for _ in 0..SWEEP_PAGES {
        let (keys, next) = bucket.keys(cursor)?;
        for key in keys {
            let Some((minute, id)) = key
                .strip_prefix(prefix)
                .and_then(|rest| rest.split_once(':'))
            else {
                continue;
            };
            if minute
                .parse::<u64>()
                .is_ok_and(|minute| minute < now_minute)
            {
                let id = id.to_owned();
                found.push((key, id));
            }
            if found.len() >= SWEEP_AT_MOST {
                return Ok(found);
            }
        }
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
