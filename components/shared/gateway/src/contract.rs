//! The data types of the WIT contracts as plain Rust, so that the router can be tested without a component runtime.
//!
//! `imports/bindings.rs` tells the bindings generator to use these types instead of its own, which is why each has exactly the fields
//! of its WIT counterpart: a difference does not compile.
#![expect(
    missing_docs,
    reason = "the WIT files document every field; a second copy of those texts would drift"
)]

use serde::Serialize;
use utoipa::ToSchema;

pub mod content;
pub mod events;
pub mod host;
pub mod listen;
pub mod respond;
pub mod speak;

/// Why a call failed, the same in every package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    InvalidInput(String),
    Unsupported(String),
    Busy(Option<u32>),
    Deadline,
    Unavailable(String),
    Internal(String),
}

/// `content.metric` and `respond.metric`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    pub label: String,
    pub value: String,
}

/// `content.score` and `respond.score`.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub total: f32,
    pub keyword: f32,
    pub technology: f32,
    pub recency: f32,
    pub impact: f32,
    pub reasons: Vec<String>,
}

/// An earlier turn: `respond.turn`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub user: String,
    pub assistant: String,
    pub intent: Option<String>,
    pub item_ids: Vec<String>,
    pub item_type: Option<String>,
}

/// A stage as both halves describe it: `listen.stage` and `respond.stage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    pub stage: String,
    pub name: String,
    pub version: String,
    pub model: Option<String>,
    pub languages: Vec<String>,
}

/// How much time the answer may take for its quality.
// The text above is told to clients, too. The type is the same in `listen` and `respond`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    Fast,
    #[default]
    Balanced,
    High,
}

impl Strategy {
    /// The name that clients and settings use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Balanced => "balanced",
            Self::High => "high",
        }
    }

    /// The strategy of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Fast, Self::Balanced, Self::High]
            .into_iter()
            .find(|strategy| strategy.name() == name)
    }
}

/// A stage that fell back: the same in `listen` and `respond`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degradation {
    pub stage: String,
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_has_one_name() {
        for strategy in [Strategy::Fast, Strategy::Balanced, Strategy::High] {
            assert_eq!(serde_json::json!(strategy), strategy.name());
            assert_eq!(Strategy::named(strategy.name()), Some(strategy));
        }
    }
}
