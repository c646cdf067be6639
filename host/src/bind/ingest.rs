//! `colloquy:ingest`: encoded audio to samples.

use wasmtime::component::{Resource, ResourceAny, TypedFunc};

use super::{contract, described};
use crate::bindings::colloquy::ingest::ingest;
use crate::edge::Turn;
use crate::stage::{Description, Exports, Instance, Lease, Stage};

contract!(ingest);

type Answer<T> = (Result<T, ingest::Error>,);

/// The functions of the stage.
pub(crate) struct Ingest {
    describe: TypedFunc<(), Answer<ingest::Info>>,
    open: TypedFunc<(ingest::Limits,), Answer<ResourceAny>>,
    push: TypedFunc<(ResourceAny, Vec<u8>), Answer<()>>,
    finish: TypedFunc<(ResourceAny,), Answer<ingest::Format>>,
    next: TypedFunc<(ResourceAny,), Answer<Option<Vec<i16>>>>,
    rejection: TypedFunc<(ResourceAny,), (Option<ingest::Rejection>,)>,
}

impl Stage for Ingest {
    const NAME: &'static str = "ingest";

    fn link(exports: &mut Exports<'_>) -> wasmtime::Result<Self> {
        let mut ingest = exports.interface("colloquy:ingest/ingest@0.1.0")?;
        Ok(Self {
            describe: ingest.function("describe")?,
            open: ingest.function("open")?,
            push: ingest.function("[method]decoder.push")?,
            finish: ingest.function("[method]decoder.finish")?,
            next: ingest.function("[method]decoder.next")?,
            rejection: ingest.function("[method]decoder.rejection")?,
        })
    }

    fn describe(instance: &mut Instance<Self>) -> Result<Description, String> {
        described(instance.call("describe", |s| s.describe, ()))
    }
}

/// A decoder in the stage.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Decoder(Lease<Ingest>);

impl ingest::Host for Turn {
    async fn describe(&mut self) -> wasmtime::Result<Result<ingest::Info, ingest::Error>> {
        Ok(self
            .stages
            .ingest
            .describe()
            .map(Into::into)
            .map_err(Into::into))
    }

    async fn open(
        &mut self,
        limits: ingest::Limits,
    ) -> wasmtime::Result<Result<Resource<Decoder>, ingest::Error>> {
        match self.stages.ingest.open("open", |s| s.open, (limits,)).await {
            Ok(lease) => Ok(Ok(self.table.push(Decoder(lease))?)),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl ingest::HostDecoder for Turn {
    async fn push(
        &mut self,
        it: Resource<Decoder>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<(), ingest::Error>> {
        let answer = self
            .table
            .get(&it)?
            .0
            .method("push", |s| s.push, |it| (it, bytes))
            .await;
        Ok(answer.unwrap_or_else(|fault| Err(fault.into())))
    }

    async fn finish(
        &mut self,
        it: Resource<Decoder>,
    ) -> wasmtime::Result<Result<ingest::Format, ingest::Error>> {
        let answer = self
            .table
            .get(&it)?
            .0
            .method("finish", |s| s.finish, |it| (it,))
            .await;
        Ok(answer.unwrap_or_else(|fault| Err(fault.into())))
    }

    async fn next(
        &mut self,
        it: Resource<Decoder>,
    ) -> wasmtime::Result<Result<Option<Vec<i16>>, ingest::Error>> {
        let answer = self
            .table
            .get(&it)?
            .0
            .method("next", |s| s.next, |it| (it,))
            .await;
        Ok(answer.unwrap_or_else(|fault| Err(fault.into())))
    }

    async fn rejection(
        &mut self,
        it: Resource<Decoder>,
    ) -> wasmtime::Result<Option<ingest::Rejection>> {
        // A decoder that broke has no opinion; the failed call before has told what happened.
        Ok(self
            .table
            .get(&it)?
            .0
            .method("rejection", |s| s.rejection, |it| (it,))
            .await
            .unwrap_or(None))
    }

    async fn drop(&mut self, it: Resource<Decoder>) -> wasmtime::Result<()> {
        self.table.delete(it)?;
        Ok(())
    }
}
