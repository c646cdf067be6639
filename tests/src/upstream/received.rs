//! A request as the emulator got it, and the form in it.

use anyhow::{Context, Result, bail, ensure};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Such as `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Of the field.
    pub name: String,
    /// The content type, if it has one.
    pub kind: Option<String>,
    /// What is in it.
    pub content: Vec<u8>,
}

impl Received {
    /// The header of that name, which must be there once at most.
    pub fn header(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        let value = values.next().map(|(_, value)| value.as_str());
        ensure!(values.next().is_none(), "{name} is there twice");
        Ok(value)
    }

    /// The parts of a `multipart/form-data` body in order. Checked to the last byte.
    pub fn form(&self) -> Result<Vec<Part>> {
        let kind = self.header("content-type")?.context("content-type")?;
        let boundary = kind
            .strip_prefix("multipart/form-data; boundary=")
            .with_context(|| kind.to_owned())?;
        let delimiter = format!("\r\n--{boundary}");
        let mut rest = [b"\r\n", self.body.as_slice()].concat();
        let mut parts = Vec::new();
        loop {
            ensure!(rest.starts_with(delimiter.as_bytes()), "no delimiter");
            rest.drain(..delimiter.len());
            if rest == b"--\r\n" {
                return Ok(parts);
            }
            ensure!(rest.starts_with(b"\r\n"), "a delimiter without an end");
            let head = find(&rest, b"\r\n\r\n").context("a part without a head")?;
            let end = find(&rest, delimiter.as_bytes()).context("a part without an end")?;
            let text = std::str::from_utf8(&rest[2..head])?;
            let mut name = None;
            let mut kind = None;
            for line in text.split("\r\n") {
                match line.split_once(": ").context("a header of a part")? {
                    ("Content-Disposition", value) => {
                        let value = value
                            .strip_prefix("form-data; name=\"")
                            .context("form-data")?;
                        name = value.split('"').next().map(str::to_owned);
                    }
                    ("Content-Type", value) => kind = Some(value.to_owned()),
                    (other, _) => bail!("header {other} in a part"),
                }
            }
            parts.push(Part {
                name: name.context("a part without a name")?,
                kind,
                content: rest[head + 4..end].to_vec(),
            });
            rest.drain(..end);
        }
    }

    /// The text of a field of a form.
    pub fn field(&self, name: &str) -> Result<Option<String>> {
        let field = self.form()?.into_iter().find(|part| part.name == name);
        field
            .map(|part| String::from_utf8(part.content).context("a field that is no text"))
            .transpose()
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
