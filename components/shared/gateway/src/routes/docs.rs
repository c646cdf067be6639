//! `GET /docs`: the OpenAPI document as one page to read. Everything on it is made here, from the document; it has no scripts, and
//! nothing from anywhere else.

use std::{fmt::Write as _, sync::LazyLock};

use axum::response::{Html, IntoResponse, Response};
use http::header;
use serde_json::{Map, Value};

use super::openapi;

/// The page has its own styles and nothing from anywhere else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("docs/style.css");

/// Serves the page.
pub(super) async fn serve() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        serde_json::from_str(openapi::TEXT)
            .map_or_else(|_| String::new(), |document| page(&document))
    });
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Html(PAGE.as_str())).into_response()
}

fn page(document: &Value) -> String {
    let info = |name: &str| escaped(text(document.pointer(&format!("/info/{name}"))));
    let (title, version) = (info("title"), info("version"));
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} {version}: the interface</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<header><h1>{title} <small>{version}</small></h1>{}\
         <p>For programs: <a href=\"openapi.json\">openapi.json</a></p></header>\n",
        prose(text(document.pointer("/info/description")))
    );
    let tags: Vec<_> = list(document.get("tags")).collect();
    let mut parts = String::new();
    html.push_str("<nav>");
    for tag in tags {
        let name = text(tag.get("name"));
        put(
            &mut html,
            format_args!("<h2><a href=\"#{0}\">{0}</a></h2><ul>", escaped(name)),
        );
        put(
            &mut parts,
            format_args!(
                "<h2 id=\"{0}\">{0}</h2>{1}\n",
                escaped(name),
                prose(text(tag.get("description")))
            ),
        );
        for (path, method, operation) in operations(document) {
            if !list(operation.get("tags")).any(|tag| tag.as_str() == Some(name)) {
                continue;
            }
            let id = escaped(text(operation.get("operationId")));
            let (method, path) = (method.to_uppercase(), escaped(path));
            put(
                &mut html,
                format_args!("<li><a href=\"#{id}\"><b>{method}</b> {path}</a></li>"),
            );
            put(
                &mut parts,
                format_args!("<section id=\"{id}\"><h3><b>{method}</b> <code>{path}</code></h3>\n"),
            );
            describe(&mut parts, operation);
            parts.push_str("</section>\n");
        }
        html.push_str("</ul>");
    }
    html.push_str("<h2><a href=\"#schemas\">documents</a></h2></nav>\n<main>\n");
    html.push_str(&parts);
    html.push_str("<h2 id=\"schemas\">documents</h2>\n");
    for (name, schema) in members(document.pointer("/components/schemas")) {
        put(
            &mut html,
            format_args!("<section id=\"schema-{0}\"><h3>{0}</h3>\n", escaped(name)),
        );
        html.push_str(&prose(text(schema.get("description"))));
        structure(&mut html, schema);
        html.push_str("</section>\n");
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

/// One operation.
fn describe(html: &mut String, operation: &Value) {
    put(
        html,
        format_args!(
            "<p><strong>{}</strong></p>",
            escaped(text(operation.get("summary")))
        ),
    );
    html.push_str(&prose(text(operation.get("description"))));
    let parameters: Vec<_> = list(operation.get("parameters")).collect();
    if !parameters.is_empty() {
        html.push_str("<h4>Parameters</h4><table>");
        for parameter in parameters {
            let is_required = parameter.get("required").and_then(Value::as_bool) == Some(true);
            row(
                html,
                text(parameter.get("name")),
                &format!(
                    "{}, {}{}",
                    text(parameter.get("in")),
                    kind(parameter.get("schema")),
                    if is_required { "" } else { ", optional" }
                ),
                text(parameter.get("description")),
            );
        }
        html.push_str("</table>");
    }
    if let Some(body) = operation.get("requestBody") {
        html.push_str("<h4>Body</h4>");
        contents(html, body);
    }
    html.push_str("<h4>Answers</h4><table>");
    for (status, response) in members(operation.get("responses")) {
        let mut kinds = Vec::new();
        for (media_type, content) in members(response.get("content")) {
            kinds.push(format!(
                "<code>{}</code> {}",
                escaped(media_type),
                kind(content.get("schema"))
            ));
        }
        let headers: Vec<_> = members(response.get("headers"))
            .map(|(name, _)| format!("<code>{}</code>", escaped(name)))
            .collect();
        put(
            html,
            format_args!(
                "<tr><th>{}</th><td>{}</td><td>{}{}</td></tr>\n",
                escaped(status),
                kinds.join("<br>"),
                inline(text(response.get("description"))),
                if headers.is_empty() {
                    String::new()
                } else {
                    format!("<br><small>{}</small>", headers.join(" "))
                }
            ),
        );
    }
    html.push_str("</table>");
}

/// The forms that a body can have.
fn contents(html: &mut String, body: &Value) {
    for (media_type, content) in members(body.get("content")) {
        let schema = content.get("schema");
        put(
            html,
            format_args!(
                "<p><code>{}</code> {}</p>",
                escaped(media_type),
                kind(schema)
            ),
        );
        if let Some(example) = content.get("example") {
            put(
                html,
                format_args!("<pre>{}</pre>", escaped(&pretty(example))),
            );
        }
    }
}

/// What a schema is made of: the members of an object, the values of an enumeration, the alternatives of a choice.
fn structure(html: &mut String, schema: &Value) {
    let required: Vec<_> = list(schema.get("required"))
        .filter_map(Value::as_str)
        .collect();
    let mut properties: Vec<_> = members(schema.get("properties")).collect();
    for part in list(schema.get("allOf")) {
        properties.extend(members(part.get("properties")));
        if part.get("$ref").is_some() {
            put(
                html,
                format_args!("<p>Everything of {}, and:</p>", kind(Some(part))),
            );
        }
    }
    if properties.is_empty() {
        put(html, format_args!("<p>{}</p>", kind(Some(schema))));
    } else {
        html.push_str("<table>");
        for (name, property) in properties {
            let optional = if required.contains(&name.as_str()) {
                ""
            } else {
                ", optional"
            };
            row(
                html,
                name,
                &format!("{}{optional}", kind(Some(property))),
                text(property.get("description")),
            );
        }
        html.push_str("</table>");
    }
    if let Some(example) = schema.get("example") {
        put(
            html,
            format_args!("<pre>{}</pre>", escaped(&pretty(example))),
        );
    }
}

fn row(html: &mut String, name: &str, kind: &str, description: &str) {
    put(
        html,
        format_args!(
            "<tr><th><code>{}</code></th><td>{kind}</td><td>{}</td></tr>\n",
            escaped(name),
            inline(description)
        ),
    );
}

/// The kind of a value in a few words.
fn kind(schema: Option<&Value>) -> String {
    let Some(schema) = schema else {
        return String::new();
    };
    if let Some(name) = text(schema.get("$ref")).strip_prefix("#/components/schemas/") {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        let parts: Vec<_> = list(schema.get(choice))
            .map(|part| kind(Some(part)))
            .collect();
        if !parts.is_empty() {
            return parts.join(if choice == "allOf" { " with " } else { " or " });
        }
    }
    let values: Vec<_> = list(schema.get("enum"))
        .map(|value| format!("<code>{}</code>", escaped(&value.to_string())))
        .collect();
    if !values.is_empty() {
        return values.join(", ");
    }
    let names: Vec<_> = match schema.get("type") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(name)) => vec![name.as_str()],
        _ => vec!["anything"],
    };
    let parts: Vec<_> = names
        .into_iter()
        .map(|name| match (name, text(schema.get("format"))) {
            ("array", _) => format!("list of {}", kind(schema.get("items"))),
            ("string", format) if !format.is_empty() => format!("string ({})", escaped(format)),
            (name, _) => escaped(name),
        })
        .collect();
    parts.join(" or ")
}

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    members(document.get("paths")).flat_map(|(path, item)| {
        members(Some(item)).map(move |(method, operation)| (path, method, operation))
    })
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Paragraphs.
fn prose(text: &str) -> String {
    let paragraphs = text
        .split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty());
    paragraphs
        .map(|paragraph| format!("<p>{}</p>", inline(paragraph)))
        .collect()
}

/// Text with what stands between backticks as code.
fn inline(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escaped(part);
        if index % 2 == 1 {
            put(&mut html, format_args!("<code>{part}</code>"));
        } else {
            html.push_str(&part);
        }
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Writing to a string does not fail.
fn put(html: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = html.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operation_and_every_document_is_on_the_page() {
        let document: Value = serde_json::from_str(openapi::TEXT).unwrap();
        let page = page(&document);
        for (path, method, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(
                page.contains(&format!("<section id=\"{id}\">")),
                "{method} {path}"
            );
        }
        for (name, _) in members(document.pointer("/components/schemas")) {
            assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
    }

    #[test]
    fn every_link_leads_somewhere_and_nothing_comes_from_elsewhere() {
        let page = page(&serde_json::from_str(openapi::TEXT).unwrap());
        for link in page.split("href=\"#").skip(1) {
            let id = link.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{id}\"")), "#{id}");
        }
        for foreign in ["<script", "src=", "http://", "https://", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn what_looks_like_markup_is_text() {
        let page = page(&json!({
            "info": { "title": "<b>", "description": "a `<i>` & b" },
            "tags": [{ "name": "t" }],
            "paths": { "/<x>": { "get": { "tags": ["t"], "operationId": "x", "summary": "\"<s>\"" } } },
        }));
        assert!(page.contains("&lt;b&gt;") && page.contains("<code>&lt;i&gt;</code> &amp; b"));
        assert!(page.contains("/&lt;x&gt;") && page.contains("&quot;&lt;s&gt;&quot;"));
        assert!(!page.contains("<i>") && !page.contains("<x>") && !page.contains("<s>"));
    }
}
