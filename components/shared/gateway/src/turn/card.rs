//! Cards as clients see them, in answers, events, chats and searches.
//!
//! They are types of their own beside those of the contract, so that a new field there does not become public by itself.

use serde::Serialize;
use utoipa::ToSchema;

use crate::contract::{self, respond};

/// Something that an answer can show.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Card {
    id: String,
    title: String,
    /// One of `/content/types`.
    r#type: String,
    summary: String,
    details: String,
    organisation: Option<String>,
    start_year: Option<i32>,
    end_year: Option<i32>,
    technologies: Vec<String>,
    keywords: Vec<String>,
    metrics: Vec<Metric>,
    url: Option<String>,
    score: Score,
}

/// A figure.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Metric {
    label: String,
    value: String,
}

/// How well something fits the question: the parts are 0 to 1.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Score {
    total: f32,
    keyword: f32,
    technology: f32,
    recency: f32,
    impact: f32,
    reasons: Vec<String>,
}

impl From<respond::Card> for Card {
    fn from(card: respond::Card) -> Self {
        Self {
            id: card.id,
            title: card.title,
            r#type: card.type_name,
            summary: card.summary,
            details: card.details,
            organisation: card.organisation,
            start_year: card.start_year,
            end_year: card.end_year,
            technologies: card.technologies,
            keywords: card.keywords,
            metrics: card.metrics.into_iter().map(Metric::from).collect(),
            url: card.url,
            score: card.score.into(),
        }
    }
}

impl From<contract::Metric> for Metric {
    fn from(metric: contract::Metric) -> Self {
        Self {
            label: metric.label,
            value: metric.value,
        }
    }
}

impl From<contract::Score> for Score {
    fn from(score: contract::Score) -> Self {
        Self {
            total: score.total,
            keyword: score.keyword,
            technology: score.technology,
            recency: score.recency,
            impact: score.impact,
            reasons: score.reasons,
        }
    }
}
