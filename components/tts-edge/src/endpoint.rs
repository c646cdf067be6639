//! Where the service is and how a client introduces itself there, as templates: everything in it changes about once a year.
//!
//! Placeholders in addresses and headers: `{client}` the client token, `{token}` the token of the moment, `{version}` its version,
//! `{id}` a new number for each connection, `{muid}` another one as the browser's cookie has it.

use http::{HeaderName, HeaderValue, Request, Uri};

/// What an address may begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// A name or an address, the latter without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// As it stands in the `Host` header.
    authority: String,
    path: String,
}

/// An address that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an address such as wss://speech.platform.bing.com/path, without a query")]
pub struct BadEndpoint;

impl Endpoint {
    /// Reads an address.
    ///
    /// # Errors
    /// When its scheme is not ws or wss, or something is missing.
    pub fn parse(text: &str) -> Result<Self, BadEndpoint> {
        let uri: Uri = text.parse().map_err(|_| BadEndpoint)?;
        let tls = match uri.scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            _ => return Err(BadEndpoint),
        };
        let authority = uri.authority().ok_or(BadEndpoint)?;
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_ascii_lowercase();
        let has_port = authority.as_str() != authority.host();
        let port = match authority.port_u16() {
            Some(port) => port,
            // Credentials, or a port that is no number.
            None if has_port => return Err(BadEndpoint),
            None if tls => 443,
            None => 80,
        };
        if authority.as_str().contains('@') || authority.host().is_empty() || uri.query().is_some()
        {
            return Err(BadEndpoint);
        }
        let usual = if tls { ":443" } else { ":80" };
        let authority = authority.as_str().to_ascii_lowercase();
        let authority = authority.strip_suffix(usual).unwrap_or(&authority);
        Ok(Self {
            tls,
            host,
            port,
            authority: authority.to_owned(),
            path: uri.path().to_owned(),
        })
    }

    /// Scheme, host and port, the same for each way to write them.
    #[must_use]
    pub fn origin(&self) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}", self.authority)
    }
}

/// What goes into the places of the templates.
#[derive(Debug, Clone, Default)]
pub struct Filling {
    /// The client token.
    pub client: String,
    /// The token of the moment.
    pub token: String,
    /// Its version.
    pub version: String,
    /// A number for the connection.
    pub id: String,
    /// The number in the cookie.
    pub muid: String,
}

impl Filling {
    /// A template with everything put in.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        template
            .replace("{client}", &self.client)
            .replace("{token}", &self.token)
            .replace("{version}", &self.version)
            .replace("{id}", &self.id)
            .replace("{muid}", &self.muid)
    }
}

/// How a client introduces itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// Template of the query, without its question mark.
    pub query: String,
    /// Names and templates of headers.
    pub headers: Vec<(String, String)>,
}

/// A request that cannot be made of the templates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// The query is none.
    #[error("EDGE_QUERY does not make an address")]
    Query,
    /// A header cannot be sent; its name.
    #[error("EDGE_HEADERS: {0:?} cannot be sent")]
    Header(String),
}

impl Introduction {
    /// The request that opens a connection; `key` is its random key (RFC 6455).
    ///
    /// # Errors
    /// When the templates do not make one.
    pub fn request(
        &self,
        endpoint: &Endpoint,
        filling: &Filling,
        key: &str,
    ) -> Result<Request<()>, BadTemplate> {
        let query = filling.fill(&self.query);
        let sign = if query.is_empty() { "" } else { "?" };
        let uri = format!("{}{}{sign}{query}", endpoint.origin(), endpoint.path);
        let uri: Uri = uri.parse().map_err(|_| BadTemplate::Query)?;
        let mut request = Request::new(());
        *request.uri_mut() = uri;
        let fixed = [
            ("host", endpoint.authority.as_str()),
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", key),
        ];
        let own = self
            .headers
            .iter()
            .map(|(name, template)| (name.as_str(), filling.fill(template)));
        let all = own.chain(fixed.map(|(name, value)| (name, value.to_owned())));
        for (name, value) in all {
            let bad = || BadTemplate::Header(name.to_owned());
            let header: HeaderName = name.parse().map_err(|_| bad())?;
            let value = HeaderValue::from_str(&value).map_err(|_| bad())?;
            request.headers_mut().insert(header, value);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_scheme_a_host_and_a_path() {
        let endpoint = Endpoint::parse("wss://Speech.example.com/a/b").unwrap();
        assert_eq!(
            (endpoint.tls, endpoint.port, endpoint.path.as_str()),
            (true, 443, "/a/b")
        );
        let endpoint = Endpoint::parse("ws://[::1]:8080/a").unwrap();
        assert_eq!(
            (endpoint.tls, endpoint.port, endpoint.host.as_str()),
            (false, 8080, "::1")
        );
        assert_eq!(endpoint.origin(), "ws://[::1]:8080");
        // A breaker is kept under it, which is to be one however the address is written.
        for text in ["wss://Speech.example.com:443/a", "wss://speech.example.com"] {
            let origin = Endpoint::parse(text).unwrap().origin();
            assert_eq!(origin, "wss://speech.example.com", "{text}");
        }
        for text in [
            "https://example.com/a",
            "example.com",
            "wss://",
            "wss://a:99999/",
            "wss://user@example.com/",
            "wss://example.com/?x=y",
        ] {
            assert_eq!(Endpoint::parse(text), Err(BadEndpoint), "{text}");
        }
    }

    #[test]
    fn templates_are_filled() {
        let endpoint = Endpoint::parse("ws://localhost:1/edge/v1").unwrap();
        let introduction = Introduction {
            query: "c={client}&t={token}&v={version}&i={id}".to_owned(),
            headers: vec![("Cookie".to_owned(), "muid={muid};".to_owned())],
        };
        let filling = Filling {
            client: "C".to_owned(),
            token: "T".to_owned(),
            version: "1-2".to_owned(),
            id: "I".to_owned(),
            muid: "M".to_owned(),
        };
        let request = introduction.request(&endpoint, &filling, "a2V5").unwrap();
        assert_eq!(request.uri(), "ws://localhost:1/edge/v1?c=C&t=T&v=1-2&i=I");
        assert_eq!(request.headers()["cookie"], "muid=M;");
        assert_eq!(request.headers()["host"], "localhost:1");
        let with = |query: &str, header: &str| Introduction {
            query: query.to_owned(),
            headers: vec![(header.to_owned(), "x".to_owned())],
        };
        let error = |it: Introduction| it.request(&endpoint, &filling, "a").unwrap_err();
        assert_eq!(error(with("a b", "x")), BadTemplate::Query);
        assert_eq!(
            error(with("a", "x y")),
            BadTemplate::Header("x y".to_owned())
        );
    }
}
