//! `GET /content/types`, `/content/{type}` and `/content/search`: the content base without a conversation.

use axum::{
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{App, json as document, nothing_at};
use crate::{
    contract::{
        Error,
        content::{Filter, Item},
    },
    problem::Problem,
    turn,
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
    let types: Vec<_> = app
        .ports
        .types()
        .map_err(failed)?
        .into_iter()
        .map(|kind| json!({ "name": kind.name, "title": kind.title, "n_items": kind.n_items }))
        .collect();
    Ok(document(StatusCode::OK, &json!({ "types": types })))
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
    let body = json!({
        "type": kind.name,
        "title": kind.title,
        "total": kind.n_items,
        "offset": page.offset,
        "limit": limit,
        "items": items.iter().map(item).collect::<Vec<_>>(),
    });
    Ok(document(StatusCode::OK, &body))
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
        .iter()
        .map(|hit| {
            let mut result = item(&hit.item);
            if let Some(members) = result.as_object_mut() {
                members.insert("score".to_owned(), turn::score(&hit.score));
            }
            result
        })
        .collect();
    Ok(document(
        StatusCode::OK,
        &json!({ "query": text, "total": results.len(), "results": results }),
    ))
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

fn item(item: &Item) -> Value {
    json!({
        "id": item.id,
        "title": item.title,
        "type": item.type_name,
        "summary": item.summary,
        "details": item.details,
        "organisation": item.organisation,
        "start_year": item.start_year,
        "end_year": item.end_year,
        "technologies": item.technologies,
        "keywords": item.keywords,
        "metrics": item.metrics.iter().map(turn::metric).collect::<Vec<_>>(),
        "impact": item.impact,
        "url": item.url,
    })
}
