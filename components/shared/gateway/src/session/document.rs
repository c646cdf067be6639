//! A conversation as clients see it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Session;
use crate::times;

/// What was said in a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionDocument {
    session_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_activity: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// The latest turns, oldest first.
    conversation_history: Vec<Exchange>,
    metadata: SessionMetadata,
}

/// A question and its answer.
#[derive(Serialize, ToSchema)]
struct Exchange {
    #[schema(format = DateTime)]
    timestamp: String,
    /// Empty when nobody spoke.
    user_input: String,
    ai_response: String,
    /// Ids of the cards.
    items_shown: Vec<String>,
    /// Their type, if they have one in common.
    item_type: Option<String>,
}

/// What the client attached, and these.
#[derive(Serialize, ToSchema)]
struct SessionMetadata {
    total_interactions: u32,
    /// Seconds.
    average_response_time: f64,
    preferred_voice: Option<String>,
    #[serde(flatten)]
    attached: BTreeMap<String, Value>,
}

impl Session {
    /// The document that clients see.
    #[must_use]
    pub fn document(&self, ttl_ms: u64) -> Value {
        let history = self.turns.iter().map(|turn| Exchange {
            timestamp: times::rfc3339(turn.at_ms),
            user_input: turn.user_input.clone(),
            ai_response: turn.ai_response.clone(),
            items_shown: turn.item_ids.clone(),
            item_type: turn.item_type.clone(),
        });
        let mut attached: BTreeMap<_, _> = self.metadata.clone().into_iter().collect();
        // What a client calls the same does not stand in for ours.
        for ours in [
            "total_interactions",
            "average_response_time",
            "preferred_voice",
        ] {
            attached.remove(ours);
        }
        json!(SessionDocument {
            session_id: self.session_id.clone(),
            created_at: times::rfc3339(self.created_at_ms),
            last_activity: times::rfc3339(self.last_activity_ms),
            expires_at: times::rfc3339(self.expires_at_ms(ttl_ms)),
            conversation_history: history.collect(),
            metadata: SessionMetadata {
                total_interactions: self.n_turns,
                average_response_time: self.average_response_time(),
                preferred_voice: self.preferred_voice.clone(),
                attached,
            },
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
