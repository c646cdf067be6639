//! HTTP over `wasi:http` of WASI 0.2, blocking: the contracts are synchronous, so a call waits for its pollables.
//!
//! Connections belong to the host, which keeps them alive between requests (ours, wasmtime and Spin all do or may). Dropping an answer,
//! or the future of one, tells the host to end the exchange.
//!
//! Invariant: a parent resource is dropped after its children (fields are dropped in order), which the component model insists on.

use std::rc::Rc;
use std::time::{Duration, Instant};

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, RequestOptions, Scheme, http_error_code,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::failure::Failure;
use crate::surroundings::Surroundings;
use crate::transport::{Request, Response, Source, Transport, Waited};
use crate::waiting::{Next, Wait};

mod host;

pub use host::Host;

/// Most bytes read at a time.
const READ: u64 = 16 << 10;
/// How much later the host gives up a pause than its reader.
const SLACK: Duration = Duration::from_secs(1);

/// The host's HTTP.
#[derive(Debug, Clone, Copy, Default)]
pub struct Http;

impl Transport for Http {
    fn post(&self, request: &Request<'_>) -> Result<Response, Failure> {
        let started = Instant::now();
        let end = request.limits.total.map(|total| started + total);
        let head = started + request.limits.head;
        let head = end.map_or(head, |end| end.min(head));
        let (outgoing, body) = prepare(request)?;
        let options = RequestOptions::new();
        let limit = nanoseconds(head.saturating_duration_since(started));
        // A host that knows no such limits says so; the waits below have theirs anyway.
        let _known = options.set_connect_timeout(Some(limit));
        let _known = options.set_first_byte_timeout(Some(limit));
        // Later than the waits below, which know what they waited for: some hosts tell no reason for a body that ends, so theirs would look
        // like an answer that was cut short.
        let pause = request.limits.pause.saturating_add(SLACK);
        let _known = options.set_between_bytes_timeout(Some(nanoseconds(pause)));
        let answer = handle(outgoing, Some(options)).map_err(|code| failure(&code))?;
        send(body, request.body, head)?;
        let incoming = receive(&answer, head)?;
        let status = incoming.status();
        let headers = headers(&incoming);
        let body = incoming.consume().map_err(|()| taken("body"))?;
        let stream = body.stream().map_err(|()| taken("stream"))?;
        let arriving = Arriving {
            stream,
            _body: body,
            _incoming: incoming,
            pause: request.limits.pause,
            pause_end: None,
            end,
        };
        Ok(Response {
            status,
            headers,
            body: Box::new(arriving),
        })
    }

    fn surroundings(&self) -> Rc<dyn Surroundings> {
        Rc::new(Host)
    }
}

fn prepare(request: &Request<'_>) -> Result<(OutgoingRequest, OutgoingBody), Failure> {
    let refused = |what: &str| Failure::Internal(format!("the request's {what} was refused"));
    let fields = Fields::new();
    let length = request.body.len().to_string();
    let length = [("content-length", length.as_str())];
    let all = request.headers.iter().chain(&length).copied();
    for (name, value) in all {
        fields
            .append(name, value.as_bytes())
            .map_err(|_| refused(name))?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let scheme = if request.base.tls {
        Scheme::Https
    } else {
        Scheme::Http
    };
    outgoing
        .set_method(&Method::Post)
        .map_err(|()| refused("method"))?;
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(|()| refused("scheme"))?;
    outgoing
        .set_authority(Some(&request.base.authority))
        .map_err(|()| refused("host"))?;
    outgoing
        .set_path_with_query(Some(request.path))
        .map_err(|()| refused("path"))?;
    let body = outgoing.body().map_err(|()| taken("body"))?;
    Ok((outgoing, body))
}

/// Sends the body. A server that answers before it has read everything closes it; what it answers is what counts then.
fn send(body: OutgoingBody, bytes: &[u8], end: Instant) -> Result<(), Failure> {
    let stream = body.write().map_err(|()| taken("stream"))?;
    let all_sent = write(&stream, bytes, end)?;
    drop(stream);
    if all_sent {
        // Refused when the host counts otherwise than the header says, or when the server is gone: the answer tells.
        let _told = OutgoingBody::finish(body, None);
    }
    Ok(())
}

/// Whether everything could be written.
fn write(stream: &OutputStream, bytes: &[u8], end: Instant) -> Result<bool, Failure> {
    let mut rest = bytes;
    let ready = stream.subscribe();
    while !rest.is_empty() {
        let Ok(room) = stream.check_write() else {
            return Ok(false);
        };
        if room == 0 {
            wait(&ready, end)?;
            continue;
        }
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(rest.len());
        let (now, later) = rest.split_at(room);
        if stream.write(now).is_err() {
            return Ok(false);
        }
        rest = later;
    }
    Ok(true)
}

fn receive(answer: &FutureIncomingResponse, end: Instant) -> Result<IncomingResponse, Failure> {
    let ready = answer.subscribe();
    loop {
        match answer.get() {
            Some(Ok(Ok(incoming))) => return Ok(incoming),
            Some(Ok(Err(code))) => return Err(failure(&code)),
            Some(Err(())) => return Err(taken("answer")),
            None => wait(&ready, end)?,
        }
    }
}

fn headers(incoming: &IncomingResponse) -> Vec<(String, String)> {
    let entries = incoming.headers().entries().into_iter();
    entries
        .filter_map(|(name, value)| {
            Some((name.to_ascii_lowercase(), String::from_utf8(value).ok()?))
        })
        .collect()
}

/// A body on its way.
struct Arriving {
    stream: InputStream,
    _body: IncomingBody,
    _incoming: IncomingResponse,
    pause: Duration,
    /// When the pause that goes on is too long.
    pause_end: Option<Instant>,
    end: Option<Instant>,
}

impl Source for Arriving {
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            match self.read_for(self.pause)? {
                Waited::Bytes(bytes) => return Ok(Some(bytes)),
                Waited::Ended => return Ok(None),
                Waited::NotYet => {}
            }
        }
    }

    fn read_for(&mut self, time: Duration) -> Result<Waited, Failure> {
        let now = Instant::now();
        let end = *self.pause_end.get_or_insert(now + self.pause);
        let end = self.end.map_or(end, |total| total.min(end));
        let wait = Wait::new(now, time, end);
        loop {
            match self.stream.read(READ) {
                Ok(bytes) if bytes.is_empty() => match wait.next(Instant::now()) {
                    Next::Wait(time) => wait_for(&self.stream.subscribe(), time),
                    Next::NotYet => return Ok(Waited::NotYet),
                    Next::TooLong => return Err(Failure::Deadline),
                },
                Ok(bytes) => {
                    self.pause_end = None;
                    return Ok(Waited::Bytes(bytes));
                }
                Err(StreamError::Closed) => return Ok(Waited::Ended),
                Err(StreamError::LastOperationFailed(error)) => {
                    return Err(match http_error_code(&error) {
                        Some(code) => failure(&code),
                        None => Failure::Unavailable("the server's answer was cut short".into()),
                    });
                }
            }
        }
    }
}

/// Waits until something is ready, but not for longer than to `end`.
fn wait(ready: &Pollable, end: Instant) -> Result<(), Failure> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Failure::Deadline);
    }
    wait_for(ready, left);
    Ok(())
}

/// Waits until something is ready or the time is over. Whatever woke us, the caller looks again.
fn wait_for(ready: &Pollable, time: Duration) {
    let timer = subscribe_duration(nanoseconds(time));
    let _ready = poll(&[ready, &timer]);
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn taken(what: &str) -> Failure {
    Failure::Internal(format!("the {what} of an exchange was taken twice"))
}

fn failure(code: &ErrorCode) -> Failure {
    let why = match code {
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout
        | ErrorCode::DnsTimeout => return Failure::Deadline,
        ErrorCode::HttpRequestDenied => {
            let why = "the host does not allow requests to this server";
            return Failure::Denied(why.into());
        }
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => "the server's name is not known",
        ErrorCode::ConnectionRefused
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::ConnectionLimitReached => "the server cannot be reached",
        ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => "there is no secure connection to the server",
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            "the server's answer was cut short"
        }
        ErrorCode::HttpProtocolError => {
            "the connection to the server was cut, or it speaks no HTTP"
        }
        _ => "the exchange with the server failed",
    };
    Failure::Unavailable(why.into())
}
