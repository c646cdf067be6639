//! Every public route, and the layer around all of them that gives a response its request id and an error its document.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{
    app::{App, Caller},
    config::{Config, ConfigError},
    ids,
    ports::Ports,
    problem::{Code, Problem},
    security,
};

mod about;
mod audio;
mod checked;
mod console;
mod content;
mod docs;
mod form;
mod health;
mod openai;
mod openapi;
mod process;
mod recording;
mod sessions;
mod stream;
mod tts;
mod upkeep;
mod upload;

/// Most bytes of a JSON body.
const MAX_JSON_BYTES: usize = 64 << 10;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const ROUTE: HeaderName = HeaderName::from_static("x-colloquy-route");

/// The id of the request at hand.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// The whole public interface.
pub fn router(ports: Arc<dyn Ports>, config: Config) -> Router {
    let max_body = recording::max_body_bytes(&config);
    let app = App {
        ports,
        config: Arc::new(config),
        caller: Caller::default(),
    };
    let openai = openai::routes(&app.config);
    let process = post(process::process).layer(DefaultBodyLimit::max(max_body));
    let routes = Router::new()
        .route("/", get(about::front))
        .route("/health", get(about::health))
        .route("/health/detailed", get(health::detailed))
        .route("/process", process)
        .route("/process/text", post(process::process_text))
        .route("/tts", post(tts::speak))
        .route("/tts/voices", get(tts::voices))
        .route("/audio/{id}", get(audio::audio))
        .route("/session/create", post(sessions::create))
        .route("/session/{id}", get(sessions::show).delete(sessions::end))
        .route("/content/types", get(content::types))
        .route("/content/search", get(content::search))
        .route("/content/{type}", get(content::items))
        .merge(openai)
        .route("/openapi.json", get(openapi::serve))
        .route("/docs", get(docs::serve))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .layer(from_fn(name_route));
    finished(upkeep::first(security::guarded(routes, app.clone()), app))
}

/// A router that answers no request, because of a mistake in its configuration, which the log has.
pub fn misconfigured(error: ConfigError) -> Router {
    security::log::tell(format_args!("the configuration cannot be used: {error}"));
    let text = "the gateway's configuration cannot be used; its log tells why";
    let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, text);
    finished(Router::new().fallback(move || std::future::ready(problem.clone())))
}

fn finished(router: Router) -> Router {
    router.layer(from_fn(finish))
}

/// The outermost layer: the request id in and out, problems into documents.
async fn finish(mut request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let id = given
        .filter(|id| ids::is_request(id))
        .map_or_else(ids::new, str::to_owned);
    let path = request.uri().path().to_owned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut document = if openai::error::is_ours(&path) {
            openai::error::response(&problem, response.extensions_mut().remove())
        } else {
            problem.response(&path, &id)
        };
        let mut others = std::mem::take(response.headers_mut());
        // Of the body that the problem had not yet.
        others.remove(header::CONTENT_LENGTH);
        document.headers_mut().extend(others);
        response = document;
    }
    let headers = response.headers_mut();
    security::headers::harden(headers);
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    response
}

/// Tells our host which route answers: its pattern, because a path may have the id of a session in it. It takes the header away.
async fn name_route(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let pattern = path.and_then(|path| HeaderValue::from_str(path.as_str()).ok());
    if let Some(pattern) = pattern {
        response.headers_mut().insert(ROUTE, pattern);
    }
    response
}

async fn not_found(request: Request) -> Problem {
    let path = request.uri().path().to_owned();
    let found = openai::missing(request).await;
    found.unwrap_or_else(|| nothing_at(&path))
}

/// axum adds `Allow`.
async fn method_not_allowed(request: Request) -> Problem {
    let text = format!(
        "{} does not take {}",
        request.uri().path(),
        request.method()
    );
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, Code::InvalidRequest, text)
}

fn nothing_at(path: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        Code::NotFound,
        format!("there is nothing at {path}"),
    )
}

/// A JSON document.
fn json(status: StatusCode, document: &serde_json::Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, document.to_string()).into_response()
}

/// The media type of a request, without parameters, in lower case.
fn media_type(headers: &http::HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(
        value
            .split(';')
            .next()
            .unwrap_or(value)
            .trim()
            .to_ascii_lowercase(),
    )
}

/// Whether the client asks for that media type by name.
fn accepts(headers: &http::HeaderMap, wanted: &str) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|range| range.trim().eq_ignore_ascii_case(wanted))
}

/// Reads the object that is a JSON body; the error says where the mistake is.
fn from_json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde would take the members of an array for those of an object, in its order.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::invalid("the JSON body must be an object"));
    }
    serde_json::from_slice(body)
        .map_err(|error| Problem::invalid(format!("the JSON body cannot be read: {error}")))
}

/// The bytes of a body that has arrived whole.
fn whole(
    body: Result<bytes::Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<bytes::Bytes, Problem> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::too_large(format!("a JSON body may have {MAX_JSON_BYTES} bytes"))
        }
        _ => Problem::invalid("the body could not be read to its end"),
    })
}

/// The request id as handlers take it.
type Id = Extension<RequestId>;

#[cfg(test)]
mod tests;
