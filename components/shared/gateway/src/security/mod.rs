//! Who may use the gateway, and how much: what is asked of every request before a route sees it.
//!
//! In this order: the page behind it ([`cors`]), its API key ([`keys`]), whether the key opens the path, and the number of such requests
//! ([`limits`]) from this key or address ([`client`]). A request that gets through has a [`Caller`], and routes work for its [`Tenant`].
//!
//! Invariants: whatever cannot be decided is refused, but for counters, where configuration says; nothing of why goes to a client that it
//! could help to get in, and nothing of a key goes to the log.

mod client;
pub(crate) mod cors;
pub(crate) mod headers;
mod keys;
pub(crate) mod limits;
pub(crate) mod log;

use std::path::Path;

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tower::ServiceExt as _;

use self::{
    cors::Verdict,
    keys::{Check, Key, Keys},
    limits::{Count, Kind},
};
use crate::{
    app::{App, Caller},
    problem::{Code, Problem, Retry},
    tenant::Tenant,
};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Without a challenge a 401 is not complete.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"colloquy\"");

/// When to try again after the file of keys could not be read.
const KEYS_RETRY_MS: u32 = 5_000;

/// The routes, behind the guard. Each request gets an [`App`] that knows its caller.
pub(crate) fn guarded(routes: Router<App>, app: App) -> Router {
    Router::new().fallback(move |request: Request| answer(routes.clone(), app.clone(), request))
}

async fn answer(routes: Router<App>, mut app: App, request: Request) -> Response {
    let config = app.config.clone();
    let settings = &config.security;
    let verdict = cors::judge(settings, request.method(), request.uri(), request.headers());
    let mut response = if verdict == Verdict::Refused {
        let text =
            "pages of this origin may not use this service; it would have to list the origin";
        Problem::new(StatusCode::FORBIDDEN, Code::Forbidden, text).into_response()
    } else if matches!(verdict, Verdict::Allowed(_))
        && cors::is_preflight(request.method(), request.headers())
    {
        let (request, _) = request.into_parts();
        (StatusCode::NO_CONTENT, cors::preflight(&request)).into_response()
    } else {
        match admit(&app, &request) {
            Ok((caller, count)) => {
                app.caller = caller;
                let never = routes.with_state(app).oneshot(request).await;
                let mut response = never.unwrap_or_else(|never| match never {});
                if let Some(count) = count {
                    count.tell(response.headers_mut());
                }
                response
            }
            Err(refusal) => refusal.into_response(),
        }
    };
    cors::tell(settings, &verdict, response.headers_mut());
    response
}

/// Whose sessions a request with these headers may use; none when it would be turned away.
pub(crate) fn tenant(app: &App, headers: &HeaderMap) -> Option<Tenant> {
    let key = authenticate(app, headers).ok()?;
    Some(caller(key.as_ref()).tenant)
}

/// Why a request does not get through.
enum Refusal {
    /// It needs a key, or another one.
    Unauthorized(&'static str),
    /// There were too many.
    TooMany(Kind, Count),
    /// Anything else.
    Other(Problem),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorized(text) => {
                let problem = Problem::new(StatusCode::UNAUTHORIZED, Code::Unauthorized, text);
                ([(header::WWW_AUTHENTICATE, CHALLENGE)], problem).into_response()
            }
            Self::TooMany(kind, count) => {
                let text = format!("there may be {} {kind} in a minute", count.limit);
                let wait_ms = count.retry_ms.unwrap_or(count.reset_ms);
                let problem = Problem {
                    retry: Retry::After(u32::try_from(wait_ms).unwrap_or(u32::MAX)),
                    ..Problem::new(StatusCode::TOO_MANY_REQUESTS, Code::RateLimitExceeded, text)
                };
                let mut response = problem.into_response();
                count.tell(response.headers_mut());
                response
            }
            Self::Other(problem) => problem.into_response(),
        }
    }
}

/// Who is asking, and what counting has found, if the request may go on.
fn admit(app: &App, request: &Request) -> Result<(Caller, Option<Count>), Refusal> {
    let path = request.uri().path();
    let is_open = is_open(request.method(), path);
    let key = match authenticate(app, request.headers()) {
        Err(Refusal::Unauthorized(_)) if is_open => {
            let caller = Caller {
                is_stranger: true,
                ..Caller::default()
            };
            return Ok((caller, None));
        }
        // Nobody can be served: the page may be, health is not.
        Err(Refusal::Other(_)) if is_open && path != "/health" => {
            let caller = Caller {
                is_stranger: true,
                ..Caller::default()
            };
            return Ok((caller, None));
        }
        found => found?,
    };
    if is_open {
        return Ok((caller(key.as_ref()), None));
    }
    if key.as_ref().is_some_and(|key| !key.opens(path)) {
        let text = "this API key does not open this path";
        let problem = Problem::new(StatusCode::FORBIDDEN, Code::Forbidden, text);
        return Err(Refusal::Other(problem));
    }
    let count = count(app, request, key.as_ref())?;
    Ok((caller(key.as_ref()), count))
}

fn caller(key: Option<&Key>) -> Caller {
    Caller {
        tenant: key.map_or_else(Tenant::default, |key| Tenant::named(&key.name)),
        is_stranger: false,
    }
}

/// What needs no key: whether this works, and the pages, which are the same for everybody.
pub(crate) fn is_open(method: &Method, path: &str) -> bool {
    let is_page = path == "/" || path == "/docs" || path.starts_with("/docs/");
    (method == Method::GET || method == Method::HEAD)
        && (is_page || path == "/health" || path == "/openapi.json")
}

/// The key that was sent; none where none are in use.
fn authenticate(app: &App, headers: &HeaderMap) -> Result<Option<Key>, Refusal> {
    let Some(file) = &app.config.security.keys_file else {
        return Ok(None);
    };
    let keys = Keys::read(Path::new(file)).map_err(|error| {
        log::tell(format_args!(
            "nobody is let in: KEYS_FILE ({file}) cannot be used: {error}"
        ));
        Refusal::Other(Problem {
            retry: Retry::After(KEYS_RETRY_MS),
            ..Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                Code::StageUnavailable,
                "API keys cannot be checked at the moment",
            )
        })
    })?;
    let sent = sent(headers).ok_or(Refusal::Unauthorized(
        "an API key is needed, as `Authorization: Bearer` or `X-API-Key`",
    ))?;
    match keys.check(sent, app.now_ms()) {
        Check::Known(key) => Ok(Some(*key)),
        Check::Expired => Err(Refusal::Unauthorized("the API key has expired")),
        Check::Unknown => Err(Refusal::Unauthorized("the API key is not valid")),
    }
}

/// The key in a request.
fn sent(headers: &HeaderMap) -> Option<&[u8]> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, key) = value.as_bytes().split_at_checked("bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"bearer ").then_some(key)
    });
    bearer
        .or_else(|| headers.get(X_API_KEY).map(HeaderValue::as_bytes))
        .map(<[u8]>::trim_ascii)
        .filter(|key| !key.is_empty())
}

/// Counts the request where that is to be done and can be.
fn count(app: &App, request: &Request, key: Option<&Key>) -> Result<Option<Count>, Refusal> {
    let settings = &app.config.security;
    let Some(kind) = Kind::of(request.method(), request.uri().path()) else {
        return Ok(None);
    };
    let limit = key
        .and_then(|key| key.limit(kind))
        .unwrap_or_else(|| kind.rate(&settings.rates));
    if limit == 0 {
        return Ok(None);
    }
    // Where there is neither key nor address, all clients would share one counter, and one could keep out the others.
    let who = match key {
        Some(key) => Some(format!("key:{}", key.name)),
        None => client::address(settings, request.headers())
            .map(|address| format!("ip:{}", client::network(address))),
    };
    let Some(who) = who else {
        return Ok(None);
    };
    let bucket = app.ports.bucket(&settings.kv_limits);
    let counted =
        bucket.and_then(|bucket| limits::count(bucket.as_ref(), kind, &who, limit, app.now_ms()));
    match counted {
        Ok(count) if count.retry_ms.is_some() => Err(Refusal::TooMany(kind, count)),
        Ok(count) => Ok(Some(count)),
        Err(error) => {
            let consequence = if settings.refuse_uncounted {
                "refused"
            } else {
                "let through"
            };
            log::tell(format_args!(
                "a request cannot be counted and is {consequence}: the store `{}`: {error}",
                settings.kv_limits
            ));
            if settings.refuse_uncounted {
                Err(Refusal::Other(error.into()))
            } else {
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests;
