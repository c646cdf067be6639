//! `colloquy:tts`: text to speech. Audio is made ahead of its use.

use wasmtime::component::{Resource, ResourceAny, TypedFunc};

use super::{contract, described};
use crate::bindings::colloquy::tts::tts;
use crate::edge::Turn;
use crate::stage::{Attempts, Candidate, Description, Exports, Instance, Stage, Strategy, Stream};

contract!(tts);

type Answer<T> = (Result<T, tts::Error>,);

/// Chunks made ahead; each is at most a few seconds of audio.
const AHEAD: usize = 16;

/// The functions of the stage.
pub(crate) struct Tts {
    describe: TypedFunc<(), Answer<tts::Info>>,
    voices: TypedFunc<(), Answer<Vec<tts::Voice>>>,
    synthesize: TypedFunc<(String, tts::Options), Answer<ResourceAny>>,
    sample_rate_hz: TypedFunc<(ResourceAny,), (u32,)>,
    next: TypedFunc<(ResourceAny,), Answer<Option<Vec<i16>>>>,
    degraded: TypedFunc<(ResourceAny,), (Option<String>,)>,
}

impl Stage for Tts {
    const NAME: &'static str = "tts";

    fn link(exports: &mut Exports<'_>) -> wasmtime::Result<Self> {
        let mut tts = exports.interface("colloquy:tts/tts@0.2.0")?;
        Ok(Self {
            describe: tts.function("describe")?,
            voices: tts.function("voices")?,
            synthesize: tts.function("synthesize")?,
            sample_rate_hz: tts.function("[method]speech.sample-rate-hz")?,
            next: tts.function("[method]speech.next")?,
            degraded: tts.function("[method]speech.degraded")?,
        })
    }

    fn describe(instance: &mut Instance<Self>) -> Result<Description, String> {
        described(instance.call("describe", |s| s.describe, ()))
    }
}

/// Speech in the making.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Speech {
    sample_rate_hz: u32,
    audio: Stream<Vec<i16>, tts::Error>,
    degraded: Option<String>,
}

/// Speaks up to the first audio: until then another voice can take over. The rate is asked for now too, because the contract lets nobody
/// fail to know it later.
async fn begin(
    candidate: &Candidate<Tts>,
    text: String,
    options: tts::Options,
) -> Result<Speech, tts::Error> {
    let lease = candidate
        .open("synthesize", |s| s.synthesize, (text, options))
        .await?;
    let sample_rate_hz = lease
        .method("sample-rate-hz", |s| s.sample_rate_hz, |it| (it,))
        .await?;
    let degraded = lease.method("degraded", |s| s.degraded, |it| (it,)).await?;
    let first = lease.next("next", |s| s.next).await?;
    Ok(Speech {
        sample_rate_hz,
        audio: lease.stream("next", |s| s.next, AHEAD).after(first),
        degraded,
    })
}

impl tts::Host for Turn {
    async fn describe(&mut self) -> wasmtime::Result<Result<tts::Info, tts::Error>> {
        Ok(self
            .stages
            .tts
            .describe()
            .map(Into::into)
            .map_err(Into::into))
    }

    async fn voices(&mut self) -> wasmtime::Result<Result<Vec<tts::Voice>, tts::Error>> {
        // Those of everybody who may speak; the first who can answer has the default one.
        let (mut voices, mut attempts) = (Vec::<tts::Voice>::new(), Attempts::default());
        for candidate in self.stages.tts.candidates(Strategy::Balanced) {
            match candidate.once("voices", |s| s.voices, ()).await {
                Ok(more) => {
                    let known = |voice: &tts::Voice| voices.iter().any(|v| v.name == voice.name);
                    let new: Vec<_> = more.into_iter().filter(|voice| !known(voice)).collect();
                    voices.extend(new);
                }
                Err(error) => {
                    if let Some(error) = self.stages.tts.failed(&candidate, error, &mut attempts) {
                        return Ok(Err(error));
                    }
                }
            }
        }
        if voices.is_empty() && attempts.why().is_some() {
            return Ok(Err(attempts.into_error(Tts::NAME)));
        }
        Ok(Ok(voices))
    }

    async fn synthesize(
        &mut self,
        text: String,
        options: tts::Options,
    ) -> wasmtime::Result<Result<Resource<Speech>, tts::Error>> {
        let mut attempts = Attempts::default();
        for candidate in self.stages.tts.candidates(Strategy::Balanced) {
            match begin(&candidate, text.clone(), options.clone()).await {
                Ok(mut speech) => {
                    speech.degraded = attempts.why().or(speech.degraded);
                    let stands_in = speech.degraded.is_some();
                    self.stages.tts.answered(&candidate, stands_in);
                    return Ok(Ok(self.table.push(speech)?));
                }
                Err(error) => {
                    if let Some(error) = self.stages.tts.failed(&candidate, error, &mut attempts) {
                        return Ok(Err(error));
                    }
                }
            }
        }
        Ok(Err(attempts.into_error(Tts::NAME)))
    }
}

impl tts::HostSpeech for Turn {
    async fn sample_rate_hz(&mut self, it: Resource<Speech>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&it)?.sample_rate_hz)
    }

    async fn next(
        &mut self,
        it: Resource<Speech>,
    ) -> wasmtime::Result<Result<Option<Vec<i16>>, tts::Error>> {
        Ok(self.table.get_mut(&it)?.audio.next().await)
    }

    async fn degraded(&mut self, it: Resource<Speech>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&it)?.degraded.clone())
    }

    async fn drop(&mut self, it: Resource<Speech>) -> wasmtime::Result<()> {
        self.table.delete(it)?;
        Ok(())
    }
}
