//! Who is at the other end of a connection: for the gateway, a header that no client can set; for the host, how much of it one client has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};

/// In which the edge component is told the address. What a client sends under this name is dropped.
pub(crate) const X_PEER: HeaderName = HeaderName::from_static("x-colloquy-peer");

/// The variable that tells the gateway the name of that header.
pub(crate) const VARIABLE: &str = "PEER_HEADER";

/// The other end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    /// Whether it came to the address of those who watch the host.
    pub(super) is_watcher: bool,
    /// Whether it speaks TLS with us.
    pub(super) is_secure: bool,
    /// What it is told about coming back by TLS.
    pub(super) hsts: Option<HeaderValue>,
}

/// Tells the edge component, in place of whatever the client says.
pub(super) fn tell(headers: &mut HeaderMap, peer: &Peer) {
    headers.remove(X_PEER);
    if let Ok(value) = HeaderValue::try_from(peer.address.to_canonical().to_string()) {
        headers.insert(X_PEER, value);
    }
}

/// An address, or the network of one: whoever has one IPv6 address has 64 bits of them.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        v4 => v4,
    }
}

/// How many places each client has taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One place of a client, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Crowd,
    client: IpAddr,
}

impl Crowd {
    /// Places taken now.
    pub(super) fn size(&self) -> usize {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.values().sum()
    }

    /// One more place; none when the client at that address has `most` already. 0 is any number.
    pub(super) fn enter(&self, address: IpAddr, most: usize) -> Option<Place> {
        let client = client(address);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = taken.entry(client).or_default();
        if most > 0 && *n >= most {
            return None;
        }
        *n += 1;
        drop(taken);
        Some(Place {
            crowd: self.clone(),
            client,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = taken.get_mut(&self.client) {
            *n -= 1;
            if *n == 0 {
                taken.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_say_who_it_is() {
        let mut headers = HeaderMap::new();
        headers.append(X_PEER, HeaderValue::from_static("198.51.100.9"));
        headers.append(X_PEER, HeaderValue::from_static("198.51.100.8"));
        let peer = Peer {
            address: "::ffff:192.0.2.1".parse().unwrap(),
            is_watcher: false,
            is_secure: false,
            hsts: None,
        };
        tell(&mut headers, &peer);
        let told: Vec<_> = headers.get_all(X_PEER).iter().collect();
        assert_eq!(told, ["192.0.2.1"]);
    }

    #[test]
    fn an_address_has_so_many_places_and_leaves_nothing_behind() {
        let crowd = Crowd::default();
        let [one, two] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        let first = crowd.enter(one, 2);
        let second = crowd.enter(one, 2);
        assert!(first.is_some() && second.is_some());
        assert!(crowd.enter(one, 2).is_none());
        assert!(crowd.enter(two, 2).is_some());
        drop(first);
        assert!(crowd.enter(one, 2).is_some());
        assert!(crowd.enter(one, 0).is_some());
        assert_eq!(crowd.size(), 1);
        drop(second);
        assert!(crowd.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_network_is_a_client() {
        let crowd = Crowd::default();
        let mut places = Vec::new();
        for (address, is_let_in) in [
            ("2001:db8:0:1::1", true),
            ("2001:db8:0:1:ffff::2", false),
            ("2001:db8:0:2::1", true),
            ("192.0.2.1", true),
            ("::ffff:192.0.2.1", false),
            ("::ffff:192.0.2.2", true),
        ] {
            let place = crowd.enter(address.parse().unwrap(), 1);
            assert_eq!(place.is_some(), is_let_in, "{address}");
            places.extend(place);
        }
        drop(places);
        assert!(crowd.0.lock().unwrap().is_empty());
    }
}
