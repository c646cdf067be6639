//! Glue between the contracts and the plain modules: conversion only. Content and whatever else a stage needs are loaded once for each
//! instance.
//!
//! It is the glue of every stage that builds on the rules: [`Glue`] is the component of a [`Stage`], and the crate of that stage exports
//! it with [`bindings::export`]. The export of the rules alone is behind the feature `component`, because a component has one.

use std::marker::PhantomData;
use std::path::Path;
use std::rc::Rc;

use colloquy_preload::{Loaded, PreloadError, Slot};

use crate::error::Error;
use crate::intent::{Classification, Turn};
use crate::select::choose::{Hit, Request, Selection};
use crate::select::filter::Filter;
use crate::{Engine, intent, select};
use bindings::exports::colloquy::content::content as wc;
use bindings::exports::colloquy::intent::intent as wi;
use bindings::exports::colloquy::preload::preload;
use convert::{filter, hit, info, item, large, small};

mod convert;

/// Generated from the contracts.
pub mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        missing_debug_implementations,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    #[cfg(feature = "component")]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "colloquy:worlds/intent-stage-preloadable",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "intent_rules::component::bindings",
    });
    // The library of these sources lies one folder deeper.
    #[cfg(not(feature = "component"))]
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "colloquy:worlds/intent-stage-preloadable",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "intent_rules::component::bindings",
    });
}

/// Files by name, as a build tool hands them over.
pub type Given = Vec<(String, Vec<u8>)>;

/// What stands behind the contracts.
pub trait Stage: Sized + 'static {
    /// As in `info`.
    const NAME: &str;
    /// As in `info`.
    const VERSION: &str;

    /// What this instance has loaded, or loads now.
    ///
    /// # Errors
    /// `unavailable`, with what is wrong with which file.
    fn loaded() -> Result<Rc<Loaded<Self>>, Error>;

    /// Loads files that a build tool hands over.
    ///
    /// # Errors
    /// As [`Slot::preload`].
    fn preload(name: String, files: Given) -> Result<(), PreloadError<Error>>;

    /// The rules and the content.
    fn rules(&self) -> &Engine;

    /// The name of its model.
    fn model(_: &Loaded<Self>) -> Option<String> {
        None
    }

    /// What it needs of the host, when it was not preloaded.
    fn needs(loaded: &Loaded<Self>) -> Vec<String> {
        vec![format!("{} (read)", loaded.name)]
    }

    /// As [`Engine::classify`].
    ///
    /// # Errors
    /// As there.
    fn classify(&self, text: &str, history: &[Turn]) -> Result<Classification, Error> {
        self.rules().classify(text, history)
    }

    /// As [`Engine::select`].
    ///
    /// # Errors
    /// As there.
    fn select(&self, request: &Request) -> Result<Selection<'_>, Error> {
        self.rules().select(request)
    }

    /// As [`Engine::search`].
    ///
    /// # Errors
    /// As there.
    fn search(&self, text: &str, filter: Filter, limit: usize) -> Result<Vec<Hit<'_>>, Error> {
        self.rules().search(text, filter, limit)
    }
}

/// The folder with the content that the host mounts below the root.
pub const FOLDER: &str = "content";

thread_local! {
    static ENGINE: Slot<Engine> = const { Slot::new() };
}

impl Stage for Engine {
    const NAME: &str = env!("CARGO_PKG_NAME");
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    fn loaded() -> Result<Rc<Loaded<Self>>, Error> {
        ENGINE.with(|slot| slot.get(Path::new("/"), || Ok(FOLDER.to_owned()), Self::read))
    }

    fn preload(name: String, files: Given) -> Result<(), PreloadError<Error>> {
        ENGINE.with(|slot| slot.preload(name, files, Self::read))
    }

    fn rules(&self) -> &Engine {
        self
    }
}

#[cfg(feature = "component")]
mod rules_alone {
    #![allow(unsafe_code, unreachable_pub, reason = "generated code")]
    use super::{Engine, Glue, bindings};
    type Component = Glue<Engine>;
    bindings::export!(Component with_types_in bindings);
}

/// The component of a stage.
#[derive(Debug)]
pub struct Glue<S>(PhantomData<S>);

impl<S: Stage> preload::Guest for Glue<S> {
    fn load(name: String, files: Vec<preload::File>) -> Result<(), preload::Error> {
        let files = files.into_iter().map(|file| (file.name, file.bytes));
        S::preload(name, files.collect()).map_err(|error| match error {
            PreloadError::Late => preload::Error::InvalidInput(error.to_string()),
            PreloadError::Load(error) => preload::Error::Unavailable(error.to_string()),
        })
    }
}

impl<S: Stage> wi::Guest for Glue<S> {
    fn describe() -> Result<wi::Info, wi::Error> {
        let loaded = S::loaded()?;
        let (name, version, languages, needs) = info(&loaded);
        Ok(wi::Info {
            name,
            version,
            model: S::model(&loaded),
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
        let found = S::loaded()?.value.classify(&text, &turns)?;
        Ok(convert::classification(found))
    }
}

impl<S: Stage> wc::Guest for Glue<S> {
    fn describe() -> Result<wc::Info, wc::Error> {
        let loaded = S::loaded()?;
        let (name, version, languages, needs) = info(&loaded);
        Ok(wc::Info {
            name,
            version,
            model: S::model(&loaded),
            languages,
            needs,
        })
    }

    fn types() -> Result<Vec<wc::ItemType>, wc::Error> {
        let loaded = S::loaded()?;
        let engine = loaded.value.rules();
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
        let loaded = S::loaded()?;
        let engine = loaded.value.rules();
        let items = engine.items(type_name.as_deref(), large(offset), large(limit))?;
        Ok(items.into_iter().map(|i| item(engine, i)).collect())
    }

    fn get(id: String) -> Result<Option<wc::Item>, wc::Error> {
        let loaded = S::loaded()?;
        let engine = loaded.value.rules();
        Ok(engine.item(&id).map(|i| item(engine, i)))
    }

    fn search(text: String, query: wc::Filter, limit: u32) -> Result<Vec<wc::Hit>, wc::Error> {
        let loaded = S::loaded()?;
        let (stage, engine) = (&loaded.value, loaded.value.rules());
        let hits = stage.search(&text, filter(query), large(limit))?;
        Ok(hits.into_iter().map(|h| hit(engine, h)).collect())
    }

    fn select(request: wc::Request) -> Result<wc::Selection, wc::Error> {
        let loaded = S::loaded()?;
        let (stage, engine) = (&loaded.value, loaded.value.rules());
        let chosen = stage.select(&select::choose::Request {
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
