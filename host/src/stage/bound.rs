//! A stage as one turn uses it: the version it started with, or none, when the edge component has the stage inside.
//!
//! A component that does not import a stage never calls it, so that a call without one is a defect of ours.

use std::sync::Arc;

use wasmtime::component::{ComponentNamedList, Lift, Lower, ResourceAny};

use super::fault::Fault;
use super::lease::Fallible;
use super::version::Version;
use super::{Description, Lease, Stage};

/// What a turn holds of a stage.
pub(crate) struct Bound<S: Stage>(Option<Arc<Version<S>>>);

impl<S: Stage> Bound<S> {
    /// This version, if there is one.
    pub(crate) fn new(version: Option<Arc<Version<S>>>) -> Self {
        Self(version)
    }

    /// What the component says about itself, once an instance is ready.
    pub(crate) fn describe(&self) -> Result<Description, Fault> {
        self.version()?.describe()
    }

    /// See [`Version::once`].
    pub(crate) async fn once<P, T, E>(
        &self,
        name: &'static str,
        pick: fn(&S) -> Fallible<P, T, E>,
        params: P,
    ) -> Result<T, E>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        T: Lift + Send + Sync + 'static,
        E: From<Fault> + Lift + Send + Sync + 'static,
    {
        self.version()?.once(name, pick, params).await
    }

    /// See [`Version::open`].
    pub(crate) async fn open<P, E>(
        &self,
        name: &'static str,
        pick: fn(&S) -> Fallible<P, ResourceAny, E>,
        params: P,
    ) -> Result<Lease<S>, E>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        E: From<Fault> + Lift + Send + Sync + 'static,
    {
        self.version()?.open(name, pick, params).await
    }

    fn version(&self) -> Result<&Version<S>, Fault> {
        self.0.as_deref().ok_or_else(|| Fault::internal(S::NAME))
    }
}
