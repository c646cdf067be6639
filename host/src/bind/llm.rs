//! `colloquy:llm`: words for an answer. Chunks are produced ahead of their use.

use wasmtime::component::{Resource, ResourceAny, TypedFunc};

use super::{contract, described, strategy};
use crate::bindings::colloquy::llm::llm;
use crate::edge::Turn;
use crate::stage::{Attempts, Candidate, Description, Exports, Instance, Stage, Stream};

contract!(llm);
strategy!(llm);

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

/// Generates up to the first text: until then another model can take over.
async fn begin(
    candidate: &Candidate<Llm>,
    request: llm::Request,
    why: Option<String>,
) -> Result<Generation, llm::Error> {
    let lease = candidate
        .open("generate", |s| s.generate, (request,))
        .await?;
    let mut first: Vec<_> = why.map(llm::Chunk::Degraded).into_iter().collect();
    loop {
        let chunk = lease.next("next", |s| s.next).await?;
        match chunk {
            // Said once is enough: whoever stands in is not what was asked for anyway.
            Some(llm::Chunk::Degraded(why)) if first.is_empty() => {
                first.push(llm::Chunk::Degraded(why));
            }
            Some(llm::Chunk::Degraded(_)) => {}
            Some(llm::Chunk::Text(text)) if text.trim().is_empty() => {}
            Some(chunk @ llm::Chunk::Text(_)) => {
                first.push(chunk);
                break;
            }
            Some(llm::Chunk::Finished(_)) | None => {
                return Err(llm::Error::Unavailable("it gave no text".to_owned()));
            }
        }
    }
    Ok(Generation {
        stands_in: matches!(first.first(), Some(llm::Chunk::Degraded(_))),
        chunks: lease.stream("next", |s| s.next, AHEAD).after(first),
    })
}

/// A generation in the stage.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Generation {
    chunks: Stream<llm::Chunk, llm::Error>,
    /// Whether it is not from whom was asked.
    stands_in: bool,
}

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
        let mut attempts = Attempts::default();
        for candidate in self.stages.llm.candidates(request.strategy.into()) {
            match begin(&candidate, request.clone(), attempts.why()).await {
                Ok(generation) => {
                    let stands_in = generation.stands_in;
                    self.stages.llm.answered(&candidate, stands_in);
                    return Ok(Ok(self.table.push(generation)?));
                }
                Err(error) => {
                    if let Some(error) = self.stages.llm.failed(&candidate, error, &mut attempts) {
                        return Ok(Err(error));
                    }
                }
            }
        }
        Ok(Err(attempts.into_error(Llm::NAME)))
    }
}

impl llm::HostGeneration for Turn {
    async fn next(
        &mut self,
        it: Resource<Generation>,
    ) -> wasmtime::Result<Result<Option<llm::Chunk>, llm::Error>> {
        Ok(self.table.get_mut(&it)?.chunks.next().await)
    }

    async fn drop(&mut self, it: Resource<Generation>) -> wasmtime::Result<()> {
        self.table.delete(it)?;
        Ok(())
    }
}
