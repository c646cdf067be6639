//! A server that decides what it sends, and the system's sockets as a way to it.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use colloquy_upstream::Failure;
use tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tungstenite::{Message, WebSocket};

use crate::endpoint::Endpoint;
use crate::link::{Connect, Link};

struct Tcp(TcpStream, Instant);

impl Tcp {
    fn limit(&self) -> io::Result<()> {
        let left = self.1.saturating_duration_since(Instant::now());
        let left = left.max(Duration::from_millis(1));
        self.0.set_read_timeout(Some(left))?;
        self.0.set_write_timeout(Some(left))
    }
}

impl Read for Tcp {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.limit()?;
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
            _ => error,
        })
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.limit()?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Link for Tcp {
    fn set_end(&mut self, end: Instant) {
        self.1 = end;
    }
}

pub(super) struct System;

impl Connect for System {
    fn connect(&self, endpoint: &Endpoint, end: Instant) -> Result<Box<dyn Link>, Failure> {
        let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port));
        let stream = stream.map_err(|error| Failure::Unavailable(error.to_string()))?;
        Ok(Box::new(Tcp(stream, end)))
    }
}

/// What the server sends after the second message.
pub(super) type Script = Vec<Step>;

#[derive(Clone)]
pub(super) enum Step {
    Text(&'static str),
    Binary(Vec<u8>),
    Ping,
    /// Breaks the connection.
    Break,
    /// Closes it as the protocol says.
    Close,
    /// Sends nothing more until the client is gone.
    Wait,
}

/// What the server saw.
#[derive(Debug)]
pub(super) enum Seen {
    Asked(http::Uri, http::HeaderMap),
    Said(String),
    Gone,
}

/// A server that refuses the first `refusals` with this status and date, and then follows the script.
pub(super) fn serve(
    refusals: usize,
    status: u16,
    date: Option<String>,
    script: Script,
) -> (String, Receiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/edge/v1", listener.local_addr().unwrap());
    let (sender, seen) = channel();
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let refuse = (n < refusals).then(|| (status, date.clone()));
            answer(stream.unwrap(), refuse, &script, &sender);
        }
    });
    (url, seen)
}

fn answer(
    stream: TcpStream,
    refuse: Option<(u16, Option<String>)>,
    script: &Script,
    sender: &Sender<Seen>,
) {
    let see = |seen| sender.send(seen).is_ok();
    #[expect(clippy::result_large_err, reason = "the library's type")]
    let look = |request: &Request, response: Response| match &refuse {
        None => {
            see(Seen::Asked(
                request.uri().clone(),
                request.headers().clone(),
            ));
            Ok(response)
        }
        Some((status, date)) => {
            see(Seen::Asked(
                request.uri().clone(),
                request.headers().clone(),
            ));
            let mut refusal = ErrorResponse::new(None);
            *refusal.status_mut() = (*status).try_into().unwrap();
            if let Some(date) = date {
                refusal.headers_mut().insert("date", date.parse().unwrap());
            }
            Err(refusal)
        }
    };
    let Ok(mut socket) = tungstenite::accept_hdr(stream, look) else {
        return;
    };
    for _ in 0..2 {
        match socket.read() {
            Ok(Message::Text(text)) => see(Seen::Said(text.to_string())),
            _ => return,
        };
    }
    for step in script {
        if !follow(&mut socket, step) {
            return;
        }
    }
    // Until the client is gone.
    while socket.read().is_ok() {}
    see(Seen::Gone);
}

fn follow(socket: &mut WebSocket<TcpStream>, step: &Step) -> bool {
    match step {
        Step::Text(text) => socket.send(Message::text(*text)).is_ok(),
        Step::Binary(bytes) => socket.send(Message::binary(bytes.clone())).is_ok(),
        Step::Ping => {
            socket
                .send(Message::Ping(b"there?".to_vec().into()))
                .unwrap();
            matches!(socket.read(), Ok(Message::Pong(_)))
        }
        Step::Break => false,
        Step::Close => {
            socket.close(None).unwrap();
            true
        }
        Step::Wait => true,
    }
}

pub(super) fn audio(data: &[u8]) -> Step {
    frame(
        "Content-Type:audio/mpeg\r\nX-StreamId:1\r\nPath:audio\r\n",
        data,
    )
}

pub(super) fn frame(headers: &str, data: &[u8]) -> Step {
    let length = (headers.len() as u16).to_be_bytes();
    Step::Binary([&length, headers.as_bytes(), data].concat())
}

/// Frames of silence: 24 kHz, mono, 48 kbit/s, 576 samples each.
pub(super) fn silence(n: usize) -> Vec<u8> {
    let mut frame = vec![0xff, 0xf3, 0x64, 0xc4];
    frame.resize(144, 0);
    frame.repeat(n)
}
