//! Connections over `wasi:sockets`, and TLS by the host over `wasi:tls`, blocking as the contract is.
//!
//! The host resolves names and gives out only those that it lets this stage reach. It also checks the certificate, against the
//! authorities that its system trusts; which decision that was is in `ARCHITECTURE.md`.
//!
//! Invariant: a parent resource is dropped after its children (fields are dropped in order), which the component model insists on.

use std::io;
use std::net::IpAddr;
use std::time::Instant;

use colloquy_upstream::Failure;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
    Network,
};
use wasip2::sockets::tcp::TcpSocket;
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

use crate::endpoint::Endpoint;
use crate::link::{Connect, Link};
use crate::log;

use self::bindings::wasi::tls::types::{ClientConnection, ClientHandshake};

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({
        path: "wit",
        world: "secure",
        features: ["tls"],
        generate_all,
        with: {
            "wasi:io/error@0.2.12": wasip2::io::error,
            "wasi:io/poll@0.2.12": wasip2::io::poll,
            "wasi:io/streams@0.2.12": wasip2::io::streams,
        },
    });
}

/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// The host's network.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sockets;

impl Connect for Sockets {
    fn connect(&self, endpoint: &Endpoint, end: Instant) -> Result<Box<dyn Link>, Failure> {
        let network = instance_network();
        let mut outcome = Err(unavailable("the speech service's name has no address"));
        for address in addresses(&network, &endpoint.host, end)? {
            outcome = plain(&network, address, endpoint.port, end);
            if outcome.is_ok() || Instant::now() >= end {
                break;
            }
        }
        let connected = outcome?;
        let link = if endpoint.tls {
            secure(connected, &endpoint.host, end)?
        } else {
            connected
        };
        Ok(Box::new(link))
    }
}

/// A connection. Its streams belong to TLS if there is a session, else to the socket.
struct Connected {
    input: InputStream,
    output: OutputStream,
    _session: Option<Session>,
    _socket: TcpSocket,
    end: Instant,
}

fn addresses(network: &Network, host: &str, end: Instant) -> Result<Vec<IpAddress>, Failure> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![match address {
            IpAddr::V4(address) => IpAddress::Ipv4(address.octets().into()),
            IpAddr::V6(address) => IpAddress::Ipv6(address.segments().into()),
        }]);
    }
    let stream = resolve_addresses(network, host).map_err(failure)?;
    let mut found = Vec::new();
    while found.len() < MAX_ADDRESSES {
        match stream.resolve_next_address() {
            Ok(Some(address)) => found.push(address),
            Ok(None) => break,
            Err(ErrorCode::WouldBlock) => wait(&stream.subscribe(), end)?,
            Err(code) => return Err(failure(code)),
        }
    }
    Ok(found)
}

fn plain(
    network: &Network,
    address: IpAddress,
    port: u16,
    end: Instant,
) -> Result<Connected, Failure> {
    let (family, to) = match address {
        IpAddress::Ipv4(address) => (
            IpAddressFamily::Ipv4,
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address }),
        ),
        IpAddress::Ipv6(address) => (
            IpAddressFamily::Ipv6,
            IpSocketAddress::Ipv6(Ipv6SocketAddress {
                port,
                flow_info: 0,
                address,
                scope_id: 0,
            }),
        ),
    };
    let socket = create_tcp_socket(family).map_err(failure)?;
    socket.start_connect(network, to).map_err(failure)?;
    loop {
        match socket.finish_connect() {
            Ok((input, output)) => {
                return Ok(Connected {
                    input,
                    output,
                    _session: None,
                    _socket: socket,
                    end,
                });
            }
            Err(ErrorCode::WouldBlock) => wait(&socket.subscribe(), end)?,
            Err(code) => return Err(failure(code)),
        }
    }
}

fn secure(plain: Connected, host: &str, end: Instant) -> Result<Connected, Failure> {
    let Connected {
        input,
        output,
        _socket,
        ..
    } = plain;
    let shaken = ClientHandshake::finish(ClientHandshake::new(host, input, output));
    loop {
        match shaken.get() {
            None => wait(&shaken.subscribe(), end)?,
            Some(Ok(Ok((session, input, output)))) => {
                return Ok(Connected {
                    input,
                    output,
                    _session: Some(Session(session)),
                    _socket,
                    end,
                });
            }
            Some(Ok(Err(error))) => {
                log(&format!(
                    "no secure connection: {}",
                    error.to_debug_string()
                ));
                return Err(unavailable(
                    "there is no secure connection to the speech service",
                ));
            }
            Some(Err(())) => {
                return Err(Failure::Internal(
                    "a TLS session was taken twice".to_owned(),
                ));
            }
        }
    }
}

impl Link for Connected {
    fn set_end(&mut self, end: Instant) {
        self.end = end;
    }
}

impl io::Read for Connected {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.input.read(buffer.len() as u64) {
                Ok(bytes) if bytes.is_empty() => wait_io(&self.input.subscribe(), self.end)?,
                Ok(bytes) => {
                    let n = bytes.len().min(buffer.len());
                    let (now, _) = buffer.split_at_mut(n);
                    // The host gives at most what it was asked for.
                    now.copy_from_slice(bytes.get(..n).unwrap_or_default());
                    return Ok(n);
                }
                Err(error) => return closed(&error).map(|()| 0),
            }
        }
    }
}

impl io::Write for Connected {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.output.check_write() {
                Ok(0) => wait_io(&self.output.subscribe(), self.end)?,
                Ok(room) => {
                    let n = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
                    let now = bytes.get(..n).unwrap_or_default();
                    return match self.output.write(now) {
                        Ok(()) => Ok(n),
                        Err(error) => closed(&error).and(Err(io::ErrorKind::BrokenPipe.into())),
                    };
                }
                Err(error) => return closed(&error).and(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
    }

    /// Hands everything to the host, and returns when it has taken it.
    fn flush(&mut self) -> io::Result<()> {
        if let Err(error) = self.output.flush() {
            return closed(&error).and(Err(io::ErrorKind::BrokenPipe.into()));
        }
        loop {
            match self.output.check_write() {
                Ok(0) => wait_io(&self.output.subscribe(), self.end)?,
                Ok(_) => return Ok(()),
                Err(error) => return closed(&error).and(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
    }
}

/// A TLS session, which says farewell; nobody waits for it.
struct Session(ClientConnection);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.close_output();
    }
}

fn closed(error: &StreamError) -> io::Result<()> {
    match error {
        StreamError::Closed => Ok(()),
        StreamError::LastOperationFailed(_) => Err(io::ErrorKind::ConnectionReset.into()),
    }
}

fn wait_io(ready: &Pollable, end: Instant) -> io::Result<()> {
    wait(ready, end).map_err(|_| io::ErrorKind::TimedOut.into())
}

/// Waits until something is ready, but not for longer than to `end`.
fn wait(ready: &Pollable, end: Instant) -> Result<(), Failure> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Failure::Deadline);
    }
    let timer = subscribe_duration(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
    // Whatever woke us, the caller looks again; the time is looked at first thing the next time.
    let _ready = poll(&[ready, &timer]);
    Ok(())
}

fn failure(code: ErrorCode) -> Failure {
    let why = match code {
        ErrorCode::AccessDenied => {
            return Failure::Denied(
                "the host does not allow connections to this server".to_owned(),
            );
        }
        ErrorCode::Timeout => return Failure::Deadline,
        ErrorCode::NameUnresolvable
        | ErrorCode::TemporaryResolverFailure
        | ErrorCode::PermanentResolverFailure => "the speech service's name is not known",
        ErrorCode::ConnectionRefused | ErrorCode::RemoteUnreachable => {
            "the speech service cannot be reached"
        }
        _ => "the connection to the speech service failed",
    };
    unavailable(why)
}

fn unavailable(why: &str) -> Failure {
    Failure::Unavailable(why.to_owned())
}
