//! What is known of stored audio, apart from its bytes: small, and changed by compare-and-swap only.
//!
//! Audio is *created*, is *active* while somebody is served it, *inactive* between two times, *expired* from its end on, and *deleted*
//! when somebody has marked it so; then its bytes go, and its meta entry last. Which of these it is follows from what is recorded and
//! from the time, so nobody has to look after it.

use serde::{Deserialize, Serialize};

use super::{index::Slot, record::unreadable};
use crate::{contract::events::Removal, problem::Problem};

/// How long audio counts as being served after somebody began to: until then no sweep takes its bytes from under a reader, on whatever
/// host. A reader has all of them before the head of its response is sent, so this is the longest that a store may take to give them.
pub(super) const SERVING_MS: u64 = 60_000;

const VERSION: u32 = 1;

/// Where audio is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nobody has fetched it yet.
    Created,
    /// Somebody is being served it.
    Active,
    /// It was served, and is not being served now.
    Inactive,
    /// Its time is over; it waits for a sweep.
    Expired,
    /// It is being removed.
    Deleted,
}

/// What is known of audio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    v: u32,
    /// The session that it belongs to; none for speech that was asked for alone.
    pub session_id: Option<String>,
    /// Such as `audio/wav`.
    pub content_type: String,
    /// Bytes of the audio itself.
    pub n_bytes: u64,
    /// Milliseconds since 1970.
    pub created_at_ms: u64,
    /// Milliseconds since 1970; from then on nobody gets it any more.
    pub expires_at_ms: u64,
    /// Where its end is in the index.
    pub(super) slot: Slot,
    /// Until when it counts as being served; 0 before anybody was.
    pub(super) served_until_ms: u64,
    /// Why it is being removed, if it is.
    removed: Option<Reason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    Expired,
    SessionEnded,
    Evicted,
}

impl Meta {
    pub(super) fn new(
        session_id: Option<String>,
        content_type: &str,
        n_bytes: u64,
        [created_at_ms, expires_at_ms]: [u64; 2],
        slot: Slot,
    ) -> Self {
        Self {
            v: VERSION,
            session_id,
            content_type: content_type.to_owned(),
            n_bytes,
            created_at_ms,
            expires_at_ms,
            slot,
            served_until_ms: 0,
            removed: None,
        }
    }

    /// Where it is in its life.
    #[must_use]
    pub fn phase(&self, now_ms: u64) -> Phase {
        if self.removed.is_some() {
            Phase::Deleted
        } else if self.expires_at_ms <= now_ms {
            Phase::Expired
        } else if self.is_being_served(now_ms) {
            Phase::Active
        } else if self.was_served() {
            Phase::Inactive
        } else {
            Phase::Created
        }
    }

    /// Whether anybody ever fetched it.
    #[must_use]
    pub fn was_served(&self) -> bool {
        self.served_until_ms > 0
    }

    /// Whether it may be on its way to somebody. That may be so for a while after its end, too.
    pub(super) fn is_being_served(&self, now_ms: u64) -> bool {
        now_ms < self.served_until_ms
    }

    /// Notes that somebody is served it; false when that is noted for long enough already.
    pub(super) fn serve(&mut self, now_ms: u64) -> bool {
        let is_noted = now_ms.saturating_add(SERVING_MS / 2) < self.served_until_ms;
        self.served_until_ms = if is_noted {
            self.served_until_ms
        } else {
            now_ms.saturating_add(SERVING_MS)
        };
        !is_noted
    }

    pub(super) fn mark_removed(&mut self, reason: Removal) {
        self.removed = Some(match reason {
            Removal::Expired => Reason::Expired,
            Removal::SessionEnded => Reason::SessionEnded,
            Removal::Evicted => Reason::Evicted,
        });
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes)
            .ok()
            .filter(|meta: &Self| meta.v == VERSION)
            .ok_or_else(unreadable)
    }

    pub(super) fn write(&self) -> Result<Vec<u8>, Problem> {
        serde_json::to_vec(self).map_err(|_| unreadable())
    }
}
