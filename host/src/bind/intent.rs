//! `colloquy:intent`: what someone wants to know. The same component, and so the same pool, also serves [`super::content`].

use wasmtime::component::TypedFunc;

use super::{content, contract, described};
use crate::bindings::colloquy::intent::intent;
use crate::edge::Turn;
use crate::stage::{Description, Exports, Instance, Stage};

contract!(intent);

type Answer<T> = (Result<T, intent::Error>,);

/// The functions of the stage.
pub(crate) struct Intent {
    describe: TypedFunc<(), Answer<intent::Info>>,
    classify: TypedFunc<(String, Vec<intent::Turn>), Answer<intent::Classification>>,
    /// The content base.
    pub(super) content: content::Content,
}

impl Stage for Intent {
    const NAME: &'static str = "intent";

    fn link(exports: &mut Exports<'_>) -> wasmtime::Result<Self> {
        let content = content::Content::link(exports)?;
        let mut intent = exports.interface("colloquy:intent/intent@0.1.0")?;
        Ok(Self {
            describe: intent.function("describe")?,
            classify: intent.function("classify")?,
            content,
        })
    }

    fn describe(instance: &mut Instance<Self>) -> Result<Description, String> {
        // Either half may load what the other does not.
        described(instance.call("content.describe", |s| s.content.describe, ()))?;
        described(instance.call("describe", |s| s.describe, ()))
    }
}

impl intent::Host for Turn {
    async fn describe(&mut self) -> wasmtime::Result<Result<intent::Info, intent::Error>> {
        Ok(self
            .stages
            .intent
            .describe()
            .map(Into::into)
            .map_err(Into::into))
    }

    async fn classify(
        &mut self,
        text: String,
        history: Vec<intent::Turn>,
    ) -> wasmtime::Result<Result<intent::Classification, intent::Error>> {
        Ok(self
            .stages
            .intent
            .once("classify", |s| s.classify, (text, history))
            .await)
    }
}
