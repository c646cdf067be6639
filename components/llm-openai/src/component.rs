//! The glue between the `colloquy:llm` contract and the plain modules: types in, types out, errors mapped. No logic lives here.

use std::cell::RefCell;

use bindings::exports::colloquy::llm::llm as contract;
use colloquy_upstream::{failure_is, wasi::Http};

use crate::config::Config;
use crate::delta::Finish;
use crate::generation::{Chunk, Dialect, Generation};
use crate::persona::Persona;
use crate::request::{Card, Message, Request, Role, Strategy};

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({ path: "../../wit", world: "colloquy:worlds/llm-stage", generate_all });
    use super::Component;
    export!(Component);
}

failure_is!(contract::Error);

thread_local! {
    static DIALECT: Dialect = Dialect::default();
}

struct Component;

/// An answer on its way.
struct Stream(RefCell<Generation>);

fn config() -> Result<Config, contract::Error> {
    Ok(Config::read(&|name| std::env::var(name).ok())?)
}

impl contract::Guest for Component {
    type Generation = Stream;

    /// The server is not asked: that would cost money at every start, and it may be there when it is needed.
    fn describe() -> Result<contract::Info, contract::Error> {
        let config = config()?;
        let persona = Persona::load(&config.persona)?;
        let folder = persona.map(|_| format!("{} (read)", config.persona.display()));
        let server = format!("{} (http)", config.api.base);
        Ok(contract::Info {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: Some(config.api.model),
            languages: Vec::new(),
            needs: std::iter::once(server).chain(folder).collect(),
        })
    }

    fn generate(request: contract::Request) -> Result<contract::Generation, contract::Error> {
        let config = config()?;
        let persona = Persona::load(&config.persona)?;
        let generation = DIALECT.with(|dialect| {
            Generation::begin(&config, &Http, persona.as_ref(), &request.into(), dialect)
        })?;
        Ok(contract::Generation::new(Stream(RefCell::new(generation))))
    }
}

impl contract::GuestGeneration for Stream {
    fn next(&self) -> Result<Option<contract::Chunk>, contract::Error> {
        let chunk = self.0.borrow_mut().next_chunk()?;
        Ok(chunk.map(|chunk| match chunk {
            Chunk::Text(text) => contract::Chunk::Text(text),
            Chunk::Finished {
                finish,
                tokens,
                items,
            } => contract::Chunk::Finished(contract::Usage {
                finish: match finish {
                    Finish::Stop => contract::FinishReason::Stop,
                    Finish::Length => contract::FinishReason::Length,
                    Finish::Filtered => contract::FinishReason::Filtered,
                },
                prompt_tokens: tokens.prompt,
                completion_tokens: tokens.answer,
                item_ids: items,
            }),
        }))
    }
}

impl From<contract::Request> for Request {
    fn from(request: contract::Request) -> Self {
        Self {
            messages: request.messages.into_iter().map(message).collect(),
            cards: request.cards.into_iter().map(card).collect(),
            n_matching: request.n_matching,
            intent: request.intent,
            item_type: request.item_type,
            language: request.language,
            max_tokens: request.max_tokens,
            temperature: request.temperature,
            strategy: match request.strategy {
                contract::Strategy::Fast => Strategy::Fast,
                contract::Strategy::Balanced => Strategy::Balanced,
                contract::Strategy::High => Strategy::High,
            },
        }
    }
}

fn message(message: contract::Message) -> Message {
    let role = match message.role {
        contract::Role::System => Role::System,
        contract::Role::User => Role::User,
        contract::Role::Assistant => Role::Assistant,
    };
    Message {
        role,
        content: message.content,
    }
}

fn card(card: contract::Card) -> Card {
    Card {
        id: card.id,
        type_name: card.type_name,
        title: card.title,
        summary: card.summary,
        details: card.details,
        organisation: card.organisation,
        years: (card.start_year, card.end_year),
        technologies: card.technologies,
        metrics: card
            .metrics
            .into_iter()
            .map(|metric| (metric.label, metric.value))
            .collect(),
    }
}
