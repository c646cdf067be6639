//! `colloquy:content`: the content base, served by the intent stage's component.

use wasmtime::component::TypedFunc;

use super::contract;
use crate::bindings::colloquy::content::content;
use crate::edge::Turn;
use crate::stage::Exports;

contract!(content);

type Answer<T> = (Result<T, content::Error>,);

/// The functions of the interface.
pub(crate) struct Content {
    pub(super) describe: TypedFunc<(), Answer<content::Info>>,
    types: TypedFunc<(), Answer<Vec<content::ItemType>>>,
    items: TypedFunc<(Option<String>, u32, u32), Answer<Vec<content::Item>>>,
    get: TypedFunc<(String,), Answer<Option<content::Item>>>,
    search: TypedFunc<(String, content::Filter, u32), Answer<Vec<content::Hit>>>,
    select: TypedFunc<(content::Request,), Answer<content::Selection>>,
}

impl Content {
    /// Finds the functions.
    pub(super) fn link(exports: &mut Exports<'_>) -> wasmtime::Result<Self> {
        let mut content = exports.interface("colloquy:content/content@0.1.0")?;
        Ok(Self {
            describe: content.function("describe")?,
            types: content.function("types")?,
            items: content.function("items")?,
            get: content.function("get")?,
            search: content.function("search")?,
            select: content.function("select")?,
        })
    }
}

impl content::Host for Turn {
    async fn describe(&mut self) -> wasmtime::Result<Result<content::Info, content::Error>> {
        Ok(self
            .stages
            .intent
            .describe()
            .map(Into::into)
            .map_err(Into::into))
    }

    async fn types(&mut self) -> wasmtime::Result<Result<Vec<content::ItemType>, content::Error>> {
        Ok(self
            .stages
            .intent
            .once("content.types", |s| s.content.types, ())
            .await)
    }

    async fn items(
        &mut self,
        type_name: Option<String>,
        offset: u32,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<content::Item>, content::Error>> {
        Ok(self
            .stages
            .intent
            .once(
                "content.items",
                |s| s.content.items,
                (type_name, offset, limit),
            )
            .await)
    }

    async fn get(
        &mut self,
        id: String,
    ) -> wasmtime::Result<Result<Option<content::Item>, content::Error>> {
        Ok(self
            .stages
            .intent
            .once("content.get", |s| s.content.get, (id,))
            .await)
    }

    async fn search(
        &mut self,
        text: String,
        filter: content::Filter,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<content::Hit>, content::Error>> {
        Ok(self
            .stages
            .intent
            .once(
                "content.search",
                |s| s.content.search,
                (text, filter, limit),
            )
            .await)
    }

    async fn select(
        &mut self,
        request: content::Request,
    ) -> wasmtime::Result<Result<content::Selection, content::Error>> {
        Ok(self
            .stages
            .intent
            .once("content.select", |s| s.content.select, (request,))
            .await)
    }
}
