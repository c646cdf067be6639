//! Opening a connection: token, WebSocket handshake, and once more with the service's own clock when it refuses a token with a time.
//!
//! Invariant: at most two handshakes for one opening.

use std::cell::Cell;
use std::time::{Instant, SystemTime};

use colloquy_upstream::Failure;
use http::StatusCode;
use http::header::{DATE, RETRY_AFTER};
use tungstenite::handshake::HandshakeError;
use tungstenite::handshake::client::{Response, generate_key};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, WebSocket};
use uuid::Uuid;

use crate::config::Config;
use crate::endpoint::Filling;
use crate::link::{Connect, Link};
use crate::log;

/// Largest message of the service.
pub const MAX_MESSAGE: usize = 1 << 20;
const BUFFER: usize = 16 << 10;
/// A service whose clock is further away than this is not believed.
const MAX_SKEW_S: i64 = 400 * 86_400;

/// A connection that is open.
pub type Socket = WebSocket<Box<dyn Link>>;

/// The service's clock, as far as it is known.
#[derive(Debug, Default)]
pub struct Clock {
    skew_s: Cell<i64>,
}

impl Clock {
    /// Seconds since 1970, as the service counts.
    #[must_use]
    pub fn unix_s(&self) -> i64 {
        own_unix_s().saturating_add(self.skew_s.get())
    }

    /// Takes the time from an answer. Whether there was one that can be believed.
    fn learn(&self, response: &http::HeaderMap) -> bool {
        let date = response.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let since = date.and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok());
        let Some(theirs) = since.and_then(|since| i64::try_from(since.as_secs()).ok()) else {
            return false;
        };
        let skew_s = theirs.saturating_sub(own_unix_s());
        let believed = skew_s.abs() <= MAX_SKEW_S;
        if believed {
            self.skew_s.set(skew_s);
        }
        believed
    }
}

fn own_unix_s() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}

/// Opens a connection.
///
/// # Errors
/// `Busy` when the service has too many callers, `Deadline`, `Denied`, and `Unavailable` for every other refusal.
pub fn open(config: &Config, connect: &dyn Connect, clock: &Clock) -> Result<Socket, Failure> {
    let end = Instant::now() + config.limits.connect;
    let token = |clock: &Clock| config.token.token(&config.client_token, clock.unix_s());
    let first = token(clock)?;
    let refusal = match handshake(config, connect, &first, end)? {
        Ok(socket) => return Ok(socket),
        Err(refusal) => refusal,
    };
    let wrong_time = refusal.status() == StatusCode::FORBIDDEN && config.token.has_time();
    if !wrong_time || !clock.learn(refusal.headers()) {
        return Err(refused(&refusal));
    }
    let second = token(clock)?;
    if second == first {
        // The clocks agree, so it is not the time that the service did not like.
        return Err(refused(&refusal));
    }
    match handshake(config, connect, &second, end)? {
        Ok(socket) => Ok(socket),
        Err(refusal) => Err(refused(&refusal)),
    }
}

/// One handshake; the inner error is an HTTP response other than the one that switches protocols.
fn handshake(
    config: &Config,
    connect: &dyn Connect,
    token: &str,
    end: Instant,
) -> Result<Result<Socket, Response>, Failure> {
    let filling = Filling {
        client: config.client_token.clone(),
        token: token.to_owned(),
        version: config.version.clone(),
        id: Uuid::new_v4().simple().to_string(),
        muid: format!("{:X}", Uuid::new_v4().simple()),
    };
    let request = config
        .introduction
        .request(&config.endpoint, &filling, &generate_key());
    let request = request.map_err(|error| Failure::Unavailable(error.to_string()))?;
    let link = connect.connect(&config.endpoint, end)?;
    let limits = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    match tungstenite::client::client_with_config(request, link, Some(limits)) {
        Ok((socket, _)) => Ok(Ok(socket)),
        Err(HandshakeError::Failure(Error::Http(response))) => Ok(Err(*response)),
        Err(HandshakeError::Failure(error)) => Err(failure(&error)),
        // A link does not return before it is ready.
        Err(HandshakeError::Interrupted(_)) => {
            Err(Failure::Internal("a handshake was interrupted".to_owned()))
        }
    }
}

/// How long the service asks for patience.
fn retry_ms(response: &Response) -> Option<u32> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(seconds.trim().parse::<u32>().ok()?.saturating_mul(1000))
}

fn refused(response: &Response) -> Failure {
    let status = response.status();
    let why = match status {
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => {
            "the speech service refuses this client: its token or version is out of date (EDGE_TOKEN_MODE, EDGE_GEC_VERSION, \
             EDGE_CHROMIUM, EDGE_COOKIE)"
        }
        StatusCode::TOO_MANY_REQUESTS => return Failure::Busy(retry_ms(response)),
        // One that says when to come back is busy, one that does not is broken.
        StatusCode::SERVICE_UNAVAILABLE if retry_ms(response).is_some() => {
            return Failure::Busy(retry_ms(response));
        }
        _ if status.is_server_error() => "the speech service failed",
        _ => "the speech service is not at this address (EDGE_URL)",
    };
    log(&format!("the handshake was answered with {status}"));
    Failure::Unavailable(why.to_owned())
}

/// What a failed connection is to callers.
pub(crate) fn failure(error: &Error) -> Failure {
    let why = match error {
        Error::Io(error) => match error.kind() {
            std::io::ErrorKind::TimedOut => return Failure::Deadline,
            _ => "the connection to the speech service was cut",
        },
        Error::ConnectionClosed | Error::AlreadyClosed => {
            "the connection to the speech service was cut"
        }
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)
        | Error::Protocol(tungstenite::error::ProtocolError::HandshakeIncomplete) => {
            "the connection to the speech service was cut"
        }
        Error::Capacity(_) => "the speech service sent a message that is too large",
        _ => "what answers is not the speech service: it speaks no WebSocket, or a broken one",
    };
    Failure::Unavailable(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_when_to_come_back_is_busy() {
        let answered = |status: u16, retry: Option<&str>| {
            let mut response = http::Response::builder().status(status);
            if let Some(retry) = retry {
                response = response.header(RETRY_AFTER, retry);
            }
            refused(&response.body(None).unwrap())
        };
        for status in [429, 503] {
            assert_eq!(answered(status, Some("7")), Failure::Busy(Some(7_000)));
            let forever = answered(status, Some("4294967295"));
            assert_eq!(forever, Failure::Busy(Some(u32::MAX)));
        }
        let failed = Failure::Unavailable("the speech service failed".to_owned());
        for (status, retry, expected) in [
            (429, None, Failure::Busy(None)),
            (429, Some("soon"), Failure::Busy(None)),
            (503, None, failed.clone()),
            (503, Some("soon"), failed.clone()),
            (502, Some("7"), failed),
        ] {
            assert_eq!(answered(status, retry), expected, "{status} {retry:?}");
        }
    }
}
