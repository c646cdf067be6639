//! The address of a client: who has connected, or, behind proxies that are trusted, whom they name.
//!
//! Lists of forwarded addresses grow at their right end, and only what a trusted proxy wrote there is true. So the list is read from the
//! right, over trusted proxies, to the first address that is not one. One header is read, the one that the proxies are known to write:
//! most proxies hand the other through as the client has sent it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName, header};

use crate::config::security::{Forwarded, Security};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Most entries of a list that are looked at, from its right end.
const MAX_HOPS: usize = 16;

/// Network of an IPv6 client: one subscriber has at least that much, and may change within it.
const IPV6_CLIENT_BITS: u32 = 64;

/// The client's address; none where the host does not tell who has connected.
#[must_use]
pub(crate) fn address(settings: &Security, headers: &HeaderMap) -> Option<IpAddr> {
    let name = settings.peer_header.as_ref()?;
    // The last one: Spin puts its own after whatever the client has sent.
    let told = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    let mut address = parse(told)?;
    let is_trusted = |address: &IpAddr| {
        settings
            .trusted_proxies
            .iter()
            .any(|network| network.contains(address))
    };
    if !is_trusted(&address) {
        return Some(address);
    }
    for hop in hops(settings.forwarded_header, headers) {
        // What cannot be read was not written by a proxy that can be trusted; whoever wrote the entry before answers for it.
        let Some(next) = hop else { break };
        address = next;
        if !is_trusted(&address) {
            break;
        }
    }
    Some(address)
}

/// The client as counters know it: an IPv4 address, or the network of an IPv6 one.
#[must_use]
pub(crate) fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let bits = u128::from(address) >> (128 - IPV6_CLIENT_BITS) << (128 - IPV6_CLIENT_BITS);
            format!("{}/{IPV6_CLIENT_BITS}", Ipv6Addr::from(bits))
        }
    }
}

/// The entries of the list, last first; none for what is no address.
fn hops(form: Forwarded, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let name = match form {
        Forwarded::XForwardedFor => X_FORWARDED_FOR,
        Forwarded::Rfc7239 => header::FORWARDED,
    };
    // A list may be spread over several headers.
    let lines = headers.get_all(name).into_iter().rev();
    lines
        .flat_map(move |line| {
            let line = line.to_str().unwrap_or("?");
            line.rsplit(',').map(move |entry| match form {
                Forwarded::XForwardedFor => parse(entry),
                Forwarded::Rfc7239 => forwarded_for(entry),
            })
        })
        .take(MAX_HOPS)
        .collect::<Vec<_>>()
        .into_iter()
}

/// The address in `for=` of an element of `Forwarded`. A quoted string with a comma or semicolon in it is no address, and ends the search.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = value.trim();
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or(value);
        if name.trim().eq_ignore_ascii_case("for") {
            parse(value)
        } else {
            None
        }
    })
}

/// An address with or without a port, IPv6 with or without brackets. An IPv4 address in IPv6 clothes is one.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(forwarded_header: Forwarded) -> Security {
        Security {
            peer_header: Some(HeaderName::from_static("x-peer")),
            trusted_proxies: ["10.0.0.0/8", "fd00::/8"]
                .map(|network| network.parse().unwrap())
                .to_vec(),
            forwarded_header,
            ..Security::default()
        }
    }

    #[track_caller]
    fn check(form: Forwarded, given: &[(&'static str, &str)], expected: &str) {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, value.parse().unwrap());
        }
        let found = address(&settings(form), &headers);
        assert_eq!(found, expected.parse().ok(), "{given:?}");
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        use Forwarded::{Rfc7239, XForwardedFor};
        let forged = ("x-forwarded-for", "198.51.100.9");
        check(
            XForwardedFor,
            &[("x-peer", "192.0.2.1"), forged],
            "192.0.2.1",
        );
        check(XForwardedFor, &[("x-peer", "192.0.2.1:4711")], "192.0.2.1");
        check(
            XForwardedFor,
            &[("x-peer", "[2001:db8::1]:4711")],
            "2001:db8::1",
        );
        check(
            XForwardedFor,
            &[("x-peer", "::ffff:192.0.2.1")],
            "192.0.2.1",
        );
        check(XForwardedFor, &[forged], "none");
        // A client of Spin that sends the header itself.
        let spin = [("x-peer", "198.51.100.9:1"), ("x-peer", "192.0.2.1:2")];
        check(XForwardedFor, &spin, "192.0.2.1");
        // Each of the two headers counts only where it is the one that proxies write.
        let proxy = ("x-peer", "10.0.0.1");
        check(Rfc7239, &[proxy, forged], "10.0.0.1");
        check(
            XForwardedFor,
            &[proxy, ("forwarded", "for=198.51.100.9")],
            "10.0.0.1",
        );
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_is_the_client() {
        use Forwarded::XForwardedFor;
        for (list, expected) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["198.51.100.9, 192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.9, 192.0.2.1, 10.1.1.1"], "192.0.2.1"),
            (&["198.51.100.9", "192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.9, 192.0.2.1", "10.1.1.1"], "192.0.2.1"),
            (&["2001:db8::7"], "2001:db8::7"),
            (&["[2001:db8::7]:80"], "2001:db8::7"),
            // Proxies only: the one that is farthest away.
            (&["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
            // What is no address ends the search at who has passed it on.
            (&["198.51.100.9, unknown, 10.1.1.1"], "10.1.1.1"),
            (&["198.51.100.9, unknown"], "10.0.0.1"),
            (&[""], "10.0.0.1"),
            (&[], "10.0.0.1"),
        ] {
            let mut given = vec![("x-peer", "10.0.0.1")];
            given.extend(list.iter().map(|line| ("x-forwarded-for", *line)));
            check(XForwardedFor, &given, expected);
        }
        let long = "198.51.100.9, ".to_owned() + &["10.1.1.1"; 1000].join(", ");
        check(
            XForwardedFor,
            &[("x-peer", "10.0.0.1"), ("x-forwarded-for", &long)],
            "10.1.1.1",
        );
    }

    #[test]
    fn the_standard_header() {
        use Forwarded::Rfc7239;
        for (list, expected) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("For=\"192.0.2.1:80\";proto=https;by=10.0.0.9", "192.0.2.1"),
            (
                "for=198.51.100.9, for=\"[2001:db8::1]:4711\"",
                "2001:db8::1",
            ),
            ("for=198.51.100.9, for=_hidden", "10.0.0.1"),
            ("for=198.51.100.9, proto=http", "10.0.0.1"),
            ("for=198.51.100.9;x=\"a,for=203.0.113.5\"", "10.0.0.1"),
        ] {
            check(
                Rfc7239,
                &[("x-peer", "10.0.0.1"), ("forwarded", list)],
                expected,
            );
        }
    }

    #[test]
    fn a_client_is_an_address_or_a_network() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(of("2001:db8:1:2:ffff::"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:3::1"), of("2001:db8:1:2::1"));
    }
}
