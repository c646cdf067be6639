//! Glue between the contract and the plain modules: conversion only. The persona is loaded once for each instance.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use colloquy_preload::{Loaded, PreloadError, Slot};

use crate::Speaker;
use crate::error::Error;
use crate::request::{Card, Message, Request, Role};
use crate::stream::{Chunk, Stream};
use bindings::exports::colloquy::llm::llm as w;
use bindings::exports::colloquy::preload::preload;

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
        world: "colloquy:worlds/llm-stage-preloadable",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

/// The folder that the host mounts below the root.
const FOLDER: &str = "content";

thread_local! {
    static SPEAKER: Slot<Speaker> = const { Slot::new() };
}

/// The speaker of this instance: preloaded, or loaded on first use.
fn speaker() -> Result<Rc<Loaded<Speaker>>, Error> {
    SPEAKER.with(|slot| slot.get(Path::new("/"), || Ok(FOLDER.to_owned()), Speaker::read))
}

impl preload::Guest for Component {
    fn load(name: String, files: Vec<preload::File>) -> Result<(), preload::Error> {
        let files = files.into_iter().map(|file| (file.name, file.bytes));
        SPEAKER
            .with(|slot| slot.preload(name, files, Speaker::read))
            .map_err(|error| match error {
                PreloadError::Late => preload::Error::InvalidInput(error.to_string()),
                PreloadError::Load(error) => preload::Error::Unavailable(error.to_string()),
            })
    }
}

struct Component;

impl w::Guest for Component {
    type Generation = Generation;

    fn describe() -> Result<w::Info, w::Error> {
        let speaker = speaker()?;
        let folder = (!speaker.preloaded).then(|| format!("{} (read)", speaker.name));
        Ok(w::Info {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: None,
            languages: speaker.value.languages().map(str::to_owned).collect(),
            needs: folder.into_iter().collect(),
        })
    }

    fn generate(request: w::Request) -> Result<w::Generation, w::Error> {
        let stream = speaker()?.value.generate(&Request {
            messages: request.messages.into_iter().map(message).collect(),
            cards: request.cards.into_iter().map(card).collect(),
            n_matching: request.n_matching,
            intent: request.intent,
            item_type: request.item_type,
            language: request.language,
            max_tokens: request.max_tokens,
        })?;
        Ok(w::Generation::new(Generation(RefCell::new(stream))))
    }
}

/// An answer in the making.
struct Generation(RefCell<Stream>);

impl w::GuestGeneration for Generation {
    fn next(&self) -> Result<Option<w::Chunk>, w::Error> {
        Ok(self.0.borrow_mut().next().map(|chunk| match chunk {
            Chunk::Degraded(why) => w::Chunk::Degraded(why),
            Chunk::Text(text) => w::Chunk::Text(text),
            Chunk::Finished {
                shortened,
                n_tokens,
            } => w::Chunk::Finished(w::Usage {
                finish: if shortened {
                    w::FinishReason::Length
                } else {
                    w::FinishReason::Stop
                },
                prompt_tokens: None,
                completion_tokens: Some(n_tokens),
                item_ids: None,
            }),
        }))
    }
}

fn message(message: w::Message) -> Message {
    let role = match message.role {
        w::Role::System => Role::System,
        w::Role::User => Role::User,
        w::Role::Assistant => Role::Assistant,
    };
    Message {
        role,
        content: message.content,
    }
}

fn card(card: w::Card) -> Card {
    Card {
        id: card.id,
        type_name: card.type_name,
        title: card.title,
        summary: card.summary,
        details: card.details,
        organisation: card.organisation,
        start_year: card.start_year,
        end_year: card.end_year,
        technologies: card.technologies,
        metrics: card
            .metrics
            .into_iter()
            .map(|metric| (metric.label, metric.value))
            .collect(),
    }
}

impl From<Error> for w::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidInput(text) => Self::InvalidInput(text),
            Error::Unavailable(text) => Self::Unavailable(text),
            Error::Internal(text) => Self::Internal(text),
        }
    }
}
