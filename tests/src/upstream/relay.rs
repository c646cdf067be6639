//! A relay before a real chat server: it passes on each line as it comes, and holds back the end of an answer until a case lets it go.
//!
//! So a case sees what happens before the model has finished, however fast the model is. Nothing is changed on the way but the end's time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::blocking::{Client, Response};
use serde_json::Value;

use super::{Gate, Received, Reply, Upstream, Way, lock, write_chunk};

/// How long an answer may take at most, including the time for which its end is held back.
const LIMIT: Duration = Duration::from_secs(600);
/// Bytes of a line, at most.
const MAX_LINE: u64 = 1 << 20;

/// A running relay.
pub struct Relay {
    /// It listens, and keeps what it was asked.
    pub upstream: Upstream,
    end: End,
}

impl Relay {
    /// Starts one before the server at `to`, such as `http://127.0.0.1:40123`.
    pub fn start(to: &str) -> Result<Self> {
        let client = Client::builder().timeout(LIMIT).build()?;
        let to = to.to_owned();
        let end = End::default();
        let held = end.clone();
        let upstream = Upstream::start(move |request| {
            // Whoever asked is told, and the case sees the turn fail.
            forward(&client, &to, request, &held).unwrap_or_else(|error| {
                let error = Value::from(format!("{error:#}")).to_string();
                Reply::refusal(502, Vec::new(), &error)
            })
        })?;
        Ok(Self { upstream, end })
    }

    /// Lets ends go, this one and all others.
    pub fn let_end(&self) {
        self.end.gate.open();
    }

    /// Whether the end of an answer was passed on, or anything behind it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.end.has_gone.load(Ordering::SeqCst)
    }
}

/// The end of every answer.
#[derive(Debug, Clone, Default)]
struct End {
    gate: Gate,
    has_gone: Arc<AtomicBool>,
}

/// A body that a server is sending.
#[derive(Debug, Clone)]
pub struct Passed {
    from: Arc<Mutex<BufReader<Response>>>,
    end: End,
}

fn forward(client: &Client, to: &str, request: &Received, end: &End) -> Result<Reply> {
    ensure!(
        request.method == "POST",
        "{} is not passed on",
        request.method
    );
    let mut asked = client.post(format!("{to}{}", request.path));
    if let Some(kind) = request.header("content-type")? {
        asked = asked.header("content-type", kind);
    }
    let response = asked.body(request.body.clone()).send()?;
    let kind = response.headers().get("content-type");
    let kind = kind.context("an answer without a type")?.to_str()?;
    Ok(Reply {
        status: response.status().as_u16(),
        headers: vec![("content-type", kind.to_owned())],
        body: Vec::new(),
        way: Way::Passes(Passed {
            from: Arc::new(Mutex::new(BufReader::new(response))),
            end: end.clone(),
        }),
    })
}

impl Passed {
    /// Sends it in chunks; whether the connection goes on. The real server sees that the client has gone when this returns.
    pub(super) fn send(&self, mut stream: &TcpStream) -> Result<bool> {
        let mut from = lock(&self.from);
        loop {
            let mut line = Vec::new();
            from.by_ref()
                .take(MAX_LINE)
                .read_until(b'\n', &mut line)
                .context("the server before which the relay is")?;
            if line.is_empty() {
                stream.write_all(b"0\r\n\r\n")?;
                return Ok(true);
            }
            if is_end(&line) {
                // A case that never lets it go finds that it has gone.
                self.end.gate.pass();
                self.end.has_gone.store(true, Ordering::SeqCst);
            }
            if write_chunk(stream, &line).is_err() {
                return Ok(false);
            }
        }
    }
}

/// Whether a line says that the model has finished.
fn is_end(line: &[u8]) -> bool {
    let Some(data) = line.strip_prefix(b"data: ") else {
        return false;
    };
    data.starts_with(b"[DONE]")
        || serde_json::from_slice(data)
            .is_ok_and(|event: Value| event["choices"][0]["finish_reason"].is_string())
}
