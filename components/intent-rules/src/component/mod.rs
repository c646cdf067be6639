//! Glue between the contracts and the plain modules: conversion only. The content base is loaded once for each instance.

use std::cell::OnceCell;
use std::path::Path;
use std::rc::Rc;

use crate::error::Error;
use crate::{Engine, intent, select};
use bindings::exports::colloquy::content::content as wc;
use bindings::exports::colloquy::intent::intent as wi;
use convert::{filter, hit, info, item, large, small};

mod convert;

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
        Ok(convert::classification(found))
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

    fn search(text: String, query: wc::Filter, limit: u32) -> Result<Vec<wc::Hit>, wc::Error> {
        let engine = engine()?;
        let hits = engine.search(&text, filter(query), large(limit))?;
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
