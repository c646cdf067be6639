//! One instance of a stage's component with its store: what a worker's bench is.
//!
//! A call may take as long as the stage's deadline; what traps or outlives it is never entered again. The instance keeps the one
//! resource that a lease may have open, so that it is dropped in the guest whatever becomes of the caller.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;
use wasmtime::Store;
use wasmtime::component::{ComponentNamedList, Lift, Lower, ResourceAny, ResourceTable, TypedFunc};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use wasmtime_wasi_tls::{WasiTlsCtx, WasiTlsCtxView, WasiTlsView};

use super::Stage;
use super::fault::{Fault, Retired};
use super::pool::Bench;
use super::voice::Voice;
use crate::engine::{Limited, MemoryLimit};
use crate::metrics::Metrics;
use crate::outbound::{Outbound, Sockets, SocketsView};
use crate::store::Stores;
use crate::telemetry::Work;

/// The data of a stage's store.
pub(crate) struct Guest {
    pub(crate) wasi: WasiCtx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) outbound: Outbound,
    pub(crate) sockets: Sockets,
    pub(crate) tls: WasiTlsCtx,
    pub(crate) stores: Arc<Stores>,
    /// Those of the stores that it may use.
    pub(crate) buckets: Arc<BTreeSet<String>>,
    pub(crate) voice: Voice,
    pub(crate) table: ResourceTable,
    pub(crate) memory: MemoryLimit,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

impl WasiTlsView for Guest {
    fn tls(&mut self) -> WasiTlsCtxView<'_> {
        WasiTlsCtxView {
            ctx: &mut self.tls,
            table: &mut self.table,
        }
    }
}

impl SocketsView for Guest {
    fn granted(&self) -> &Sockets {
        &self.sockets
    }
}

impl Limited for Guest {
    fn memory(&mut self) -> &mut MemoryLimit {
        &mut self.memory
    }
}

/// A running component and its functions.
pub(crate) struct Instance<S> {
    pub(super) store: Store<Guest>,
    pub(super) functions: S,
    pub(super) runtime: Handle,
    pub(super) deadline: Duration,
    pub(super) section: Arc<str>,
    pub(super) metrics: Metrics,
    /// What it is lent for.
    pub(super) work: Option<Work>,
    pub(super) open: Option<ResourceAny>,
    pub(super) broken: Option<Retired>,
}

impl<S: Stage> Instance<S> {
    /// Calls one of the stage's functions. `name` is the function's in the contract.
    ///
    /// # Errors
    /// `Internal` after a trap, `Deadline` when the time ran out; in both cases, and ever after, the instance is broken.
    pub(crate) fn call<P, R>(
        &mut self,
        name: &'static str,
        pick: impl FnOnce(&S) -> TypedFunc<P, (R,)>,
        params: P,
    ) -> Result<R, Fault>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: Lift + Send + Sync + 'static,
    {
        if self.broken.is_some() {
            return Err(Fault::internal(S::NAME));
        }
        let function = pick(&self.functions);
        let started = Instant::now();
        let call = function.call_async(&mut self.store, params);
        let outcome = self
            .runtime
            .block_on(async { tokio::time::timeout(self.deadline, call).await });
        let took = started.elapsed();
        self.metrics.called(S::NAME, &self.section, name, took);
        if let Some(work) = &self.work {
            work.called(took);
        }
        let answer = match outcome {
            Ok(Ok((answer,))) => Ok(answer),
            Ok(Err(trap)) => Err(self.trapped(name, &trap)),
            Err(_) => {
                tracing::error!(
                    stage = S::NAME,
                    call = name,
                    deadline_ms = self.deadline.as_millis() as u64,
                    "deadline passed"
                );
                self.broken = Some(Retired::Deadline);
                Err(Fault::Deadline)
            }
        };
        if let (Err(fault), Some(work)) = (&answer, &self.work) {
            work.failed(fault.label());
        }
        answer
    }

    /// It works for this from now on. Servers that it asks are told of it, and are asked for as long as it is wanted, until `wanted` closes.
    pub(super) fn work_for(&mut self, work: Work, wanted: watch::Receiver<()>) {
        let outbound = &mut self.store.data_mut().outbound;
        outbound.work = Some(work.clone());
        outbound.wanted = Some(wanted);
        self.work = Some(work);
    }

    /// The resource that this lease has open.
    pub(crate) fn open(&self) -> Result<ResourceAny, Fault> {
        self.open.ok_or_else(|| Fault::internal(S::NAME))
    }

    /// Makes a resource the lease's open one.
    pub(crate) fn keep(&mut self, resource: ResourceAny) {
        self.put_away();
        self.open = Some(resource);
    }

    fn trapped(&mut self, name: &'static str, trap: &wasmtime::Error) -> Fault {
        let memory = &self.store.data().memory;
        let why = if memory.exceeded() {
            Retired::Memory
        } else {
            Retired::Trap
        };
        tracing::error!(
            stage = S::NAME,
            call = name,
            memory_bytes = memory.used(),
            reason = why.label(),
            "trapped: {trap:?}"
        );
        self.broken = Some(why);
        Fault::internal(S::NAME)
    }
}

impl<S: Stage> Bench for Instance<S> {
    fn reset(&mut self) {
        self.put_away();
        self.work = None;
        let outbound = &mut self.store.data_mut().outbound;
        outbound.work = None;
        outbound.wanted = None;
    }

    fn broken(&self) -> Option<Retired> {
        self.broken
    }
}

impl<S: Stage> Instance<S> {
    /// Drops the resource that is open, in the guest.
    fn put_away(&mut self) {
        let (Some(resource), None) = (self.open.take(), self.broken) else {
            return;
        };
        let drop = resource.resource_drop_async(&mut self.store);
        match self
            .runtime
            .block_on(async { tokio::time::timeout(self.deadline, drop).await })
        {
            Ok(Ok(())) => {}
            Ok(Err(trap)) => {
                // Nobody waits for the answer of a drop; the log has it.
                let _fault = self.trapped("drop", &trap);
            }
            Err(_) => self.broken = Some(Retired::Deadline),
        }
    }
}
