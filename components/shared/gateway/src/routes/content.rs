//! `GET /content/types`, `/content/{type}` and `/content/search`: the content base without a conversation.

use axum::{
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{json as document, nothing_at};
use crate::{
    app::App,
    contract::{
        Error,
        content::{self, Filter},
    },
    problem::Problem,
    turn::{Metric, Score},
};

/// Items of a page when the client does not say, and at most.
const PAGE_ITEMS: u32 = 100;
const MAX_PAGE_ITEMS: u32 = 500;

/// Most items that can be left out.
const MAX_OFFSET: u32 = 1_000_000;

/// Results of a search when the client does not say, and at most.
const RESULTS: u32 = 10;
const MAX_RESULTS: u32 = 50;

/// All types with the number of their items.
pub(super) async fn types(State(app): State<App>) -> Result<Response, Problem> {
    let types = app.ports.types().map_err(failed)?.into_iter();
    let answer = ContentTypes {
        types: types
            .map(|kind| ContentType {
                name: kind.name,
                title: kind.title,
                n_items: kind.n_items,
            })
            .collect(),
    };
    Ok(document(StatusCode::OK, &json!(answer)))
}

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    offset: u32,
    limit: Option<u32>,
}

/// The items of one type, a page at a time.
pub(super) async fn items(
    State(app): State<App>,
    kind: Result<Path<String>, PathRejection>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(page) = page.map_err(|rejection| Problem::invalid(rejection.body_text()))?;
    let limit = limited(page.limit, PAGE_ITEMS, MAX_PAGE_ITEMS)?;
    if page.offset > MAX_OFFSET {
        let text = format!("offset must be 0 to {MAX_OFFSET}, is {}", page.offset);
        return Err(Problem::invalid(text));
    }
    let types = app.ports.types().map_err(failed)?;
    let wanted = kind
        .ok()
        .and_then(|Path(name)| types.into_iter().find(|kind| kind.name == name));
    let kind = wanted
        .ok_or_else(|| nothing_at("that name: /content/types lists the types that there are"))?;
    let items = app
        .ports
        .items(&kind.name, page.offset, limit)
        .map_err(failed)?;
    let answer = ContentPage {
        r#type: kind.name,
        title: kind.title,
        total: kind.n_items,
        offset: page.offset,
        limit,
        items: items.into_iter().map(Item::from).collect(),
    };
    Ok(document(StatusCode::OK, &json!(answer)))
}

#[derive(Debug, Deserialize)]
pub(super) struct Search {
    q: Option<String>,
    r#type: Option<String>,
    tech: Option<String>,
    limit: Option<u32>,
}

/// Free search; several technologies are separated by commas.
pub(super) async fn search(
    State(app): State<App>,
    search: Result<Query<Search>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(search) = search.map_err(|rejection| Problem::invalid(rejection.body_text()))?;
    let text = search.q.unwrap_or_default();
    if text.chars().count() > app.config.max_text_chars {
        return Err(too_long(app.config.max_text_chars));
    }
    let technologies: Vec<_> = search
        .tech
        .iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    if text.trim().is_empty() && technologies.is_empty() {
        return Err(Problem::invalid("`q` or `tech` must say what to look for"));
    }
    let limit = limited(search.limit, RESULTS, MAX_RESULTS)?;
    let filter = Filter {
        type_name: search.r#type,
        technologies,
        ..Filter::default()
    };
    let hits = app.ports.search(&text, filter, limit).map_err(failed)?;
    let results: Vec<_> = hits
        .into_iter()
        .map(|hit| SearchResult {
            item: hit.item.into(),
            score: hit.score.into(),
        })
        .collect();
    let answer = SearchAnswer {
        query: text,
        total: results.len(),
        results,
    };
    Ok(document(StatusCode::OK, &json!(answer)))
}

pub(super) fn too_long(limit: usize) -> Problem {
    Problem::of_stage(
        Error::InvalidInput(format!("the text may have {limit} characters")),
        None,
        None,
    )
}

fn limited(wanted: Option<u32>, default: u32, max: u32) -> Result<u32, Problem> {
    match wanted.unwrap_or(default) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        limit => Err(Problem::invalid(format!(
            "limit must be 1 to {max}, is {limit}"
        ))),
    }
}

/// The content base is exported by the intent stage.
fn failed(error: Error) -> Problem {
    Problem::of_stage(error, Some("intent".to_owned()), None)
}

/// The types of the content base.
#[derive(Serialize, ToSchema)]
pub(super) struct ContentTypes {
    types: Vec<ContentType>,
}

#[derive(Serialize, ToSchema)]
struct ContentType {
    name: String,
    title: String,
    n_items: u32,
}

/// Some of the items of a type.
#[derive(Serialize, ToSchema)]
pub(super) struct ContentPage {
    r#type: String,
    title: String,
    /// Items of this type in all.
    total: u32,
    offset: u32,
    limit: u32,
    items: Vec<Item>,
}

/// An item of the content base.
#[derive(Serialize, ToSchema)]
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
#[derive(Serialize, ToSchema)]
pub(super) struct SearchAnswer {
    query: String,
    /// How many there are here.
    #[schema(value_type = u32)]
    total: usize,
    results: Vec<SearchResult>,
}

/// An item and how well it fits.
#[derive(Serialize, ToSchema)]
struct SearchResult {
    #[schema(inline)]
    #[serde(flatten)]
    item: Item,
    score: Score,
}

impl From<content::Item> for Item {
    fn from(item: content::Item) -> Self {
        Self {
            id: item.id,
            title: item.title,
            r#type: item.type_name,
            summary: item.summary,
            details: item.details,
            organisation: item.organisation,
            start_year: item.start_year,
            end_year: item.end_year,
            technologies: item.technologies,
            keywords: item.keywords,
            metrics: item.metrics.into_iter().map(Metric::from).collect(),
            impact: item.impact,
            url: item.url,
        }
    }
}
