//! What a trace collector gets, read from the bytes: OTLP's `ExportTraceServiceRequest`, by the numbers of its fields.
//!
//! The reader knows protobuf's wire format and nothing of the library that wrote the bytes, so that what both got wrong shows.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use crate::upstream::Received;

/// A span as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Span {
    /// Of 16 bytes, in hexadecimal digits.
    pub trace: String,
    /// Of 8 bytes, in hexadecimal digits.
    pub id: String,
    /// The span above it; empty for none.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// 1 for internal, 2 for a server's.
    pub kind: u64,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// What it is about, as texts.
    pub attributes: BTreeMap<String, String>,
    /// 2 is an error.
    pub status: u64,
    /// Who sent it.
    pub resource: BTreeMap<String, String>,
}

impl Span {
    /// An attribute that must be there.
    pub fn attribute(&self, name: &str) -> Result<&str> {
        let value = self.attributes.get(name);
        Ok(value.with_context(|| format!("{name} in {self:?}"))?)
    }
}

/// The spans of a request to a collector.
pub fn spans(request: &Received) -> Result<Vec<Span>> {
    ensure!(
        request.method == "POST" && request.path == "/v1/traces",
        "{} {}",
        request.method,
        request.path
    );
    ensure!(
        request.header("content-type")? == Some("application/x-protobuf"),
        "{:?}",
        request.headers
    );
    let mut spans = Vec::new();
    // ExportTraceServiceRequest.resource_spans = 1
    for (_, of_resource) in only(&request.body, &[1])? {
        let of_resource = of_resource.bytes()?;
        let mut resource = BTreeMap::new();
        // ResourceSpans: resource = 1, scope_spans = 2, schema_url = 3
        for (number, field) in only(of_resource, &[1, 2, 3])? {
            if number != 1 {
                continue;
            }
            // Resource: attributes = 1, dropped_attributes_count = 2, entity_refs = 3
            for (number, field) in only(field.bytes()?, &[1, 2, 3])? {
                if number == 1 {
                    resource.extend([attribute(field.bytes()?)?]);
                }
            }
        }
        for (number, of_scope) in only(of_resource, &[1, 2, 3])? {
            if number != 2 {
                continue;
            }
            // ScopeSpans: scope = 1, spans = 2, schema_url = 3
            for (number, field) in only(of_scope.bytes()?, &[1, 2, 3])? {
                if number == 2 {
                    let mut span = span(field.bytes()?)?;
                    span.resource.clone_from(&resource);
                    spans.push(span);
                }
            }
        }
    }
    Ok(spans)
}

fn span(bytes: &[u8]) -> Result<Span> {
    let mut span = Span::default();
    for (number, field) in fields(bytes)? {
        match number {
            1 => span.trace = hex(field.bytes()?, 16)?,
            2 => span.id = hex(field.bytes()?, 8)?,
            4 if field.bytes()?.is_empty() => {}
            4 => span.parent = hex(field.bytes()?, 8)?,
            5 => span.name = text(field.bytes()?)?,
            6 => span.kind = field.number()?,
            7 => span.start = field.number()?,
            8 => span.end = field.number()?,
            9 => span.attributes.extend([attribute(field.bytes()?)?]),
            // Status: message = 2, code = 3
            15 => {
                for (number, field) in only(field.bytes()?, &[2, 3])? {
                    if number == 3 {
                        span.status = field.number()?;
                    }
                }
            }
            // trace_state, dropped counts, events, links, flags
            3 | 10..=14 | 16 => {}
            _ => bail!("a span has no field {number}"),
        }
    }
    Ok(span)
}

/// KeyValue: key = 1, value = 2; AnyValue: string = 1, bool = 2, int = 3, double = 4.
fn attribute(bytes: &[u8]) -> Result<(String, String)> {
    let (mut key, mut value) = (String::new(), String::new());
    for (number, field) in only(bytes, &[1, 2])? {
        if number == 1 {
            key = text(field.bytes()?)?;
            continue;
        }
        for (number, field) in only(field.bytes()?, &[1, 2, 3, 4])? {
            value = match number {
                1 => text(field.bytes()?)?,
                2 => (field.number()? != 0).to_string(),
                3 => field.number()?.to_string(),
                _ => f64::from_bits(field.number()?).to_string(),
            };
        }
    }
    Ok((key, value))
}

#[derive(Debug, Clone, Copy)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    fn number(self) -> Result<u64> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) => bail!("bytes where a number should be"),
        }
    }

    fn bytes(self) -> Result<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) => bail!("a number where bytes should be"),
        }
    }
}

/// The fields of a message that has no others than these.
fn only<'a>(bytes: &'a [u8], known: &[u64]) -> Result<Vec<(u64, Field<'a>)>> {
    let fields = fields(bytes)?;
    for (number, _) in &fields {
        ensure!(
            known.contains(number),
            "field {number} is none of {known:?}"
        );
    }
    Ok(fields)
}

fn fields(mut bytes: &[u8]) -> Result<Vec<(u64, Field<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)?),
            1 => {
                let (number, rest) = bytes.split_first_chunk().context("a cut number")?;
                bytes = rest;
                Field::Number(u64::from_le_bytes(*number))
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)?)?;
                let (field, rest) = bytes.split_at_checked(length).context("a cut field")?;
                bytes = rest;
                Field::Bytes(field)
            }
            5 => {
                let (number, rest) = bytes.split_first_chunk().context("a cut number")?;
                bytes = rest;
                Field::Number(u32::from_le_bytes(*number).into())
            }
            other => bail!("wire type {other}"),
        };
        fields.push((tag >> 3, field));
    }
    Ok(fields)
}

fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().context("a cut number")?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    bail!("a number of more than ten bytes")
}

fn text(bytes: &[u8]) -> Result<String> {
    Ok(std::str::from_utf8(bytes)?.to_owned())
}

fn hex(bytes: &[u8], length: usize) -> Result<String> {
    ensure!(bytes.len() == length, "an id of {} bytes", bytes.len());
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_by_hand() {
        // A trace id, a name, a time of fixed width, an attribute `a` = true.
        let mut span = vec![0x0a, 16];
        span.extend([0xab; 16]);
        span.extend([0x2a, 3]);
        span.extend(b"tts");
        span.push(0x39);
        span.extend(7_u64.to_le_bytes());
        span.extend([0x4a, 7, 0x0a, 1, b'a', 0x12, 2, 0x10, 1]);
        let inside = |number: u8, bytes: &[u8]| {
            let mut field = vec![number << 3 | 2, bytes.len() as u8];
            field.extend(bytes);
            field
        };
        let body = inside(1, &inside(2, &inside(2, &span)));
        let mut request = Received {
            method: "POST".into(),
            path: "/v1/traces".into(),
            headers: vec![("content-type".into(), "application/x-protobuf".into())],
            body,
        };
        let spans = spans(&request).unwrap();
        assert_eq!((spans[0].name.as_str(), spans[0].start), ("tts", 7));
        assert_eq!(spans[0].trace, "ab".repeat(16));
        assert_eq!(spans[0].attribute("a").unwrap(), "true");
        request.body.pop();
        super::spans(&request).unwrap_err();
    }
}
