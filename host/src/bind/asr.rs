//! `colloquy:asr`: samples to text. Segments are recognised ahead of their use.

use wasmtime::component::{Resource, ResourceAny, TypedFunc};

use super::{contract, described, strategy};
use crate::bindings::colloquy::asr::asr;
use crate::edge::Turn;
use crate::stage::{Attempts, Candidate, Description, Exports, Instance, Stage, Stream};

contract!(asr);
strategy!(asr);

type Answer<T> = (Result<T, asr::Error>,);

/// Segments recognised ahead; each is seconds of speech.
const AHEAD: usize = 4;

/// The functions of the stage.
pub(crate) struct Asr {
    describe: TypedFunc<(), Answer<asr::Info>>,
    transcribe: TypedFunc<(Vec<i16>, Vec<asr::Span>, asr::Options), Answer<ResourceAny>>,
    next: TypedFunc<(ResourceAny,), Answer<Option<asr::Segment>>>,
    degraded: TypedFunc<(ResourceAny,), (Option<String>,)>,
}

impl Stage for Asr {
    const NAME: &'static str = "asr";

    fn link(exports: &mut Exports<'_>) -> wasmtime::Result<Self> {
        let mut asr = exports.interface("colloquy:asr/asr@0.2.0")?;
        Ok(Self {
            describe: asr.function("describe")?,
            transcribe: asr.function("transcribe")?,
            next: asr.function("[method]transcription.next")?,
            degraded: asr.function("[method]transcription.degraded")?,
        })
    }

    fn describe(instance: &mut Instance<Self>) -> Result<Description, String> {
        described(instance.call("describe", |s| s.describe, ()))
    }
}

/// A transcription in the stage.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Transcription {
    segments: Stream<asr::Segment, asr::Error>,
    degraded: Option<String>,
}

/// Recognises up to the first segment: until then another recogniser can take over.
async fn begin(
    candidate: &Candidate<Asr>,
    samples: Vec<i16>,
    speech: Vec<asr::Span>,
    options: asr::Options,
) -> Result<Transcription, asr::Error> {
    let lease = candidate
        .open("transcribe", |s| s.transcribe, (samples, speech, options))
        .await?;
    let first = lease.next("next", |s| s.next).await?;
    let degraded = lease.method("degraded", |s| s.degraded, |it| (it,)).await?;
    Ok(Transcription {
        segments: lease.stream("next", |s| s.next, AHEAD).after(first),
        degraded,
    })
}

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
        let mut attempts = Attempts::default();
        for candidate in self.stages.asr.candidates(options.strategy.into()) {
            let (samples, speech, options) = (samples.clone(), speech.clone(), options.clone());
            match begin(&candidate, samples, speech, options).await {
                Ok(mut transcription) => {
                    transcription.degraded = attempts.why().or(transcription.degraded);
                    let stands_in = transcription.degraded.is_some();
                    self.stages.asr.answered(&candidate, stands_in);
                    return Ok(Ok(self.table.push(transcription)?));
                }
                Err(error) => {
                    if let Some(error) = self.stages.asr.failed(&candidate, error, &mut attempts) {
                        return Ok(Err(error));
                    }
                }
            }
        }
        Ok(Err(attempts.into_error(Asr::NAME)))
    }
}

impl asr::HostTranscription for Turn {
    async fn next(
        &mut self,
        it: Resource<Transcription>,
    ) -> wasmtime::Result<Result<Option<asr::Segment>, asr::Error>> {
        Ok(self.table.get_mut(&it)?.segments.next().await)
    }

    async fn degraded(&mut self, it: Resource<Transcription>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&it)?.degraded.clone())
    }

    async fn drop(&mut self, it: Resource<Transcription>) -> wasmtime::Result<()> {
        self.table.delete(it)?;
        Ok(())
    }
}
