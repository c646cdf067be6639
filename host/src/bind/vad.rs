//! `colloquy:vad`: where someone speaks.

use wasmtime::component::{Resource, ResourceAny, TypedFunc};

use super::{contract, described};
use crate::bindings::colloquy::vad::vad;
use crate::edge::Turn;
use crate::stage::{Description, Exports, Instance, Lease, Stage};

contract!(vad);

type Answer<T> = (Result<T, vad::Error>,);

/// The functions of the stage.
pub(crate) struct Vad {
    describe: TypedFunc<(), Answer<vad::Info>>,
    open: TypedFunc<(vad::Options,), Answer<ResourceAny>>,
    push: TypedFunc<(ResourceAny, Vec<i16>), Answer<Vec<vad::Event>>>,
    finish: TypedFunc<(ResourceAny,), Answer<Vec<vad::Segment>>>,
    take_probabilities: TypedFunc<(ResourceAny,), (Vec<f32>,)>,
}

impl Stage for Vad {
    const NAME: &'static str = "vad";

    fn link(exports: &mut Exports<'_>) -> wasmtime::Result<Self> {
        let mut vad = exports.interface("colloquy:vad/vad@0.1.0")?;
        Ok(Self {
            describe: vad.function("describe")?,
            open: vad.function("open")?,
            push: vad.function("[method]detector.push")?,
            finish: vad.function("[method]detector.finish")?,
            take_probabilities: vad.function("[method]detector.take-probabilities")?,
        })
    }

    fn describe(instance: &mut Instance<Self>) -> Result<Description, String> {
        described(instance.call("describe", |s| s.describe, ()))
    }
}

/// A detector in the stage.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Detector(Lease<Vad>);

impl vad::Host for Turn {
    async fn describe(&mut self) -> wasmtime::Result<Result<vad::Info, vad::Error>> {
        Ok(self
            .stages
            .vad
            .describe()
            .map(Into::into)
            .map_err(Into::into))
    }

    async fn open(
        &mut self,
        options: vad::Options,
    ) -> wasmtime::Result<Result<Resource<Detector>, vad::Error>> {
        match self.stages.vad.open("open", |s| s.open, (options,)).await {
            Ok(lease) => Ok(Ok(self.table.push(Detector(lease))?)),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl vad::HostDetector for Turn {
    async fn push(
        &mut self,
        it: Resource<Detector>,
        samples: Vec<i16>,
    ) -> wasmtime::Result<Result<Vec<vad::Event>, vad::Error>> {
        let answer = self
            .table
            .get(&it)?
            .0
            .method("push", |s| s.push, |it| (it, samples))
            .await;
        Ok(answer.unwrap_or_else(|fault| Err(fault.into())))
    }

    async fn finish(
        &mut self,
        it: Resource<Detector>,
    ) -> wasmtime::Result<Result<Vec<vad::Segment>, vad::Error>> {
        let answer = self
            .table
            .get(&it)?
            .0
            .method("finish", |s| s.finish, |it| (it,))
            .await;
        Ok(answer.unwrap_or_else(|fault| Err(fault.into())))
    }

    async fn take_probabilities(&mut self, it: Resource<Detector>) -> wasmtime::Result<Vec<f32>> {
        // The contract has no error here; a detector that broke says so at the next call that has one.
        let answer = self
            .table
            .get(&it)?
            .0
            .method("take-probabilities", |s| s.take_probabilities, |it| (it,))
            .await;
        Ok(answer.unwrap_or_default())
    }

    async fn drop(&mut self, it: Resource<Detector>) -> wasmtime::Result<()> {
        self.table.delete(it)?;
        Ok(())
    }
}
