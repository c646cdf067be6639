//! Connections that a stage makes itself, for protocols other than HTTP: TCP to the `ws` and `wss` destinations of its `outbound` list,
//! and TLS by the host, with its certificates.
//!
//! A name can only be looked up if it is listed, because a lookup carries data to whoever owns the name's zone. A connection can only be
//! made to an address that is listed itself, or that this stage was given for a listed name, and to the port listed with it. A TLS
//! session can only be with a listed name. What a `wss` destination speaks inside TCP is not looked at: it is for the stage to ask for TLS.
//!
//! Invariants: no UDP, no port that listens, no lookup by anybody without a destination.

mod lookup;
mod secure;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::component::Linker;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{WasiCtxBuilder, WasiView};
use wasmtime_wasi_tls::{WasiTlsCtx, WasiTlsCtxBuilder, WasiTlsView, p2::LinkOptions};

use super::client::Client;
use super::destination::Destinations;

/// Most addresses that are remembered for one instance; older ones are forgotten.
const MAX_GIVEN: usize = 64;

/// What one instance may connect to. Clones are the same.
#[derive(Clone)]
pub(crate) struct Sockets(Arc<Shared>);

struct Shared {
    guest: &'static str,
    listed: Vec<Listed>,
    /// Addresses that it was given for listed names, with the ports of those names.
    given: Mutex<VecDeque<(IpAddr, u16)>>,
    lookups: lookup::Open,
}

/// A destination.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    host: Host,
    port: u16,
    tls: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Name(String),
    Address(IpAddr),
}

impl Host {
    fn parse(text: &str) -> Self {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) => Self::Address(address.to_canonical()),
            Err(_) => Self::Name(text.to_ascii_lowercase()),
        }
    }
}

impl Sockets {
    /// What `destinations` allow; `guest` names the guest in the log.
    pub(crate) fn new(guest: &'static str, destinations: &Destinations) -> Self {
        let listed = destinations.sockets().map(|origin| Listed {
            host: Host::parse(origin.host()),
            port: origin.port(),
            tls: origin.tls(),
        });
        Self(Arc::new(Shared {
            guest,
            listed: listed.collect(),
            given: Mutex::default(),
            lookups: lookup::Open::default(),
        }))
    }

    /// Puts this into a guest's WASI.
    pub(crate) fn grant(&self, wasi: &mut WasiCtxBuilder) {
        let any = !self.0.listed.is_empty();
        wasi.allow_udp(false)
            .allow_tcp(any)
            .allow_ip_name_lookup(any);
        let sockets = self.clone();
        wasi.socket_addr_check(move |address, purpose| {
            let allowed = sockets.allows(address, purpose);
            Box::pin(async move { allowed })
        });
    }

    /// The TLS of a guest.
    pub(crate) fn secure(&self, client: Client) -> WasiTlsCtx {
        let provider = secure::Provider::new(self.clone(), client);
        WasiTlsCtxBuilder::new()
            .provider(Box::new(provider))
            .build()
    }

    fn allows(&self, address: SocketAddr, purpose: SocketAddrUse) -> bool {
        let allowed = match purpose {
            // Every connection begins with one of these, to any port.
            SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
            SocketAddrUse::TcpConnect => self.may_connect(address),
            _ => false,
        };
        if !allowed {
            let guest = self.0.guest;
            tracing::warn!(guest, %address, ?purpose, "a connection was refused: it is not in `outbound`");
        }
        allowed
    }

    fn may_connect(&self, address: SocketAddr) -> bool {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        let literal = |listed: &Listed| listed.port == port && listed.host == Host::Address(ip);
        self.0.listed.iter().any(literal) || self.given().contains(&(ip, port))
    }

    fn may_look_up(&self, name: &str) -> bool {
        let host = Host::parse(name);
        let allowed = self.0.listed.iter().any(|listed| listed.host == host);
        if !allowed {
            // Not the name: it may hold what was said.
            let guest = self.0.guest;
            tracing::warn!(guest, "a lookup was refused: the name is not in `outbound`");
        }
        allowed
    }

    fn may_secure(&self, name: &str) -> bool {
        let host = Host::parse(name);
        let fits = |listed: &Listed| listed.tls && listed.host == host;
        self.0.listed.iter().any(fits)
    }

    /// Remembers an address that the guest was given for a name.
    fn give(&self, name: &str, address: IpAddr) {
        let host = Host::parse(name);
        let ports = self.0.listed.iter().filter(|listed| listed.host == host);
        let mut given = self.given();
        for port in ports.map(|listed| listed.port) {
            let pair = (address.to_canonical(), port);
            if !given.contains(&pair) {
                given.push_back(pair);
            }
        }
        let n_old = given.len().saturating_sub(MAX_GIVEN);
        given.drain(..n_old);
    }

    fn given(&self) -> MutexGuard<'_, VecDeque<(IpAddr, u16)>> {
        self.0.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guest that has sockets.
pub(crate) trait SocketsView: WasiView + WasiTlsView {
    /// What it may connect to.
    fn granted(&self) -> &Sockets;
}

/// Replaces WASI's name lookup, which cannot be restricted, and adds TLS. To be called after WASI was added.
pub(crate) fn add_to_linker<T: SocketsView + 'static>(
    linker: &mut Linker<T>,
) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    lookup::add_to_linker(linker)?;
    linker.allow_shadowing(false);
    let mut options = LinkOptions::default();
    options.tls(true);
    wasmtime_wasi_tls::p2::add_to_linker(linker, &options)
}

#[cfg(test)]
mod tests {
    use super::super::destination::Origin;
    use super::*;

    fn sockets(list: &[&str]) -> Sockets {
        let destinations = list.iter().map(|text| (Origin::parse(text).unwrap(), None));
        Sockets::new("test", &destinations.collect())
    }

    fn connects(sockets: &Sockets, to: &str) -> bool {
        sockets.allows(to.parse().unwrap(), SocketAddrUse::TcpConnect)
    }

    #[test]
    fn addresses_are_listed_or_were_given() {
        let it = sockets(&[
            "ws://127.0.0.1:8000",
            "wss://speech.example.com",
            "ws://[::1]:9",
        ]);
        assert!(connects(&it, "127.0.0.1:8000") && connects(&it, "[::1]:9"));
        assert!(connects(&it, "[::ffff:127.0.0.1]:8000"));
        for refused in [
            "127.0.0.1:8001",
            "127.0.0.2:8000",
            "[::1]:8000",
            "192.0.2.1:443",
        ] {
            assert!(!connects(&it, refused), "{refused}");
        }
        it.give("Speech.Example.com", "192.0.2.1".parse().unwrap());
        assert!(connects(&it, "192.0.2.1:443"));
        assert!(!connects(&it, "192.0.2.1:80") && !connects(&it, "192.0.2.2:443"));
        // Each instance learns its own.
        assert!(!connects(
            &sockets(&["wss://speech.example.com"]),
            "192.0.2.1:443"
        ));
    }

    #[test]
    fn nothing_but_connecting_is_allowed() {
        let it = sockets(&["ws://127.0.0.1:8000"]);
        let allows = |address: &str, purpose| it.allows(address.parse().unwrap(), purpose);
        assert!(
            allows("0.0.0.0:0", SocketAddrUse::TcpBind) && allows("[::]:0", SocketAddrUse::TcpBind)
        );
        assert!(!allows("0.0.0.0:80", SocketAddrUse::TcpBind));
        assert!(!allows("127.0.0.1:8000", SocketAddrUse::TcpBind));
        assert!(!allows("0.0.0.0:0", SocketAddrUse::TcpListen));
        assert!(!allows("127.0.0.1:8000", SocketAddrUse::TcpAccept));
        assert!(!allows("127.0.0.1:8000", SocketAddrUse::UdpBind));
    }

    #[test]
    fn only_listed_names_are_looked_up_and_only_those_with_tls_are_secured() {
        let it = sockets(&[
            "wss://speech.example.com",
            "ws://plain.example.com",
            "https://api.example.com",
        ]);
        assert!(it.may_look_up("SPEECH.example.com") && it.may_look_up("plain.example.com"));
        for name in [
            "x.speech.example.com",
            "speech.example.com.",
            "api.example.com",
            "example.com",
            "",
            "127.0.0.1",
        ] {
            assert!(!it.may_look_up(name), "{name}");
        }
        assert!(it.may_secure("speech.example.com"));
        assert!(!it.may_secure("plain.example.com") && !it.may_secure("api.example.com"));
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let it = sockets(&["wss://speech.example.com"]);
        for n in 0..200 {
            it.give("speech.example.com", IpAddr::from([192, 0, 2, n]));
        }
        assert_eq!(it.given().len(), MAX_GIVEN);
        assert!(connects(&it, "192.0.2.199:443") && !connects(&it, "192.0.2.0:443"));
    }
}
