//! What lies under the key of a session: the session, or for a while what is left of it.
//!
//! A session is never just deleted, because a store deletes whatever is there by then. It is swapped for [`Over`] first, so that a turn
//! that is about to save finds out, and so that whoever removes it knows all of its audio.

use serde::{Deserialize, Serialize};

use crate::{
    problem::Problem,
    session::{AudioRef, Session},
};

/// How long whoever removes a session may take before others believe that it has stopped in the middle.
pub(super) const LEAVING_MS: u64 = 60_000;

const VERSION: u32 = 1;

/// A session or what is left of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Record {
    Live(Session),
    Over(Over),
}

/// What is left of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Over {
    v: u32,
    pub(super) over: Why,
    /// Since when, in milliseconds since 1970.
    pub(super) at_ms: u64,
    /// Audio that may still have to be removed.
    pub(super) audio: Vec<AudioRef>,
}

/// Why it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Why {
    /// Nothing was said in it for too long, which whoever comes back is told.
    Expired,
    /// It was ended or is forgotten, and its key is about to be deleted.
    Leaving,
}

impl Over {
    pub(super) fn new(why: Why, at_ms: u64, audio: Vec<AudioRef>) -> Self {
        Self {
            v: VERSION,
            over: why,
            at_ms,
            audio,
        }
    }

    /// Whether somebody is about to delete its key.
    pub(super) fn is_being_removed(&self, now_ms: u64) -> bool {
        self.over == Why::Leaving && now_ms < self.at_ms.saturating_add(LEAVING_MS)
    }
}

impl Record {
    /// Reads what was stored.
    ///
    /// # Errors
    /// When it is damaged, or of a version that is not known.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        if let Some(session) = Session::from_bytes(bytes) {
            return Ok(Self::Live(session));
        }
        serde_json::from_slice(bytes)
            .ok()
            .filter(|over: &Over| over.v == VERSION)
            .map(Self::Over)
            .ok_or_else(unreadable)
    }

    pub(super) fn write(&self) -> Result<Vec<u8>, Problem> {
        let written = match self {
            Self::Live(session) => serde_json::to_vec(session),
            Self::Over(over) => serde_json::to_vec(over),
        };
        written.map_err(|_| unreadable())
    }
}

/// The store holds something that is not ours, or not of this time.
pub(super) fn unreadable() -> Problem {
    Problem::internal(Some("store".to_owned()))
}

/// Whether that is what failed, rather than the store.
pub(super) fn is_unreadable(problem: &Problem) -> bool {
    *problem == unreadable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let audio = AudioRef {
            id: "a".into(),
            expires_at_ms: 5,
            n_bytes: 7,
        };
        for record in [
            Record::Live(Session::new("session-1".into(), 3)),
            Record::Over(Over::new(Why::Expired, 4, vec![audio])),
            Record::Over(Over::new(Why::Leaving, 4, vec![])),
        ] {
            assert_eq!(Record::read(&record.write().unwrap()), Ok(record));
        }
        for bytes in [
            &b"{"[..],
            b"{}",
            b"{\"v\":2,\"over\":\"expired\",\"at_ms\":0,\"audio\":[]}",
        ] {
            assert_eq!(Record::read(bytes).unwrap_err().status, 500);
        }
    }
}
