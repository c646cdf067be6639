//! `wasi:sockets/ip-name-lookup` for listed names only: refuses the others, notes the addresses that are given out, and leaves the work to
//! WASI's own.
//!
//! Invariant: a name that is not listed never reaches a resolver.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{
    self, Host, HostResolveAddressStream, ResolveAddressStream,
};
use wasmtime_wasi::p2::bindings::sockets::network::{
    self, ErrorCode, HostNetwork, IpAddress, Network,
};
use wasmtime_wasi::p2::{DynPollable, SocketError};
use wasmtime_wasi::sockets::{WasiSocketsCtxView, WasiSocketsView};

use super::{Sockets, SocketsView};

/// Most lookups of one instance at a time.
const MAX_OPEN: usize = 16;

/// The names of lookups that are open, by their handles.
#[derive(Default)]
pub(super) struct Open(Mutex<HashMap<u32, String>>);

impl Open {
    fn names(&self) -> MutexGuard<'_, HashMap<u32, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lookup of one guest.
pub(crate) struct Lookup<'a> {
    sockets: Sockets,
    wasi: WasiSocketsCtxView<'a>,
}

struct HasLookup;

impl HasData for HasLookup {
    type Data<'a> = Lookup<'a>;
}

pub(super) fn add_to_linker<T: SocketsView + 'static>(
    linker: &mut Linker<T>,
) -> wasmtime::Result<()> {
    ip_name_lookup::add_to_linker::<T, HasLookup>(linker, |guest| Lookup {
        sockets: guest.granted().clone(),
        wasi: WasiSocketsView::sockets(guest),
    })
}

impl Host for Lookup<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> Result<Resource<ResolveAddressStream>, SocketError> {
        if !self.sockets.may_look_up(&name) {
            return Err(ErrorCode::AccessDenied.into());
        }
        if self.sockets.0.lookups.names().len() >= MAX_OPEN {
            return Err(ErrorCode::TemporaryResolverFailure.into());
        }
        let stream = self.wasi.resolve_addresses(network, name.clone())?;
        self.sockets.0.lookups.names().insert(stream.rep(), name);
        Ok(stream)
    }
}

impl HostResolveAddressStream for Lookup<'_> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> Result<Option<IpAddress>, SocketError> {
        let name = self.sockets.0.lookups.names().get(&stream.rep()).cloned();
        let next = self.wasi.resolve_next_address(stream)?;
        if let (Some(name), Some(address)) = (name, &next) {
            self.sockets.give(&name, plain(address));
        }
        Ok(next)
    }

    fn subscribe(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        self.wasi.subscribe(stream)
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        self.sockets.0.lookups.names().remove(&stream.rep());
        HostResolveAddressStream::drop(&mut self.wasi, stream)
    }
}

// Errors of lookups are converted by the interface that defines them.
impl network::Host for Lookup<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        self.wasi.convert_error_code(error)
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        self.wasi.network_error_code(error)
    }
}

impl HostNetwork for Lookup<'_> {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        HostNetwork::drop(&mut self.wasi, network)
    }
}

fn plain(address: &IpAddress) -> IpAddr {
    match *address {
        IpAddress::Ipv4((a, b, c, d)) => IpAddr::from([a, b, c, d]),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => IpAddr::from([a, b, c, d, e, f, g, h]),
    }
}
