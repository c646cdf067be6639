//! HTTP by hand, for requests that no client library would send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};

/// How long an answer may take. Nobody waits for so long but for a test that fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// An answer, as far as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// 0 when there was none.
    pub status: u16,
    /// Status line and headers, as sent.
    pub head: String,
    /// The rest, without undoing of chunks.
    pub body: String,
}

impl Answer {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// A connection to the host at `url`.
pub fn connect(url: &str) -> Result<TcpStream> {
    let address = url.split("://").nth(1).context("a URL")?;
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends these bytes, which should ask for an end of the connection, and reads to the end. A host may answer and hang up before it has
/// all of them.
pub fn exchange(url: &str, bytes: &[u8]) -> Result<Answer> {
    let mut stream = connect(url)?;
    let mut sender = stream.try_clone()?;
    let answer = std::thread::scope(|scope| {
        scope.spawn(move || {
            let _hung_up = sender.write_all(bytes);
        });
        read(&mut stream)
    });
    Ok(answer)
}

/// Reads an answer to the end of the connection.
pub fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    // A reset after the answer takes nothing from it.
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..n]);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    Answer {
        status: head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// A request without a body, for this target exactly as it is.
#[must_use]
pub fn get(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n").into()
}
