//! A conversation: what was said, what was shown, which audio belongs to it. Plain data; [`crate::store`] keeps it.
//!
//! Stored as JSON with a version number `v`. A field may be added with `#[serde(default)]`; anything else is a new version.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{contract::Turn, times};

/// Most turns that are kept; older ones are forgotten.
pub const MAX_TURNS: usize = 20;

/// Most turns that a new question is answered with.
pub const MAX_HISTORY: usize = 6;

/// Most bytes of metadata that a client may attach.
pub const MAX_METADATA_BYTES: usize = 4_096;

const VERSION: u32 = 1;

/// A conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    v: u32,
    /// Its id.
    pub session_id: String,
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
}

impl Session {
    /// A conversation that begins now.
    #[must_use]
    pub fn new(session_id: String, now_ms: u64) -> Self {
        Self {
            v: VERSION,
            session_id,
            created_at_ms: now_ms,
            last_activity_ms: now_ms,
            preferred_voice: None,
            metadata: Map::new(),
            n_turns: 0,
            answering_ms: 0,
            turns: Vec::new(),
            audio: Vec::new(),
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

    /// Adds a turn that took `answering_ms`.
    pub fn record(&mut self, exchange: Exchange, answering_ms: u64) {
        self.last_activity_ms = self.last_activity_ms.max(exchange.at_ms);
        self.n_turns = self.n_turns.saturating_add(1);
        self.answering_ms = self.answering_ms.saturating_add(answering_ms);
        self.turns.push(exchange);
        let forgotten = self.turns.len().saturating_sub(MAX_TURNS);
        self.turns.drain(..forgotten);
    }

    /// Takes out the audio that has expired.
    pub fn take_expired_audio(&mut self, now_ms: u64) -> Vec<AudioRef> {
        self.audio
            .extract_if(.., |audio| audio.expires_at_ms <= now_ms)
            .collect()
    }

    /// What the pipeline should know of the conversation, oldest first. Silence is no part of it.
    #[must_use]
    pub fn history(&self) -> Vec<Turn> {
        let spoken: Vec<_> = self
            .turns
            .iter()
            .filter(|turn| !turn.user_input.is_empty())
            .collect();
        let first = spoken.len().saturating_sub(MAX_HISTORY);
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

    /// The document that clients see.
    #[must_use]
    pub fn document(&self, ttl_ms: u64) -> Value {
        let history: Vec<_> = self
            .turns
            .iter()
            .map(|turn| {
                json!({
                    "timestamp": times::rfc3339(turn.at_ms),
                    "user_input": turn.user_input,
                    "ai_response": turn.ai_response,
                    "items_shown": turn.item_ids,
                    "item_type": turn.item_type,
                })
            })
            .collect();
        let mut metadata = self.metadata.clone();
        metadata.insert("total_interactions".to_owned(), self.n_turns.into());
        metadata.insert(
            "average_response_time".to_owned(),
            self.average_response_time().into(),
        );
        metadata.insert(
            "preferred_voice".to_owned(),
            self.preferred_voice.clone().into(),
        );
        json!({
            "session_id": self.session_id,
            "created_at": times::rfc3339(self.created_at_ms),
            "last_activity": times::rfc3339(self.last_activity_ms),
            "expires_at": times::rfc3339(self.expires_at_ms(ttl_ms)),
            "conversation_history": history,
            "metadata": metadata,
        })
    }

    /// Seconds, 0 before the first turn.
    fn average_response_time(&self) -> f64 {
        if self.n_turns == 0 {
            return 0.0;
        }
        let mean_ms = self.answering_ms / u64::from(self.n_turns);
        // Milliseconds are exact in an f64 for the next 285,000 years.
        mean_ms as f64 / 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(n: u64, user_input: &str) -> Exchange {
        Exchange {
            at_ms: n,
            user_input: user_input.into(),
            ai_response: format!("answer {n}"),
            intent: Some("about".into()),
            item_ids: vec![format!("item-{n}")],
            item_type: None,
        }
    }

    #[test]
    fn old_turns_are_forgotten_but_counted() {
        let mut session = Session::new("session-1".into(), 0);
        for n in 1..=30 {
            session.record(exchange(n, if n == 29 { "" } else { "question" }), 1_500);
        }
        assert_eq!(
            (session.turns.len(), session.turns[0].at_ms),
            (MAX_TURNS, 11)
        );
        assert_eq!((session.n_turns, session.last_activity_ms), (30, 30));
        let history = session.history();
        let ids: Vec<_> = history
            .iter()
            .map(|turn| turn.item_ids[0].as_str())
            .collect();
        assert_eq!(
            ids,
            [
                "item-24", "item-25", "item-26", "item-27", "item-28", "item-30"
            ]
        );
        let document = session.document(1_000);
        assert_eq!(document["metadata"]["total_interactions"], 30);
        assert_eq!(document["metadata"]["average_response_time"], 1.5);
        assert_eq!(document["expires_at"], "1970-01-01T00:00:01.030Z");
    }

    #[test]
    fn what_is_stored_comes_back() {
        let mut session = Session::new("session-1".into(), 7);
        session.record(exchange(8, "hello"), 20);
        let bytes = serde_json::to_vec(&session).unwrap();
        assert_eq!(Session::from_bytes(&bytes), Some(session));
        assert_eq!(Session::from_bytes(b"{}"), None);
        let newer = String::from_utf8(bytes)
            .unwrap()
            .replace("\"v\":1", "\"v\":2");
        assert_eq!(Session::from_bytes(newer.as_bytes()), None);
    }

    #[test]
    fn expired_audio_is_taken_out() {
        let mut session = Session::new("session-1".into(), 0);
        let audio = |id: &str, expires_at_ms| AudioRef {
            id: id.into(),
            expires_at_ms,
        };
        session.audio = vec![audio("a", 10), audio("b", 20), audio("c", 30)];
        assert_eq!(
            session.take_expired_audio(20),
            [audio("a", 10), audio("b", 20)]
        );
        assert_eq!(session.audio, [audio("c", 30)]);
    }
}
