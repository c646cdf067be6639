//! Whether an answer is as the OpenAPI document says: with the members that it must have, and none that nobody has told of.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

/// An operation of the document.
pub(super) struct Operation<'a> {
    /// Such as `GET /audio/{id}`.
    pub(super) name: String,
    definition: &'a Value,
}

/// The names of all operations.
pub(super) fn operations(document: &Value) -> impl Iterator<Item = String> {
    all(document).map(|(name, _)| name)
}

fn all(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, found)| (format!("{} {path}", method.to_uppercase()), found))
    })
}

/// The operation that a request is of. A path without placeholders comes first.
pub(super) fn operation<'a>(
    document: &'a Value,
    method: &str,
    path: &str,
) -> Result<Operation<'a>> {
    let mut found: Vec<_> = all(document)
        .filter(|(name, _)| {
            let Some((of, pattern)) = name.split_once(' ') else {
                return false;
            };
            let (pattern, path): (Vec<_>, Vec<_>) =
                (pattern.split('/').collect(), path.split('/').collect());
            of == method
                && pattern.len() == path.len()
                && pattern
                    .iter()
                    .zip(path)
                    .all(|(part, given)| part.starts_with('{') || *part == given)
        })
        .collect();
    found.sort_by_key(|(name, _)| name.contains('{'));
    let (name, definition) = found
        .into_iter()
        .next()
        .with_context(|| format!("the document has no {method} {path}"))?;
    Ok(Operation { name, definition })
}

impl Operation<'_> {
    /// Compares an answer with the document.
    pub(super) fn check(
        &self,
        document: &Value,
        status: u16,
        kind: &str,
        body: &str,
    ) -> Result<()> {
        let response = &self.definition["responses"][status.to_string()];
        ensure!(
            response.is_object(),
            "{} has no status {status} in the document",
            self.name
        );
        let media_type = |kind: &str| {
            let kind = kind.split(';').next().unwrap_or_default();
            kind.trim().to_ascii_lowercase()
        };
        let Some(contents) = response["content"].as_object() else {
            return Ok(());
        };
        let (_, content) = contents
            .iter()
            .find(|(known, _)| media_type(known) == media_type(kind))
            .with_context(|| format!("{} {status} has no {kind} in the document", self.name))?;
        if !media_type(kind).ends_with("json") {
            return Ok(());
        }
        let value: Value = serde_json::from_str(body)?;
        fits("answer", &value, &content["schema"], document)
    }
}

/// Whether a value is as a schema says.
fn fits(at: &str, value: &Value, schema: &Value, document: &Value) -> Result<()> {
    if let Some(to) = schema["$ref"].as_str() {
        let to = document.pointer(to.trim_start_matches('#'));
        return fits(at, value, to.with_context(|| at.to_owned())?, document);
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(parts) = schema[choice].as_array() {
            let mut why = String::new();
            for part in parts {
                match fits(at, value, part, document) {
                    Ok(()) => return Ok(()),
                    Err(error) => why += &format!("\n  {error:#}"),
                }
            }
            bail!("{at} is none of those that it can be:{why}");
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        ensure!(
            values.contains(value),
            "{at} is {value}, not one of {values:?}"
        );
        return Ok(());
    }
    let types: Vec<_> = match &schema["type"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
    };
    let is_of_type = types.contains(&is) || is == "integer" && types.contains(&"number");
    ensure!(
        types.is_empty() || is_of_type,
        "{at} is {value}, not {types:?}"
    );
    match value {
        Value::Array(values) => values.iter().enumerate().try_for_each(|(index, value)| {
            fits(&format!("{at}[{index}]"), value, &schema["items"], document)
        }),
        Value::Object(members) => object(at, members, schema, document),
        _ => Ok(()),
    }
}

fn object(at: &str, members: &Map<String, Value>, schema: &Value, document: &Value) -> Result<()> {
    let mut known = Map::new();
    let mut required = Vec::new();
    let mut is_open = false;
    let mut parts = vec![schema];
    parts.extend(schema["allOf"].as_array().into_iter().flatten());
    for part in parts {
        let part = match part["$ref"].as_str() {
            Some(to) => document
                .pointer(to.trim_start_matches('#'))
                .unwrap_or(&Value::Null),
            None => part,
        };
        known.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().into_iter().flatten());
        is_open |= !matches!(
            part["additionalProperties"],
            Value::Null | Value::Bool(false)
        );
    }
    // Nothing is said of what is in it.
    if known.is_empty() && !is_open {
        return Ok(());
    }
    for name in required {
        let name = name.as_str().unwrap_or_default();
        ensure!(members.contains_key(name), "{at} has no `{name}`");
    }
    for (name, value) in members {
        let at = format!("{at}.{name}");
        match known.get(name) {
            Some(schema) => fits(&at, value, schema, document)?,
            None => ensure!(is_open, "the document does not know {at}"),
        }
    }
    Ok(())
}
