//! Glue between the contracts and the plain modules: conversion only. The content base is loaded once for each instance.

use std::cell::OnceCell;
use std::path::Path;
use std::rc::Rc;

use crate::error::Error;
use crate::{Engine, base, intent, select};
use bindings::exports::colloquy::content::content as wc;
use bindings::exports::colloquy::intent::intent as wi;

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "colloquy:worlds/intent-stage",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

/// Where the host mounts the content folder.
const FOLDER: &str = "/content";

thread_local! {
    static ENGINE: OnceCell<Result<Rc<Engine>, Error>> = const { OnceCell::new() };
}

/// The engine of this instance; a failure to load it is remembered, since the folder is mounted once.
fn engine() -> Result<Rc<Engine>, Error> {
    ENGINE.with(|cell| {
        cell.get_or_init(|| Engine::load(Path::new(FOLDER)).map(Rc::new))
            .clone()
    })
}

struct Component;

impl wi::Guest for Component {
    fn describe() -> Result<wi::Info, wi::Error> {
        engine()?;
        let (name, version, languages, needs) = info();
        Ok(wi::Info {
            name,
            version,
            model: None,
            languages,
            needs,
        })
    }

    fn classify(text: String, history: Vec<wi::Turn>) -> Result<wi::Classification, wi::Error> {
        let turns: Vec<intent::Turn> = history
            .into_iter()
            .map(|t| intent::Turn {
                user: t.user,
                assistant: t.assistant,
                intent: t.intent,
                item_ids: t.item_ids,
                item_type: t.item_type,
            })
            .collect();
        let found = engine()?.classify(&text, &turns)?;
        let entity = |e: intent::Entity| wi::Entity {
            kind: e.kind.to_owned(),
            value: e.value,
            text: e.text,
            confidence: e.confidence,
        };
        let factor = |f: intent::Factor| wi::Factor {
            name: f.name.to_owned(),
            value: f.value,
            weight: f.weight,
        };
        Ok(wi::Classification {
            intent: found.intent.to_owned(),
            item_type: found.item_type,
            entities: found.entities.into_iter().map(entity).collect(),
            keywords: found.keywords,
            confidence: found.confidence,
            factors: found.factors.into_iter().map(factor).collect(),
        })
    }
}

impl wc::Guest for Component {
    fn describe() -> Result<wc::Info, wc::Error> {
        engine()?;
        let (name, version, languages, needs) = info();
        Ok(wc::Info {
            name,
            version,
            model: None,
            languages,
            needs,
        })
    }

    fn types() -> Result<Vec<wc::ItemType>, wc::Error> {
        let engine = engine()?;
        let count = |at: usize| {
            engine
                .base()
                .items
                .iter()
                .filter(|item| item.type_index == at)
                .count()
        };
        let types = engine.base().types.iter().enumerate();
        Ok(types
            .map(|(at, t)| wc::ItemType {
                name: t.name.clone(),
                title: t.title.clone(),
                n_items: small(count(at)),
            })
            .collect())
    }

    fn items(
        type_name: Option<String>,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<wc::Item>, wc::Error> {
        let engine = engine()?;
        let items = engine.items(type_name.as_deref(), large(offset), large(limit))?;
        Ok(items.into_iter().map(|i| item(&engine, i)).collect())
    }

    fn get(id: String) -> Result<Option<wc::Item>, wc::Error> {
        let engine = engine()?;
        Ok(engine.item(&id).map(|i| item(&engine, i)))
    }

    fn search(text: String, filter: wc::Filter, limit: u32) -> Result<Vec<wc::Hit>, wc::Error> {
        let engine = engine()?;
        let filter = select::filter::Filter {
            type_name: filter.type_name,
            technologies: filter.technologies,
            organisation: filter.organisation,
            from_year: filter.from_year,
            to_year: filter.to_year,
        };
        let hits = engine.search(&text, filter, large(limit))?;
        Ok(hits.into_iter().map(|h| hit(&engine, h)).collect())
    }

    fn select(request: wc::Request) -> Result<wc::Selection, wc::Error> {
        let engine = engine()?;
        let chosen = engine.select(&select::choose::Request {
            text: request.text,
            intent: request.intent,
            item_type: request.item_type,
            entities: request
                .entities
                .into_iter()
                .map(|e| (e.kind, e.value))
                .collect(),
            keywords: request.keywords,
            previous_item_ids: request.previous_item_ids,
            limit: large(request.limit),
        })?;
        let f = chosen.applied;
        Ok(wc::Selection {
            n_matching: small(chosen.n_matching),
            hits: chosen.hits.into_iter().map(|h| hit(&engine, h)).collect(),
            applied: wc::Filter {
                type_name: f.type_name,
                technologies: f.technologies,
                organisation: f.organisation,
                from_year: f.from_year,
                to_year: f.to_year,
            },
        })
    }
}

fn info() -> (String, String, Vec<String>, Vec<String>) {
    let own = |text: &str| text.to_owned();
    (
        own(env!("CARGO_PKG_NAME")),
        own(env!("CARGO_PKG_VERSION")),
        vec![own("en")],
        vec![own("content (read)")],
    )
}

fn item(engine: &Engine, item: &base::Item) -> wc::Item {
    let metric = |m: &base::Metric| wc::Metric {
        label: m.label.clone(),
        value: m.value.clone(),
    };
    wc::Item {
        id: item.id.clone(),
        type_name: engine.base().type_name(item).to_owned(),
        title: item.title.clone(),
        summary: item.summary.clone(),
        details: item.details.clone(),
        organisation: item.organisation.clone(),
        start_year: item.start_year,
        end_year: item.end_year,
        technologies: item.technologies.clone(),
        keywords: item.keywords.clone(),
        metrics: item.metrics.iter().map(metric).collect(),
        impact: item.impact,
        url: item.url.clone(),
    }
}

fn hit(engine: &Engine, hit: select::choose::Hit<'_>) -> wc::Hit {
    let s = hit.score;
    let score = wc::Score {
        total: s.total,
        keyword: s.keyword,
        technology: s.technology,
        recency: s.recency,
        impact: s.impact,
        reasons: s.reasons,
    };
    wc::Hit {
        item: item(engine, hit.item),
        score,
    }
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn large(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

impl From<Error> for wi::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidInput(text) => Self::InvalidInput(text),
            Error::Unavailable(text) => Self::Unavailable(text),
            Error::Internal(text) => Self::Internal(text),
        }
    }
}

impl From<Error> for wc::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidInput(text) => Self::InvalidInput(text),
            Error::Unavailable(text) => Self::Unavailable(text),
            Error::Internal(text) => Self::Internal(text),
        }
    }
}
