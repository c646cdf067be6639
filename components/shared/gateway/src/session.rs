//! A conversation: what was said, what was shown, which audio belongs to it. Plain data; [`crate::store`] keeps it.
//!
//! Stored as JSON with a version number `v`. A field may be added with `#[serde(default)]`; anything else is a new version.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{config::sessions::Sessions, contract::Turn, ids};

mod document;

#[cfg(test)]
pub(crate) use document::SessionDocument;

/// Most bytes of metadata that a client may attach.
pub const MAX_METADATA_BYTES: usize = 4_096;

const VERSION: u32 = 1;

/// A conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    v: u32,
    /// Its id.
    pub session_id: String,
    /// Tells it from another session of the same id, before or after it.
    #[serde(default)]
    pub born: u64,
    /// Milliseconds since 1970.
    pub created_at_ms: u64,
    /// Milliseconds since 1970.
    pub last_activity_ms: u64,
    /// The voice that was asked for last.
    pub preferred_voice: Option<String>,
    /// What the client attached.
    pub metadata: Map<String, Value>,
    /// Turns in all, forgotten ones included.
    pub n_turns: u32,
    /// Time spent answering them.
    pub answering_ms: u64,
    /// The latest turns, oldest first.
    pub turns: Vec<Exchange>,
    /// Audio that belongs to it.
    pub audio: Vec<AudioRef>,
    /// The turn that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// Turns that wait for it, first come first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Lease>,
}

/// What a turn has for a while: the session, or a place in the queue for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// A name that no other turn has.
    pub owner: String,
    /// Milliseconds since 1970; later on it counts for nothing.
    pub until_ms: u64,
}

impl Lease {
    /// A name for the turn of that request. Clients choose the ids of their requests, so the id alone would not do.
    #[must_use]
    pub fn owner_for(request_id: &str) -> String {
        format!("{} {request_id}", ids::new())
    }

    /// The request whose turn has it, if it is that of a turn.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.owner.split_once(' ').map(|(_, id)| id)
    }
}

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// What was asked; empty when nobody spoke.
    pub user_input: String,
    /// What was answered.
    pub ai_response: String,
    /// The intent that was found.
    pub intent: Option<String>,
    /// The cards that were shown, in order.
    pub item_ids: Vec<String>,
    /// Their type, if they had one in common.
    pub item_type: Option<String>,
}

/// Stored audio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioRef {
    /// Its id.
    pub id: String,
    /// Milliseconds since 1970.
    pub expires_at_ms: u64,
    /// Bytes of the audio itself.
    #[serde(default)]
    pub n_bytes: u64,
}

impl Session {
    /// A conversation that begins now.
    #[must_use]
    pub fn new(session_id: String, now_ms: u64) -> Self {
        Self {
            v: VERSION,
            session_id,
            born: Uuid::new_v4().as_u64_pair().0,
            created_at_ms: now_ms,
            last_activity_ms: now_ms,
            preferred_voice: None,
            metadata: Map::new(),
            n_turns: 0,
            answering_ms: 0,
            turns: Vec::new(),
            audio: Vec::new(),
            lease: None,
            waiting: Vec::new(),
        }
    }

    /// Reads what was stored; none when it is damaged or of a version that is not known.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes)
            .ok()
            .filter(|session: &Self| session.v == VERSION)
    }

    /// When it ends if nothing more is said, in milliseconds since 1970.
    #[must_use]
    pub fn expires_at_ms(&self, ttl_ms: u64) -> u64 {
        self.last_activity_ms.saturating_add(ttl_ms)
    }

    /// Whether a turn has it.
    #[must_use]
    pub fn has_turn(&self, now_ms: u64) -> bool {
        self.lease
            .as_ref()
            .is_some_and(|lease| now_ms < lease.until_ms)
    }

    /// Adds a turn that took `answering_ms`, and forgets old ones until the rest is within limits. The latest one stays, cut if need be.
    pub fn record(&mut self, mut exchange: Exchange, answering_ms: u64, limits: &Sessions) {
        self.last_activity_ms = self.last_activity_ms.max(exchange.at_ms);
        self.n_turns = self.n_turns.saturating_add(1);
        self.answering_ms = self.answering_ms.saturating_add(answering_ms);
        exchange.cut(limits.bytes);
        self.turns.push(exchange);
        let first = latest(&self.turns, limits.turns, limits.bytes, Exchange::n_bytes);
        self.turns.drain(..first);
    }

    /// What the pipeline should know of the conversation, oldest first. Silence is no part of it.
    #[must_use]
    pub fn history(&self, limits: &Sessions) -> Vec<Turn> {
        let spoken: Vec<_> = self
            .turns
            .iter()
            .filter(|turn| !turn.user_input.is_empty())
            .collect();
        let (turns, bytes) = (limits.context_turns, limits.context_bytes);
        let first = latest(&spoken, turns, bytes, |turn| turn.n_bytes());
        spoken
            .into_iter()
            .skip(first)
            .map(|turn| Turn {
                user: turn.user_input.clone(),
                assistant: turn.ai_response.clone(),
                intent: turn.intent.clone(),
                item_ids: turn.item_ids.clone(),
                item_type: turn.item_type.clone(),
            })
            .collect()
    }
}

impl Exchange {
    fn n_bytes(&self) -> usize {
        let ids: usize = self.item_ids.iter().map(String::len).sum();
        self.user_input.len() + self.ai_response.len() + ids
    }

    /// Cuts the answer, then the question, until both have no more than that many bytes.
    fn cut(&mut self, bytes: usize) {
        for text in [true, false] {
            let over = self.n_bytes().saturating_sub(bytes);
            let text = if text {
                &mut self.ai_response
            } else {
                &mut self.user_input
            };
            let end = text.floor_char_boundary(text.len().saturating_sub(over));
            text.truncate(end);
        }
    }
}

/// Where the latest of them begin, that many at most and of that size at most.
fn latest<T>(turns: &[T], count: usize, bytes: usize, size: impl Fn(&T) -> usize) -> usize {
    let mut left = bytes;
    let n_kept = turns
        .iter()
        .rev()
        .take(count)
        .take_while(|turn| {
            let fits = size(turn) <= left;
            left = left.saturating_sub(size(turn));
            fits
        })
        .count();
    turns.len() - n_kept
}

#[cfg(test)]
mod tests;
