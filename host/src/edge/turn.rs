//! The data of one running edge component: what its imports work with.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::bind::{Snapshot, Stages};
use crate::breakers::Breakers;
use crate::engine::{Limited, MemoryLimit};
use crate::events::Bus;
use crate::store::Stores;

/// One instance of the edge component, which serves one request.
pub(crate) struct Turn {
    pub(crate) stages: Snapshot,
    /// All stages there are, for what is told of them.
    pub(crate) all_stages: Arc<Stages>,
    pub(crate) breakers: Arc<Breakers>,
    pub(crate) stores: Arc<Stores>,
    pub(crate) bus: Bus,
    pub(crate) table: ResourceTable,
    pub(super) wasi: WasiCtx,
    pub(super) http: WasiHttpCtx,
    pub(super) outgoing: Refused,
    pub(super) memory: MemoryLimit,
}

impl WasiView for Turn {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Turn {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outgoing,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

impl Limited for Turn {
    fn memory(&mut self) -> &mut MemoryLimit {
        &mut self.memory
    }
}

/// Requests that the edge component would send: none leaves.
pub(super) struct Refused;

/// What `send_request` promises: the response, and what becomes of its connection.
type Sent = Result<
    (
        http::Response<WasiBody>,
        Box<dyn Future<Output = Result<(), Error>> + Send>,
    ),
    Error,
>;

impl WasiHttpHooks for Refused {
    fn send_request(
        &mut self,
        _request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        tracing::warn!("the edge component tried to send a request; it may not");
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}
