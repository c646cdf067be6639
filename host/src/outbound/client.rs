//! The one HTTP client of the host: pooled connections that are kept alive, HTTP/1.1, TLS by rustls with the system's roots.
//!
//! hyper's own pooled client rather than reqwest: a guest's body is a stream that only one thread may touch, which reqwest does not
//! take, and redirects, proxies and cookies, which reqwest would have to be told not to do, are not there at all.
//!
//! A connection that the server closed while it was idle is replaced without the guest noticing; nothing else is tried twice.

use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Sleep, sleep};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// How long setting up a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection is kept without use, and how many of them for each destination.
const IDLE: (Duration, usize) = (Duration::from_secs(90), 16);
/// How long a guest that names no limit waits for the head of a response, and between pieces of its body.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long any guest may wait; the deadline of the call that asks ends most waits before.
const MOST_PATIENCE: Duration = Duration::from_secs(600);

type Pool = legacy::Client<HttpsConnector<HttpConnector>, WasiBody>;

/// A handle to the client; copies share its connections. Nothing is set up before the first request.
#[derive(Clone, Default)]
pub(crate) struct Client(Arc<Shared>);

#[derive(Default)]
struct Shared {
    pool: OnceLock<Option<Pool>>,
    tls: OnceLock<Option<Arc<ClientConfig>>>,
}

/// How long an exchange may take.
#[derive(Debug, PartialEq, Eq)]
struct Waits {
    /// To the head of the response.
    head: Duration,
    /// Between pieces of its body.
    pause: Duration,
}

impl Waits {
    /// What a guest asks for, as far as any guest may.
    fn of(asked: &RequestOptions) -> Self {
        let patience = |limit: Option<Duration>| limit.unwrap_or(PATIENCE).min(MOST_PATIENCE);
        Self {
            head: patience(asked.first_byte_timeout),
            pause: patience(asked.between_bytes_timeout),
        }
    }
}

impl Client {
    /// Sends a request and returns when the head of the response is there. Dropping the future, or the body, ends the exchange.
    pub(crate) async fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let waits = Waits::of(&options);
        let set_up = || self.tls().map(|tls| pool(&tls));
        let pool = self.0.pool.get_or_init(set_up).as_ref();
        let exchange = pool.ok_or(Error::ConfigurationError)?.request(request);
        let response = tokio::time::timeout(waits.head, exchange)
            .await
            .map_err(|_| Error::HttpResponseTimeout)?
            .map_err(|error| cause(&error))?;
        let limit = waits.pause;
        Ok(response.map(|incoming| {
            Arriving {
                incoming,
                limit,
                pause: None,
            }
            .boxed_unsync()
        }))
    }

    /// The TLS of requests, for connections too. None when it cannot be set up.
    pub(super) fn tls(&self) -> Option<Arc<ClientConfig>> {
        let set_up = || {
            let config = tls();
            let config =
                config.inspect_err(|error| tracing::error!("TLS cannot be set up: {error}"));
            config.ok().map(Arc::new)
        };
        self.0.tls.get_or_init(set_up).clone()
    }
}

fn pool(tls: &ClientConfig) -> Pool {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.set_connect_timeout(Some(CONNECT));
    http.enforce_http(false);
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE.0)
        .pool_max_idle_per_host(IDLE.1)
        .build(https)
}

/// TLS with the certificates that the system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` are respected).
pub(crate) fn tls() -> Result<ClientConfig, rustls::Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _damaged) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        tracing::warn!(
            "this system has no trusted certificates, so https requests will fail; install ca-certificates or set SSL_CERT_FILE"
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// What the guest is told of a failed exchange.
fn cause(error: &legacy::Error) -> Error {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            return transport(error, error.kind());
        }
        if let Some(error) = inner.downcast_ref::<hyper::Error>() {
            if error.is_parse() {
                return Error::HttpProtocolError;
            }
            if error.is_incomplete_message() {
                return Error::ConnectionTerminated;
            }
        }
        source = inner.source();
    }
    if error.is_connect() {
        Error::DestinationUnavailable
    } else {
        Error::ConnectionTerminated
    }
}

fn transport(error: &io::Error, kind: io::ErrorKind) -> Error {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match (tls, kind) {
        (Some(rustls::Error::InvalidCertificate(_)), _) => Error::TlsCertificateError,
        (Some(_), _) => Error::TlsProtocolError,
        (None, io::ErrorKind::ConnectionRefused) => Error::ConnectionRefused,
        (None, io::ErrorKind::TimedOut) => Error::ConnectionTimeout,
        (
            None,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => Error::ConnectionTerminated,
        (None, _) => Error::DestinationUnavailable,
    }
}

/// A response body that may not pause for longer than `limit`.
struct Arriving {
    incoming: Incoming,
    limit: Duration,
    /// Runs while the guest waits; a guest that does not read is not the server's pause.
    pause: Option<Pin<Box<Sleep>>>,
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) {
            self.pause = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        let limit = self.limit;
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(pause.as_mut().poll(context));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

#[cfg(test)]
mod tests;
