//! A stage at run time: a component with its grants and limits, and a pool of instances of it, each on a thread of its own.
//!
//! Generic over the kind of stage; which functions a kind has is in [`crate::bind`]. It knows wasmtime but not HTTP.
//! * [`Slot`] holds the version that new turns get; a turn keeps the one it started with.
//! * [`Version`] is one loaded component with its pool.
//! * [`Lease`](pool::Lease) is exclusive use of an instance; [`Stream`] reads ahead from one.

mod artifact;
mod bound;
mod chain;
mod fault;
mod grants;
mod instance;
mod lease;
mod output;
mod pool;
mod reach;
mod stream;
mod version;
mod voice;

use std::sync::Arc;

use arc_swap::ArcSwap;

pub(crate) use artifact::{Artifact, Exports};
pub(crate) use bound::{Attempts, Bound, Candidate, Pass, Passing};
pub(crate) use chain::{Chain, Strategy};
pub(crate) use fault::Fault;
pub(crate) use grants::Grants;
pub(crate) use instance::{Guest, Instance};
pub(crate) use pool::Status;
pub(crate) use reach::Reach;
pub(crate) use stream::Stream;
pub(crate) use version::{Examined, Limits, Settings, Version, examine};

/// Exclusive use of one instance of a stage.
pub(crate) type Lease<S> = pool::Lease<Instance<S>>;

/// One kind of stage: the functions of its contract, looked up in an instance.
pub(crate) trait Stage: Sized + Send + Sync + 'static {
    /// Its name in configuration, metrics and logs.
    const NAME: &'static str;

    /// Finds the functions; fails when one is missing or has another type than the contract says.
    fn link(exports: &mut Exports<'_>) -> wasmtime::Result<Self>;

    /// Asks the component to describe itself, which loads what it needs. The error is for the operator.
    fn describe(instance: &mut Instance<Self>) -> Result<Description, String>;
}

/// What a component says about itself; the same record in every contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) model: Option<String>,
    pub(crate) languages: Vec<String>,
    pub(crate) needs: Vec<String>,
}

/// Where the current version of a stage is found. Replacing it does not disturb turns that hold the old one.
pub(crate) struct Slot<S: Stage> {
    current: ArcSwap<Version<S>>,
}

impl<S: Stage> Slot<S> {
    /// A slot with its first version.
    pub(crate) fn new(version: Version<S>) -> Self {
        Self {
            current: ArcSwap::from_pointee(version),
        }
    }

    /// The version for a turn that starts now.
    pub(crate) fn current(&self) -> Arc<Version<S>> {
        self.current.load_full()
    }
}

#[cfg(test)]
mod tests;
