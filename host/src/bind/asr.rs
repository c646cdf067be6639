//! `colloquy:asr`: samples to text. Segments are recognised ahead of their use.

use wasmtime::component::{Resource, ResourceAny, TypedFunc};

use super::{contract, described};
use crate::bindings::colloquy::asr::asr;
use crate::edge::Turn;
use crate::stage::{Description, Exports, Instance, Stage, Stream};

contract!(asr);

type Answer<T> = (Result<T, asr::Error>,);

/// Segments recognised ahead; each is seconds of speech.
const AHEAD: usize = 4;

/// The functions of the stage.
pub(crate) struct Asr {
    describe: TypedFunc<(), Answer<asr::Info>>,
    transcribe: TypedFunc<(Vec<i16>, Vec<asr::Span>, asr::Options), Answer<ResourceAny>>,
    next: TypedFunc<(ResourceAny,), Answer<Option<asr::Segment>>>,
}

impl Stage for Asr {
    const NAME: &'static str = "asr";

    fn link(exports: &mut Exports<'_>) -> wasmtime::Result<Self> {
        let mut asr = exports.interface("colloquy:asr/asr@0.2.0")?;
        Ok(Self {
            describe: asr.function("describe")?,
            transcribe: asr.function("transcribe")?,
            next: asr.function("[method]transcription.next")?,
        })
    }

    fn describe(instance: &mut Instance<Self>) -> Result<Description, String> {
        described(instance.call("describe", |s| s.describe, ()))
    }
}

/// A transcription in the stage.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Transcription(Stream<asr::Segment, asr::Error>);

impl asr::Host for Turn {
    async fn describe(&mut self) -> wasmtime::Result<Result<asr::Info, asr::Error>> {
        Ok(self
            .stages
            .asr
            .describe()
            .map(Into::into)
            .map_err(Into::into))
    }

    async fn transcribe(
        &mut self,
        samples: Vec<i16>,
        speech: Vec<asr::Span>,
        options: asr::Options,
    ) -> wasmtime::Result<Result<Resource<Transcription>, asr::Error>> {
        match self
            .stages
            .asr
            .open("transcribe", |s| s.transcribe, (samples, speech, options))
            .await
        {
            Ok(lease) => Ok(Ok(self.table.push(Transcription(lease.stream(
                "next",
                |s| s.next,
                AHEAD,
            )))?)),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl asr::HostTranscription for Turn {
    async fn next(
        &mut self,
        it: Resource<Transcription>,
    ) -> wasmtime::Result<Result<Option<asr::Segment>, asr::Error>> {
        Ok(self.table.get_mut(&it)?.0.next().await)
    }

    async fn drop(&mut self, it: Resource<Transcription>) -> wasmtime::Result<()> {
        self.table.delete(it)?;
        Ok(())
    }
}
