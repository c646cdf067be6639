//! The address of a server: scheme, host, port and a path before the routes.

use std::fmt;

/// The part of a URL that all routes of a server share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// Whether it is https.
    pub tls: bool,
    /// Host, with the port where it is not the scheme's own.
    pub authority: String,
    prefix: String,
}

/// A text that is not the address of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an address such as https://api.example.com or http://127.0.0.1:8080/openai")]
pub struct BadUrl;

impl BaseUrl {
    /// Reads an address. A `/v1` at its end, which OpenAI's clients ask for, may be there or not.
    ///
    /// # Errors
    /// When it is not http or https, has no host, or has a user, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(BadUrl)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(BadUrl),
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let plain = |c: char| c.is_ascii_graphic() && !"?#\\\"<>^`{|}".contains(c);
        let in_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let has_colon = host.contains(':') && !host.starts_with('[');
        if host.is_empty()
            || has_colon
            || !authority.chars().all(in_host)
            || port.is_some_and(|port| port.parse::<u16>().is_err())
            || !path.chars().all(plain)
        {
            return Err(BadUrl);
        }
        let authority = authority.to_ascii_lowercase();
        let usual = if tls { ":443" } else { ":80" };
        let authority = authority.strip_suffix(usual).unwrap_or(&authority);
        let prefix = path.trim_end_matches('/');
        let prefix = prefix.strip_suffix("/v1").unwrap_or(prefix);
        Ok(Self {
            tls,
            authority: authority.to_owned(),
            prefix: prefix.trim_end_matches('/').to_owned(),
        })
    }

    /// Path of a route, which begins with a slash.
    #[must_use]
    pub fn path(&self, route: &str) -> String {
        format!("{}{route}", self.prefix)
    }
}

/// The origin, the same for each way to write it: a server's breaker is kept under it, and hosts look there.
impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_interface_is_there_once() {
        for (text, path) in [
            ("https://api.openai.com", "/v1/x"),
            ("https://api.openai.com/", "/v1/x"),
            ("https://api.openai.com/v1", "/v1/x"),
            ("https://api.openai.com/v1/", "/v1/x"),
            ("HTTPS://API.groq.com/openai/v1", "/openai/v1/x"),
            (" https://api.groq.com/openai ", "/openai/v1/x"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().path("/v1/x"), path, "{text}");
        }
        let base = BaseUrl::parse("http://[::1]:8080/a").unwrap();
        assert_eq!(base.to_string(), "http://[::1]:8080");
    }

    #[test]
    fn a_server_has_one_origin() {
        for (text, origin) in [
            ("https://API.example.com:443/v1", "https://api.example.com"),
            ("http://api.example.com:80", "http://api.example.com"),
            ("https://api.example.com:80", "https://api.example.com:80"),
            ("http://api.example.com:8080", "http://api.example.com:8080"),
            ("https://[::1]:443", "https://[::1]"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().to_string(), origin, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "api.openai.com",
            "ftp://a",
            "https://",
            "https:///v1",
            "https://:80",
            "https://user:key@host",
            "https://host/?key=1",
            "https://host/#x",
            "https://host:",
            "https://host:x",
            "https://host:99999",
            "https://fe80::1",
            "https://host name",
            "https://host/\r\nx: y",
            "https://höst",
        ] {
            assert_eq!(BaseUrl::parse(text), Err(BadUrl), "{text}");
        }
    }
}
