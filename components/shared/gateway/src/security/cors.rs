//! Which pages of other origins may use the gateway: none, unless they are configured.
//!
//! Two things are decided here. A page that is listed is told so, in the way of the Fetch standard. And a request that would change or cost
//! something is refused when a browser sends it for a page of another origin that is not listed: the answer would be kept from that page
//! anyway, but not the work, and a gateway without keys on somebody's laptop is within reach of every page that is open there.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, request::Parts};

use crate::config::security::{Origins, Security};

/// Longest list of headers that is allowed back.
const MAX_ASKED: usize = 1_024;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, DELETE");
/// What a page may see beside what every page may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "accept-ranges, content-range, etag, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, x-request-id",
);
/// Seconds for which a browser need not ask again.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// How a request stands to pages of other origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No page of another origin is behind it, or one that is not told anything.
    Silent,
    /// The page may use the gateway; this goes back as the allowed origin.
    Allowed(HeaderValue),
    /// A page that is not listed would do something.
    Refused,
}

/// Whether the page behind a request may send it.
#[must_use]
pub(crate) fn judge(
    settings: &Security,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Verdict {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Verdict::Silent;
    };
    let text = origin.to_str().unwrap_or_default().to_ascii_lowercase();
    match &settings.cors_origins {
        Origins::Any => return Verdict::Allowed(HeaderValue::from_static("*")),
        Origins::Listed(list) if list.contains(&text) => return Verdict::Allowed(origin.clone()),
        Origins::Listed(_) => {}
    }
    let is_harmless = method == Method::GET || method == Method::HEAD;
    if is_harmless || is_same(&text, uri, headers) {
        return Verdict::Silent;
    }
    Verdict::Refused
}

/// Whether this is a browser's question whether it may send a request.
#[must_use]
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What a browser is told about a page that may use the gateway, beside the answer.
pub(crate) fn tell(settings: &Security, verdict: &Verdict, headers: &mut HeaderMap) {
    if let Origins::Listed(list) = &settings.cors_origins
        && !list.is_empty()
    {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    let Verdict::Allowed(origin) = verdict else {
        return;
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    // The configuration has seen to it that this is never together with `*`.
    if settings.cors_credentials {
        let yes = HeaderValue::from_static("true");
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
}

/// The answer to a question whether a request may be sent: all methods, and the headers that the page asks for.
#[must_use]
pub(crate) fn preflight(request: &Parts) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    let asked = request.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    if let Some(asked) = asked.filter(|asked| is_list(asked)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    headers
}

/// Whether this is a list of header names.
fn is_list(value: &HeaderValue) -> bool {
    value.len() <= MAX_ASKED
        && value.to_str().is_ok_and(|text| {
            text.split(',')
                .all(|name| HeaderName::try_from(name.trim()).is_ok())
        })
}

/// Whether the page comes from here. The scheme is not compared: behind a proxy that ends TLS it is another.
fn is_same(origin: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(http::uri::Authority::as_str));
    let without_port = |authority: &str| {
        let port = if scheme == "https" { ":443" } else { ":80" };
        authority
            .strip_suffix(port)
            .unwrap_or(authority)
            .to_ascii_lowercase()
    };
    host.is_some_and(|host| without_port(host) == without_port(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(origins: &[&str]) -> Security {
        Security {
            cors_origins: Origins::Listed(origins.iter().map(|&o| o.to_owned()).collect()),
            ..Security::default()
        }
    }

    fn judged(settings: &Security, method: Method, origin: &str) -> Verdict {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("api.example"));
        headers.insert("origin", HeaderValue::try_from(origin).unwrap());
        judge(settings, &method, &Uri::from_static("/process"), &headers)
    }

    #[test]
    fn only_listed_pages_and_our_own_may_do_something() {
        let settings = listed(&["https://app.example"]);
        let allowed = |origin| Verdict::Allowed(HeaderValue::from_static(origin));
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            assert_eq!(
                judged(&settings, method.clone(), "https://app.example"),
                allowed("https://app.example")
            );
            for ours in [
                "https://api.example",
                "http://api.example",
                "https://api.example:443",
            ] {
                assert_eq!(
                    judged(&settings, method.clone(), ours),
                    Verdict::Silent,
                    "{ours}"
                );
            }
        }
        for other in [
            "https://evil.example",
            "http://app.example",
            "https://app.example:8443",
            "https://app.example.evil.example",
            "https://xapi.example",
            "https://api.example:81",
            "null",
            "",
        ] {
            assert_eq!(
                judged(&settings, Method::POST, other),
                Verdict::Refused,
                "{other}"
            );
            assert_eq!(
                judged(&settings, Method::DELETE, other),
                Verdict::Refused,
                "{other}"
            );
            assert_eq!(
                judged(&settings, Method::GET, other),
                Verdict::Silent,
                "{other}"
            );
        }
        let none = Security::default();
        assert_eq!(
            judged(&none, Method::POST, "https://app.example"),
            Verdict::Refused
        );
        let any = Security {
            cors_origins: Origins::Any,
            ..Security::default()
        };
        assert_eq!(
            judged(&any, Method::POST, "https://evil.example"),
            allowed("*")
        );
    }

    #[test]
    fn without_a_page_there_is_nothing_to_judge() {
        let headers = HeaderMap::new();
        let uri = Uri::from_static("/process");
        assert_eq!(
            judge(&Security::default(), &Method::POST, &uri, &headers),
            Verdict::Silent
        );
    }

    #[test]
    fn headers_that_are_asked_for_come_back_if_they_are_some() {
        for (asked, is_told) in [
            ("authorization, content-type", true),
            ("x-stainless-os", true),
            ("a b", false),
            ("", false),
            (&"x".repeat(MAX_ASKED + 1), false),
        ] {
            let request = http::Request::builder()
                .header("access-control-request-headers", asked)
                .body(())
                .unwrap();
            let told = preflight(&request.into_parts().0);
            assert_eq!(
                told.contains_key("access-control-allow-headers"),
                is_told,
                "{asked}"
            );
        }
    }

    #[test]
    fn answers_differ_by_origin_only_where_there_is_a_list() {
        let told = |settings: &Security, verdict: &Verdict| {
            let mut headers = HeaderMap::new();
            tell(settings, verdict, &mut headers);
            headers
        };
        assert!(told(&Security::default(), &Verdict::Silent).is_empty());
        let mut settings = listed(&["https://app.example"]);
        assert_eq!(told(&settings, &Verdict::Silent)["vary"], "origin");
        settings.cors_credentials = true;
        let allowed = Verdict::Allowed(HeaderValue::from_static("https://app.example"));
        let headers = told(&settings, &allowed);
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(
            headers["access-control-allow-origin"],
            "https://app.example"
        );
    }
}
