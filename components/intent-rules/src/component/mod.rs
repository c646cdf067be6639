//! Glue between the contracts and the plain modules: conversion only. The content base is loaded once for each instance.

use std::path::Path;
use std::rc::Rc;

use colloquy_preload::{Loaded, PreloadError, Slot};

use crate::error::Error;
use crate::{Engine, intent, select};
use bindings::exports::colloquy::content::content as wc;
use bindings::exports::colloquy::intent::intent as wi;
use bindings::exports::colloquy::preload::preload;
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
        world: "colloquy:worlds/intent-stage-preloadable",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

/// The folder that the host mounts below the root.
const FOLDER: &str = "content";

thread_local! {
    static ENGINE: Slot<Engine> = const { Slot::new() };
}

/// The engine of this instance: preloaded, or loaded on first use.
fn engine() -> Result<Rc<Loaded<Engine>>, Error> {
    ENGINE.with(|slot| slot.get(Path::new("/"), || Ok(FOLDER.to_owned()), Engine::read))
}

impl preload::Guest for Component {
    fn load(name: String, files: Vec<preload::File>) -> Result<(), preload::Error> {
        let files = files.into_iter().map(|file| (file.name, file.bytes));
        ENGINE
            .with(|slot| slot.preload(name, files, Engine::read))
            .map_err(|error| match error {
                PreloadError::Late => preload::Error::InvalidInput(error.to_string()),
                PreloadError::Load(error) => preload::Error::Unavailable(error.to_string()),
            })
    }
}

struct Component;

impl wi::Guest for Component {
    fn describe() -> Result<wi::Info, wi::Error> {
        let (name, version, languages, needs) = info(&*engine()?);
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
        let found = engine()?.value.classify(&text, &turns)?;
        Ok(convert::classification(found))
    }
}

impl wc::Guest for Component {
    fn describe() -> Result<wc::Info, wc::Error> {
        let (name, version, languages, needs) = info(&*engine()?);
        Ok(wc::Info {
            name,
            version,
            model: None,
            languages,
            needs,
        })
    }

    fn types() -> Result<Vec<wc::ItemType>, wc::Error> {
        let loaded = engine()?;
        let engine = &loaded.value;
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
        let loaded = engine()?;
        let engine = &loaded.value;
        let items = engine.items(type_name.as_deref(), large(offset), large(limit))?;
        Ok(items.into_iter().map(|i| item(engine, i)).collect())
    }

    fn get(id: String) -> Result<Option<wc::Item>, wc::Error> {
        let loaded = engine()?;
        let engine = &loaded.value;
        Ok(engine.item(&id).map(|i| item(engine, i)))
    }

    fn search(text: String, query: wc::Filter, limit: u32) -> Result<Vec<wc::Hit>, wc::Error> {
        let loaded = engine()?;
        let engine = &loaded.value;
        let hits = engine.search(&text, filter(query), large(limit))?;
        Ok(hits.into_iter().map(|h| hit(engine, h)).collect())
    }

    fn select(request: wc::Request) -> Result<wc::Selection, wc::Error> {
        let loaded = engine()?;
        let engine = &loaded.value;
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
            hits: chosen.hits.into_iter().map(|h| hit(engine, h)).collect(),
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
