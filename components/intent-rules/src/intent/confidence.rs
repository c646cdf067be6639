//! How sure a classification is: five factors, each from 0 to 1, whose weights add up to 1.
//!
//! | factor | weight | 1 means |
//! |---|---|---|
//! | `rule` | 0.40 | the best rule is unmistakable |
//! | `margin` | 0.15 | no rule of another intent comes near (the distance to the second, doubled) |
//! | `entities` | 0.20 | everything named was named exactly (mean confidence); one half when an intent about content names nothing |
//! | `coverage` | 0.15 | all content words are words of the content base, weighed by rarity; 1 for small talk |
//! | `context` | 0.10 | nothing is missing from earlier turns |

use super::{Entity, Factor};

/// What the factors are made of.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'e> {
    /// Strength of the best rule.
    pub best: f32,
    /// Strength of the best rule of another intent.
    pub second: f32,
    /// What was named or carried over.
    pub entities: &'e [Entity],
    /// The intent asks for content.
    pub about_content: bool,
    /// Share of content words that the base knows.
    pub known_share: f32,
    /// The intent needs earlier turns.
    pub needs_context: bool,
    /// They gave what it needs.
    pub has_context: bool,
}

/// The factors and their weighted sum.
#[must_use]
pub fn judge(evidence: Evidence<'_>) -> (f32, Vec<Factor>) {
    let entities = match evidence.entities {
        [] if evidence.about_content => 0.5,
        [] => 1.0,
        #[expect(clippy::cast_precision_loss, reason = "a question has few entities")]
        some => some.iter().map(|entity| entity.confidence).sum::<f32>() / some.len() as f32,
    };
    let factors = vec![
        Factor {
            name: "rule",
            value: evidence.best,
            weight: 0.4,
        },
        Factor {
            name: "margin",
            value: (2.0 * (evidence.best - evidence.second)).clamp(0.0, 1.0),
            weight: 0.15,
        },
        Factor {
            name: "entities",
            value: entities,
            weight: 0.2,
        },
        Factor {
            name: "coverage",
            value: if evidence.about_content {
                evidence.known_share
            } else {
                1.0
            },
            weight: 0.15,
        },
        Factor {
            name: "context",
            value: if evidence.needs_context && !evidence.has_context {
                0.0
            } else {
                1.0
            },
            weight: 0.1,
        },
    ];
    (
        factors
            .iter()
            .map(|factor| factor.value * factor.weight)
            .sum(),
        factors,
    )
}
