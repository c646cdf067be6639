//! `colloquy:llm`: words for an answer. Chunks are produced ahead of their use.

use wasmtime::component::{Resource, ResourceAny, TypedFunc};

use super::{contract, described};
use crate::bindings::colloquy::llm::llm;
use crate::edge::Turn;
use crate::stage::{Description, Exports, Instance, Stage, Stream};

contract!(llm);

type Answer<T> = (Result<T, llm::Error>,);

/// Chunks produced ahead: a few sentences, so that the model never waits for the voice.
const AHEAD: usize = 64;

/// The functions of the stage.
pub(crate) struct Llm {
    describe: TypedFunc<(), Answer<llm::Info>>,
    generate: TypedFunc<(llm::Request,), Answer<ResourceAny>>,
    next: TypedFunc<(ResourceAny,), Answer<Option<llm::Chunk>>>,
}

impl Stage for Llm {
    const NAME: &'static str = "llm";

    fn link(exports: &mut Exports<'_>) -> wasmtime::Result<Self> {
        let mut llm = exports.interface("colloquy:llm/llm@0.2.0")?;
        Ok(Self {
            describe: llm.function("describe")?,
            generate: llm.function("generate")?,
            next: llm.function("[method]generation.next")?,
        })
    }

    fn describe(instance: &mut Instance<Self>) -> Result<Description, String> {
        described(instance.call("describe", |s| s.describe, ()))
    }
}

/// A generation in the stage.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Generation(Stream<llm::Chunk, llm::Error>);

impl llm::Host for Turn {
    async fn describe(&mut self) -> wasmtime::Result<Result<llm::Info, llm::Error>> {
        Ok(self
            .stages
            .llm
            .describe()
            .map(Into::into)
            .map_err(Into::into))
    }

    async fn generate(
        &mut self,
        request: llm::Request,
    ) -> wasmtime::Result<Result<Resource<Generation>, llm::Error>> {
        match self
            .stages
            .llm
            .open("generate", |s| s.generate, (request,))
            .await
        {
            Ok(lease) => Ok(Ok(self.table.push(Generation(lease.stream(
                "next",
                |s| s.next,
                AHEAD,
            )))?)),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl llm::HostGeneration for Turn {
    async fn next(
        &mut self,
        it: Resource<Generation>,
    ) -> wasmtime::Result<Result<Option<llm::Chunk>, llm::Error>> {
        Ok(self.table.get_mut(&it)?.0.next().await)
    }

    async fn drop(&mut self, it: Resource<Generation>) -> wasmtime::Result<()> {
        self.table.delete(it)?;
        Ok(())
    }
}
