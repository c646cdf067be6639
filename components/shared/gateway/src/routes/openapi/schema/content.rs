//! What answers are about.
#![allow(
    dead_code,
    reason = "read by the derive only, for the document that a test makes"
)]

use utoipa::ToSchema;

/// Something that an answer can show.
#[derive(ToSchema)]
pub(in crate::routes) struct Card {
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
#[derive(ToSchema)]
struct Metric {
    label: String,
    value: String,
}

/// How well something fits the question: the parts are 0 to 1.
#[derive(ToSchema)]
struct Score {
    total: f32,
    keyword: f32,
    technology: f32,
    recency: f32,
    impact: f32,
    reasons: Vec<String>,
}

/// The types of the content base.
#[derive(ToSchema)]
pub(in crate::routes::openapi) struct ContentTypes {
    types: Vec<ContentType>,
}

#[derive(ToSchema)]
struct ContentType {
    name: String,
    title: String,
    n_items: u32,
}

/// Some of the items of a type.
#[derive(ToSchema)]
pub(in crate::routes::openapi) struct ContentPage {
    r#type: String,
    title: String,
    /// Items of this type in all.
    total: u32,
    offset: u32,
    limit: u32,
    items: Vec<Item>,
}

/// An item of the content base.
#[derive(ToSchema)]
struct Item {
    id: String,
    title: String,
    r#type: String,
    summary: String,
    details: String,
    organisation: Option<String>,
    start_year: Option<i32>,
    end_year: Option<i32>,
    technologies: Vec<String>,
    keywords: Vec<String>,
    metrics: Vec<Metric>,
    /// 0 to 1.
    impact: f32,
    url: Option<String>,
}

/// What was found, best first.
#[derive(ToSchema)]
pub(in crate::routes::openapi) struct SearchAnswer {
    query: String,
    /// How many there are here.
    total: u32,
    results: Vec<SearchResult>,
}

/// An item and how well it fits.
#[derive(ToSchema)]
struct SearchResult {
    #[schema(inline)]
    #[serde(flatten)]
    item: Item,
    score: Score,
}
