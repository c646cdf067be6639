//! Puts the document together.

use http::{Method, StatusCode};
use serde_json::Value;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, HeaderBuilder, Ref, Required, ResponseBuilder,
        header::Header,
        path::Operation,
        schema::{ObjectBuilder, Type},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use super::{compatible, native};
use crate::{problem, routes::openai, security};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Colloquy",
        description = "Voice conversations: a recording or a text in, an answer in text, cards and speech out. Native routes answer errors \
            as `application/problem+json`; the routes under `/v1` are those of OpenAI, for whose clients only the base URL changes.",
    ),
    tags(
        (name = "turns", description = "A question and its answer"),
        (name = "sessions", description = "Conversations that are remembered"),
        (name = "speech", description = "Text as speech, and speech that is kept"),
        (name = "content", description = "What answers are about"),
        (name = "openai", description = "For OpenAI's clients"),
        (name = "service", description = "About the service"),
        (name = "host", description = "Of the native host only"),
    ),
    paths(
        native::about, native::health, native::health_detailed, native::openapi, native::docs, native::livez, native::readyz, native::metrics,
        native::process, native::process_text,
        native::create_session, native::show_session, native::end_session,
        native::tts, native::tts_voices, native::audio,
        native::content_types, native::content_items, native::content_search,
        compatible::transcribe, compatible::speak, compatible::voices, compatible::chat, compatible::models, compatible::model,
    ),
    components(schemas(
        problem::Document, openai::error::ErrorDocument, openai::transcriptions::TranscriptEvent, openai::chat::ChatChunk, openai::speech::SpeechEvent,
    )),
    modifiers(&Common),
)]
struct Document;

/// The text of the document.
pub(super) fn text() -> String {
    let document = serde_json::to_value(Document::openapi()).unwrap();
    let mut text = String::new();
    write(&document, 0, &mut text);
    text.push('\n');
    text
}

/// The members of an operation have a line each, so that a change is seen, and everything below is in that line, so that it is short.
fn write(value: &Value, depth: usize, text: &mut String) {
    match value.as_object() {
        Some(members) if depth < 4 && !members.is_empty() => {
            text.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                text.push_str(if index == 0 { "\n" } else { ",\n" });
                text.push_str(&" ".repeat(depth + 1));
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(value, depth + 1, text);
            }
            text.push('\n');
            text.push_str(&" ".repeat(depth));
            text.push('}');
        }
        _ => text.push_str(&value.to_string()),
    }
}

/// What many operations have in common.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "bearer",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        );
        components.add_security_scheme(
            "api_key",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key"))),
        );
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                complete(operation, &method, path);
            }
        }
    }
}

fn operations(item: &mut utoipa::openapi::PathItem) -> Vec<(Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
    .collect()
}

/// Adds to one operation what it has in common with others.
fn complete(operation: &mut Operation, method: &Method, path: &str) {
    let is_host = operation
        .tags
        .as_ref()
        .is_some_and(|tags| tags.iter().any(|tag| tag == "host"));
    let is_open = is_host || security::is_open(method, path);
    operation.security = Some(if is_open {
        Vec::new()
    } else {
        vec![
            SecurityRequirement::default(),
            SecurityRequirement::new("bearer", [""; 0]),
            SecurityRequirement::new("api_key", [""; 0]),
        ]
    });
    if is_host {
        return;
    }
    if path == "/session/create"
        && let Some(body) = &mut operation.request_body
    {
        body.required = Some(Required::False);
    }
    let is_counted = security::limits::Kind::of(method, path).is_some();
    for status in refusals(operation, path, is_open, is_counted) {
        let known = &mut operation.responses.responses;
        known
            .entry(status.as_str().to_owned())
            .or_insert_with(|| refused(status, path).into());
    }
    for (status, response) in &mut operation.responses.responses {
        let utoipa::openapi::RefOr::T(response) = response else {
            continue;
        };
        response.headers.insert(
            "X-Request-Id".to_owned(),
            text_header("As in every log line of the request"),
        );
        if is_counted && (status.starts_with('2') || status == "429") {
            let limits = [
                ("X-RateLimit-Limit", "Most such requests in a minute"),
                ("X-RateLimit-Remaining", "How many more there may be now"),
                ("X-RateLimit-Reset", "Seconds until there is room again"),
            ];
            for (name, text) in limits {
                response
                    .headers
                    .insert(name.to_owned(), number_header(text));
            }
        }
    }
}

/// The statuses of failures that an operation can have.
fn refusals(operation: &Operation, path: &str, is_open: bool, is_counted: bool) -> Vec<StatusCode> {
    let has_body = operation.request_body.is_some();
    let is_native = !openai::error::is_ours(path);
    let has = |place: &str| path.starts_with(place);
    // Where stages or stores are asked.
    let works = !is_open || path == "/health";
    let cases = [
        (400, has_body || operation.parameters.is_some()),
        (401, !is_open),
        (403, !is_open),
        (
            404,
            path.contains('{')
                || has("/process")
                || path == "/tts"
                || path.ends_with("/speech")
                || has_body && !is_native,
        ),
        (
            409,
            is_native && (has("/session/create") || has("/process") || path == "/tts"),
        ),
        (
            410,
            is_native && (has("/session/{") || has("/process") || path == "/tts"),
        ),
        (413, has_body),
        (415, has_body && is_native),
        (422, is_native && (has_body || has("/content/search"))),
        (429, is_counted),
        (500, works),
        (503, works),
        (504, works),
    ];
    cases
        .into_iter()
        .filter(|(_, is_possible)| *is_possible)
        .filter_map(|(status, _)| StatusCode::from_u16(status).ok())
        .collect()
}

/// A failure with that status.
fn refused(status: StatusCode, path: &str) -> utoipa::openapi::Response {
    let (schema, kind) = if openai::error::is_ours(path) {
        ("ErrorDocument", "application/json")
    } else {
        ("Problem", "application/problem+json")
    };
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(schema)))
        .build();
    let mut response = ResponseBuilder::new()
        .description(status.canonical_reason().unwrap_or("Failure"))
        .content(kind, content);
    if matches!(status.as_u16(), 429 | 503) {
        response = response.header("Retry-After", number_header("Seconds to wait"));
    }
    if status == StatusCode::UNAUTHORIZED {
        response = response.header("WWW-Authenticate", text_header("How to send a key"));
    }
    response.build()
}

fn text_header(description: &str) -> Header {
    header_of(Type::String, description)
}

fn number_header(description: &str) -> Header {
    header_of(Type::Integer, description)
}

fn header_of(kind: Type, description: &str) -> Header {
    HeaderBuilder::new()
        .schema(ObjectBuilder::new().schema_type(kind))
        .description(Some(description))
        .build()
}
