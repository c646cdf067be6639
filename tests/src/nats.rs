//! A real NATS server as a process, and one who listens to it: the protocol by hand, so that what goes over the wire is seen by something
//! other than the host's client.
//!
//! <https://docs.nats.io/reference/reference-protocols/nats-protocol>

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::process;

/// How long a message may take at most.
const LIMIT: Duration = Duration::from_secs(60);
const NAME: &str = "nats-server";

/// The program; none, with the reason printed, where it may be absent. Continuous integration has to have it.
pub fn program() -> Result<Option<PathBuf>> {
    process::installed(NAME, NAME)
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    _process: process::Server,
    /// On 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Starts on a port, or on any free one. `folder` gets its log.
    pub fn start(program: &Path, port: Option<u16>, folder: &Path) -> Result<Self> {
        let wanted = port.map_or("-1".to_owned(), |port| port.to_string());
        let mut command = Command::new(program);
        command.args(["--addr", "127.0.0.1", "--port", &wanted]);
        let listening = |line: &str| -> Option<u16> {
            let (_, address) = line.split_once("Listening for client connections on 127.0.0.1:")?;
            address.trim().parse().ok()
        };
        let log = folder.join(format!("{NAME}.log"));
        let (process, port) = process::Server::start(&mut command, log, listening)?;
        Ok(Self {
            _process: process,
            port,
        })
    }

    /// Such as `nats://127.0.0.1:4222`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}

/// One who listens.
#[derive(Debug)]
pub struct Listener {
    stream: BufReader<TcpStream>,
}

/// What came.
#[derive(Debug, Clone)]
pub struct Message {
    /// The whole subject.
    pub subject: String,
    /// What is in it.
    pub payload: Value,
}

impl Listener {
    /// Subscribes to a subject, which may have wildcards. Everything published after this returns is heard.
    pub fn subscribe(port: u16, subject: &str) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(LIMIT))?;
        let mut listener = Self {
            stream: BufReader::new(stream),
        };
        let hello = listener.line()?;
        ensure!(hello.starts_with("INFO "), "{hello}");
        listener.send("CONNECT {\"verbose\":false,\"pedantic\":true}\r\n")?;
        listener.send(&format!("SUB {subject} 1\r\nPING\r\n"))?;
        let answer = listener.line()?;
        ensure!(answer == "PONG", "{answer}");
        Ok(listener)
    }

    /// The next message.
    pub fn message(&mut self) -> Result<Message> {
        loop {
            let line = self.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            match *words {
                ["PING"] => self.send("PONG\r\n")?,
                ["MSG", subject, "1", size] => {
                    let mut payload = vec![0; size.parse::<usize>()? + 2];
                    self.stream.read_exact(&mut payload)?;
                    ensure!(payload.ends_with(b"\r\n"), "a message of another length");
                    let subject = subject.to_owned();
                    let payload = serde_json::from_slice(&payload)
                        .with_context(|| String::from_utf8_lossy(&payload).into_owned())?;
                    return Ok(Message { subject, payload });
                }
                _ if line.starts_with("INFO ") => {}
                _ => bail!("the server says {line}"),
            }
        }
    }

    /// What comes about a request, to the message of this type. Messages about others are passed over.
    pub fn until(&mut self, kind: &str, request_id: &str) -> Result<Vec<Message>> {
        let mut messages = Vec::new();
        loop {
            let message = self.message()?;
            let ours = message.payload["request_id"] == request_id;
            let last = message.payload["type"] == kind;
            if ours {
                messages.push(message);
                if last {
                    return Ok(messages);
                }
            }
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let n = self
            .stream
            .read_line(&mut line)
            .context("no message came")?;
        ensure!(n > 0, "the server has closed the connection");
        Ok(line.trim_end().to_owned())
    }

    fn send(&mut self, text: &str) -> Result<()> {
        Ok(self.stream.get_mut().write_all(text.as_bytes())?)
    }
}
