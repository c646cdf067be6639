//! A stage as one turn uses it: the versions it started with, or none, when the edge component has the stage inside.
//!
//! A turn that had to pass over a member of a chain does not ask it again, so that an answer is not given in two voices by turns.
//! A component that does not import a stage never calls it, so that a call without one is a defect of ours.

use std::sync::{Arc, OnceLock};

use wasmtime::component::{ComponentNamedList, Lift, Lower, ResourceAny};

use super::chain::{Chain, Strategy};
use super::fault::Fault;
use super::lease::Fallible;
use super::version::Version;
use super::{Description, Lease, Stage};
use crate::telemetry::{Trace, Work};

/// What a turn holds of a stage.
pub(crate) struct Bound<S: Stage> {
    chain: Chain<Arc<Version<S>>>,
    /// The request's.
    trace: Trace,
    /// Members that this turn asks no more.
    passed: Vec<usize>,
    /// What it was asked with last.
    strategy: Strategy,
    /// The one that answered last.
    answered: Option<usize>,
}

/// A member that may be asked.
pub(crate) struct Candidate<S: Stage> {
    k: usize,
    name: String,
    version: Arc<Version<S>>,
    trace: Trace,
    /// What it is asked for.
    work: OnceLock<Work>,
}

/// Why a member of a chain did not answer, as far as the next one is concerned.
pub(crate) enum Pass {
    /// It does not have the language or the voice; another one may, and does not stand in for it then.
    Lacks,
    /// It cannot answer now, for this reason.
    Down(String),
}

/// Errors of a contract, with what they mean for a chain: none when no other member could help.
pub(crate) trait Passing: Sized {
    fn pass(&self) -> Option<Pass>;

    /// Its name in the contract, for metrics and traces.
    fn label(&self) -> &'static str;
}

/// What asking one candidate after the other has come to.
pub(crate) struct Attempts<E> {
    error: Option<E>,
    lacking: Option<E>,
    why: Option<String>,
}

impl<S: Stage> Bound<S> {
    /// These versions, for a request of this trace.
    pub(crate) fn new(chain: Chain<Arc<Version<S>>>, trace: &Trace) -> Self {
        Self {
            chain,
            trace: trace.clone(),
            passed: Vec::new(),
            strategy: Strategy::Balanced,
            answered: None,
        }
    }

    /// Whom to ask, in this order.
    pub(crate) fn candidates(&mut self, strategy: Strategy) -> Vec<Candidate<S>> {
        self.strategy = strategy;
        let all = || self.chain.order(strategy);
        let candidate = |(k, name, version): (usize, &str, &Arc<Version<S>>)| Candidate {
            k,
            name: name.to_owned(),
            version: Arc::clone(version),
            trace: self.trace.clone(),
            work: OnceLock::new(),
        };
        let fresh: Vec<_> = all()
            .filter(|(k, ..)| !self.passed.contains(k))
            .map(candidate)
            .collect();
        if fresh.is_empty() {
            all().map(candidate).collect()
        } else {
            fresh
        }
    }

    /// Notes who answered, and whether for somebody else.
    pub(crate) fn answered(&mut self, by: &Candidate<S>, stands_in: bool) {
        if let Some(work) = by.work.get() {
            work.first(stands_in);
        }
        self.answered = Some(by.k);
    }

    /// Notes that a candidate failed; the error, if nobody else is to be asked.
    pub(crate) fn failed<E: Passing>(
        &mut self,
        by: &Candidate<S>,
        error: E,
        attempts: &mut Attempts<E>,
    ) -> Option<E> {
        if let Some(work) = by.work.get() {
            work.failed(error.label());
        }
        match error.pass() {
            None => return Some(error),
            Some(Pass::Lacks) => {
                attempts.lacking.get_or_insert(error);
            }
            Some(Pass::Down(why)) => {
                self.passed.push(by.k);
                let why = format!("{} {why}", by.name);
                tracing::info!(stage = S::NAME, "passed over: {why}");
                attempts.why.get_or_insert(why);
                attempts.error.get_or_insert(error);
            }
        }
        None
    }

    /// What the component says about itself that answered last, or was or would be asked first.
    pub(crate) fn describe(&self) -> Result<Description, Fault> {
        let version = match self.answered.and_then(|k| self.chain.member(k)) {
            Some(version) => version,
            None => self.first()?.1,
        };
        version.describe()
    }

    /// See [`Version::once`]; the first member only.
    pub(crate) async fn once<P, T, E>(
        &self,
        name: &'static str,
        pick: fn(&S) -> Fallible<P, T, E>,
        params: P,
    ) -> Result<T, E>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        T: Lift + Send + Sync + 'static,
        E: From<Fault> + Passing + Lift + Send + Sync + 'static,
    {
        let (section, version) = self.first()?;
        let work = Work::begin(&self.trace, S::NAME, section, name);
        version.once(&work, name, pick, params).await
    }

    /// See [`Version::open`]; the first member only.
    pub(crate) async fn open<P, E>(
        &self,
        name: &'static str,
        pick: fn(&S) -> Fallible<P, ResourceAny, E>,
        params: P,
    ) -> Result<Lease<S>, E>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        E: From<Fault> + Passing + Lift + Send + Sync + 'static,
    {
        let (section, version) = self.first()?;
        let work = Work::begin(&self.trace, S::NAME, section, name);
        version.open(&work, name, pick, params).await
    }

    fn first(&self) -> Result<(&str, &Version<S>), Fault> {
        let first = self.chain.order(self.strategy).next();
        first
            .map(|(_, section, version)| (section, &**version))
            .ok_or_else(|| Fault::internal(S::NAME))
    }
}

impl<S: Stage> Candidate<S> {
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
        E: From<Fault> + Passing + Lift + Send + Sync + 'static,
    {
        self.version.once(self.work(name), name, pick, params).await
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
        E: From<Fault> + Passing + Lift + Send + Sync + 'static,
    {
        self.version.open(self.work(name), name, pick, params).await
    }

    fn work(&self, call: &'static str) -> &Work {
        self.work
            .get_or_init(|| Work::begin(&self.trace, S::NAME, &self.name, call))
    }
}

impl<E> Default for Attempts<E> {
    fn default() -> Self {
        Self {
            error: None,
            lacking: None,
            why: None,
        }
    }
}

impl<E: From<Fault>> Attempts<E> {
    /// Why whoever answers stands in for another one, if so.
    pub(crate) fn why(&self) -> Option<String> {
        self.why.clone()
    }

    /// The error when nobody answered. That something is lacking comes first: a caller can wish for something else.
    pub(crate) fn into_error(self, stage: &'static str) -> E {
        let error = self.lacking.or(self.error);
        error.unwrap_or_else(|| Fault::internal(stage).into())
    }
}

#[cfg(test)]
mod tests;
