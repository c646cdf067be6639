//! `colloquy:tts`: text to speech. Audio is made ahead of its use.

use wasmtime::component::{Resource, ResourceAny, TypedFunc};

use super::{contract, described};
use crate::bindings::colloquy::tts::tts;
use crate::edge::Turn;
use crate::stage::{Description, Exports, Fault, Instance, Stage, Stream};

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
}

impl Turn {
    /// Asks for the rate before the stage begins, because the contract lets nobody fail to know it later.
    async fn speak(&mut self, text: String, options: tts::Options) -> Result<Speech, tts::Error> {
        let lease = self
            .stages
            .tts
            .open("synthesize", |s| s.synthesize, (text, options))
            .await?;
        let rate = lease
            .method("sample-rate-hz", |s| s.sample_rate_hz, |it| (it,))
            .await;
        let sample_rate_hz = rate.map_err(|fault: Fault| tts::Error::from(fault))?;
        Ok(Speech {
            sample_rate_hz,
            audio: lease.stream("next", |s| s.next, AHEAD),
        })
    }
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
        Ok(self.stages.tts.once("voices", |s| s.voices, ()).await)
    }

    async fn synthesize(
        &mut self,
        text: String,
        options: tts::Options,
    ) -> wasmtime::Result<Result<Resource<Speech>, tts::Error>> {
        match self.speak(text, options).await {
            Ok(speech) => Ok(Ok(self.table.push(speech)?)),
            Err(error) => Ok(Err(error)),
        }
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

    async fn drop(&mut self, it: Resource<Speech>) -> wasmtime::Result<()> {
        self.table.delete(it)?;
        Ok(())
    }
}
