//! What the glue of the rules (`intent_rules::component`) needs to know of this stage: where its files are.

use std::path::Path;
use std::rc::Rc;

use colloquy_preload::{Loaded, PreloadError, Slot};
use intent_rules::Engine;
use intent_rules::component::{FOLDER, Given, Glue, Stage, bindings};
use intent_rules::intent::{Classification, Turn};
use intent_rules::select::choose::{Hit, Request, Selection};
use intent_rules::select::filter::Filter;

use crate::engine::Semantic;
use crate::error::Error;

mod export {
    #![allow(unsafe_code, unreachable_pub, reason = "generated code")]
    use super::{Glue, Semantic, bindings};
    type Component = Glue<Semantic>;
    bindings::export!(Component with_types_in bindings);
}

/// The folder below `/models` that is used when `INTENT_MODEL` is not set.
const DEFAULT_MODEL: &str = "all-minilm-l6-v2";

thread_local! {
    static SEMANTIC: Slot<Semantic> = const { Slot::new() };
}

impl Stage for Semantic {
    const NAME: &str = env!("CARGO_PKG_NAME");
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    fn loaded() -> Result<Rc<Loaded<Self>>, Error> {
        SEMANTIC.with(|slot| slot.get(Path::new("/models"), model_name, Self::read))
    }

    fn preload(name: String, files: Given) -> Result<(), PreloadError<Error>> {
        // The files of both folders come as one: no name occurs in both.
        SEMANTIC.with(|slot| slot.preload(name, files, Self::preload))
    }

    fn rules(&self) -> &Engine {
        self.rules()
    }

    fn model(loaded: &Loaded<Self>) -> Option<String> {
        Some(loaded.name.clone())
    }

    fn needs(loaded: &Loaded<Self>) -> Vec<String> {
        vec![
            format!("{FOLDER} (read)"),
            format!("models/{} (read)", loaded.name),
        ]
    }

    fn classify(&self, text: &str, history: &[Turn]) -> Result<Classification, Error> {
        self.classify(text, history)
    }

    fn select(&self, request: &Request) -> Result<Selection<'_>, Error> {
        self.select(request)
    }

    fn search(&self, text: &str, filter: Filter, limit: usize) -> Result<Vec<Hit<'_>>, Error> {
        self.search(text, filter, limit)
    }
}

/// The model's folder below `/models`: one plain name, so that no setting reaches outside of it.
fn model_name() -> Result<String, Error> {
    let name = std::env::var("INTENT_MODEL").unwrap_or_else(|_| DEFAULT_MODEL.into());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(Error::Unavailable(format!(
            "INTENT_MODEL is {name:?}, expected the name of a folder"
        )));
    }
    Ok(name)
}
