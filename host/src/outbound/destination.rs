//! Where a guest may send requests and make connections to, and with which key.

use std::fmt;
use std::sync::Arc;

use http::uri::Scheme;
use http::{HeaderValue, Uri};

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    protocol: Protocol,
    tls: bool,
    host: String,
    port: u16,
}

/// What is spoken there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// Requests, which the host sends.
    Http,
    /// A WebSocket: a connection, in which the guest speaks itself.
    Socket,
}

/// A text that is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a scheme and a host such as https://api.example.com, http://127.0.0.1:8080 or wss://speech.example.com, without a path"
)]
pub(crate) struct BadOrigin(String);

impl Origin {
    /// Reads an origin; the port may be left out, a single slash may follow.
    pub(crate) fn parse(text: &str) -> Result<Self, BadOrigin> {
        let bad = || BadOrigin(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let origin = Self::of(&uri).ok_or_else(bad)?;
        match uri.path_and_query().map(|path| path.as_str()) {
            None | Some("/" | "") => Ok(origin),
            Some(_) => Err(bad()),
        }
    }

    /// Whether a guest connects there itself.
    pub(crate) fn is_socket(&self) -> bool {
        self.protocol == Protocol::Socket
    }

    pub(super) fn tls(&self) -> bool {
        self.tls
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The origin of an absolute URI; none when it has credentials in it or another scheme.
    fn of(uri: &Uri) -> Option<Self> {
        let (protocol, tls) = match uri.scheme()? {
            scheme if *scheme == Scheme::HTTPS => (Protocol::Http, true),
            scheme if *scheme == Scheme::HTTP => (Protocol::Http, false),
            scheme if scheme == "wss" => (Protocol::Socket, true),
            scheme if scheme == "ws" => (Protocol::Socket, false),
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // A port that is no number (`host:`, `host:99999`) must not pass for the default one.
            None if authority.as_str() != authority.host() => return None,
            None if tls => 443,
            None => 80,
        };
        Some(Self {
            protocol,
            tls,
            host: authority.host().to_ascii_lowercase(),
            port,
        })
    }

    /// What the log says of a destination: never its path, which may hold what was said.
    pub(super) fn shown(uri: &Uri) -> String {
        Self::of(uri).map_or_else(|| "something that is not a URL".into(), |it| it.to_string())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.protocol, self.tls) {
            (Protocol::Http, true) => "https",
            (Protocol::Http, false) => "http",
            (Protocol::Socket, true) => "wss",
            (Protocol::Socket, false) => "ws",
        };
        write!(f, "{scheme}://{}", self.host)?;
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

/// A key for a destination, as the header that carries it. It is not shown.
#[derive(Clone)]
pub(crate) struct Credential {
    header: HeaderValue,
    key: String,
}

impl Credential {
    /// A key sent as `Authorization: Bearer`; none when it cannot be in a header.
    pub(crate) fn bearer(key: &str) -> Option<Self> {
        let mut header = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
        header.set_sensitive(true);
        let key = key.to_owned();
        Some(Self { header, key })
    }

    pub(super) fn header(&self) -> &HeaderValue {
        &self.header
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

/// The destinations of one guest; none by default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Destinations(Arc<[(Origin, Option<Credential>)]>);

impl Destinations {
    /// The destinations that the guest connects to itself.
    pub(super) fn sockets(&self) -> impl Iterator<Item = &Origin> {
        self.origins().filter(|origin| origin.is_socket())
    }

    /// The destination of a request, if it may go there.
    pub(super) fn find(&self, uri: &Uri) -> Option<(&Origin, Option<&Credential>)> {
        let origin = Origin::of(uri).filter(|origin| !origin.is_socket())?;
        self.0
            .iter()
            .find(|(allowed, _)| *allowed == origin)
            .map(|(allowed, credential)| (allowed, credential.as_ref()))
    }

    /// The destination that a text such as `https://api.example.com` names.
    pub(crate) fn named(&self, text: &str) -> Option<&Origin> {
        let origin = Origin::parse(text).ok()?;
        self.origins().find(|allowed| **allowed == origin)
    }

    /// The keys that are sent to them.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let credentials = self.0.iter().filter_map(|(_, it)| it.as_ref());
        credentials.map(|credential| credential.key.as_str())
    }

    /// All destinations.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.0.iter().map(|(origin, _)| origin)
    }
}

impl FromIterator<(Origin, Option<Credential>)> for Destinations {
    fn from_iter<I: IntoIterator<Item = (Origin, Option<Credential>)>>(origins: I) -> Self {
        Self(origins.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(list: &[&str], uri: &str) -> bool {
        let destinations: Destinations = list
            .iter()
            .map(|text| (Origin::parse(text).unwrap(), None))
            .collect();
        destinations.find(&uri.parse().unwrap()).is_some()
    }

    #[test]
    fn scheme_host_and_port_must_be_the_same() {
        let list = [
            "https://api.example.com",
            "http://127.0.0.1:8080/",
            "wss://speech.example.com",
        ];
        for allowed in [
            "https://api.example.com/v1/x?y=z",
            "https://API.Example.com:443/",
            "http://127.0.0.1:8080/v1",
        ] {
            assert!(allows(&list, allowed), "{allowed}");
        }
        for refused in [
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://api.example.com.evil.org/",
            "https://evil.org/api.example.com",
            "https://api.example.com@evil.org/",
            "https://user@api.example.com/",
            "https://api.example.com./",
            "https://example.com/",
            "http://127.0.0.1/",
            "http://127.0.0.1:80801/",
            "http://localhost:8080/",
            "https://speech.example.com/",
            // Requests go by HTTP, whatever a guest calls it.
            "wss://speech.example.com/",
            "/v1",
        ] {
            if let Ok(uri) = refused.parse::<Uri>() {
                let found = Destinations::from_iter(
                    list.iter().map(|text| (Origin::parse(text).unwrap(), None)),
                );
                assert!(found.find(&uri).is_none(), "{refused}");
            }
        }
        assert!(!allows(&[], "https://api.example.com/"));
    }

    #[test]
    fn only_origins_can_be_listed() {
        for text in [
            "api.example.com",
            "https://",
            "https://api.example.com/v1",
            "https://*.example.com:x",
            "ftp://example.com",
            "https://user:secret@example.com",
            "",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
        let origin = Origin::parse("https://Api.example.com:443").unwrap();
        assert_eq!(origin.to_string(), "https://api.example.com");
        let origin = Origin::parse("http://[::1]:99").unwrap();
        assert_eq!(origin.to_string(), "http://[::1]:99");
        let origin = Origin::parse("wss://speech.example.com/").unwrap();
        assert_eq!(origin.to_string(), "wss://speech.example.com");
        assert!(origin.is_socket() && origin.port() == 443);
    }

    #[test]
    fn a_credential_is_not_shown() {
        let credential = Credential::bearer("gsk_secret").unwrap();
        assert!(!format!("{credential:?} {:?}", credential.header()).contains("secret"));
        assert!(Credential::bearer("line\nbreak").is_none());
    }
}
