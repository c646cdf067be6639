//! Connections: accepted up to a number, in all and from one address, served with HTTP/1.1, by TLS where that is configured, and let
//! finish when the host shuts down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::cleanup::Cleanup;
use super::handler::Handler;
use super::peer::{Crowd, Peer};
use super::stall::Stalling;
use super::tls::{self, Tls};
use crate::config;

/// Pause after a connection could not be accepted, which mostly means that files ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections of those who watch, open at one time.
const MAX_WATCHERS: usize = 16;

/// A bound listener and what answers on it.
pub(crate) struct Server {
    listener: TcpListener,
    handler: Arc<Handler>,
    settings: config::Server,
    tls: Option<Arc<Tls>>,
    /// Where the host's own routes are, for those who watch it.
    watchers: Option<TcpListener>,
    cleanup: Cleanup,
}

impl Server {
    pub(crate) fn new(
        listener: TcpListener,
        handler: Handler,
        settings: config::Server,
        tls: Option<Tls>,
        watchers: Option<TcpListener>,
        cleanup: Cleanup,
    ) -> Self {
        Self {
            listener,
            handler: Arc::new(handler),
            settings,
            tls: tls.map(Arc::new),
            watchers,
            cleanup,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What clients begin its address with.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Serves until `shutdown` is done, then accepts nothing more and gives what runs its time to finish.
    pub(crate) async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self {
            listener,
            handler,
            settings,
            tls,
            watchers,
            cleanup,
        } = self;
        let graceful = GracefulShutdown::new();
        let look_after = match tls.clone() {
            Some(tls) => tokio::spawn(tls.look_after()),
            None => tokio::spawn(tls::nothing_to_look_after()),
        };
        let cleanup = tokio::spawn(cleanup.run(Arc::clone(&handler)));
        let door = Door {
            handler: &handler,
            settings: &settings,
            graceful: &graceful,
        };
        let watched = async {
            match &watchers {
                Some(listener) => door.watchers(listener).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = door.clients(&listener, tls.as_ref()) => {}
            () = watched => {}
            () = shutdown => {}
        }
        look_after.abort();
        handler.closing.store(true, Ordering::SeqCst);
        drop((listener, watchers));
        tracing::info!(
            grace_ms = settings.shutdown_grace.as_millis() as u64,
            "shutting down"
        );
        let finish = async {
            graceful.shutdown().await;
            handler.component.idle().await;
        };
        match tokio::time::timeout(settings.shutdown_grace, finish).await {
            Ok(()) => tracing::info!("everything finished"),
            Err(_) => tracing::warn!("some requests did not finish in time"),
        }
        cleanup.abort();
    }
}

/// Where connections come in.
struct Door<'a> {
    handler: &'a Arc<Handler>,
    settings: &'a config::Server,
    graceful: &'a GracefulShutdown,
}

impl Door<'_> {
    /// Everybody. Never returns.
    async fn clients(&self, listener: &TcpListener, tls: Option<&Arc<Tls>>) {
        let open = Arc::new(Semaphore::new(self.settings.max_connections));
        let crowd = Crowd::default();
        loop {
            let (stream, address, permit) = accept(listener, &open).await;
            let ip = address.ip();
            let Some(place) = crowd.enter(ip, self.settings.max_connections_per_address) else {
                tracing::debug!(peer = %ip, "too many connections from one address");
                continue;
            };
            let metrics = self.handler.metrics.clone();
            metrics.connections(crowd.size());
            let (serving, crowd) = (
                self.serve(stream, address, tls.cloned(), false),
                crowd.clone(),
            );
            tokio::spawn(async move {
                serving.await;
                drop((permit, place));
                metrics.connections(crowd.size());
            });
        }
    }

    /// Who watches the host. Never returns.
    async fn watchers(&self, listener: &TcpListener) {
        let open = Arc::new(Semaphore::new(MAX_WATCHERS));
        loop {
            let (stream, address, permit) = accept(listener, &open).await;
            let serving = self.serve(stream, address, None, true);
            tokio::spawn(async move {
                serving.await;
                drop(permit);
            });
        }
    }

    fn serve(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
        is_watcher: bool,
    ) -> impl Future<Output = ()> + use<> {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(self.settings.header_timeout)
            .max_buf_size(self.settings.max_header);
        let connection = Connection {
            handler: Arc::clone(self.handler),
            http,
            tls,
            address,
            is_watcher,
            handshake: self.settings.header_timeout,
        };
        let stream = Stalling::new(stream, self.settings.write_timeout);
        connection.serve(stream, self.graceful.watcher())
    }
}

/// One connection and what it is served with.
struct Connection {
    handler: Arc<Handler>,
    http: http1::Builder,
    tls: Option<Arc<Tls>>,
    address: SocketAddr,
    is_watcher: bool,
    /// How long the beginning of TLS may take.
    handshake: Duration,
}

impl Connection {
    async fn serve(self, stream: Stalling<TcpStream>, watcher: Watcher) {
        let Some(tls) = self.tls.clone() else {
            return self.speak(stream, watcher, None).await;
        };
        match tokio::time::timeout(self.handshake, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, watcher, Some(&tls)).await,
            Ok(Err(error)) => tracing::debug!("no TLS session: {error}"),
            Err(_) => tracing::debug!("no TLS session in time"),
        }
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        watcher: Watcher,
        tls: Option<&Tls>,
    ) {
        let peer = Peer {
            address: self.address.ip(),
            is_watcher: self.is_watcher,
            is_secure: tls.is_some(),
            hsts: tls.and_then(Tls::hsts).cloned(),
        };
        let handler = Arc::clone(&self.handler);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            Arc::clone(&handler).answer(request)
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!("connection ended: {error}");
        }
    }
}

/// The next connection, once there is room for it. A connection that fails is not the end of the server.
async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        // Never closed, so it always comes.
        let Ok(permit) = Arc::clone(open).acquire_owned().await else {
            continue;
        };
        match listener.accept().await {
            Ok((stream, address)) => {
                // Small events must leave at once; without this they wait for an acknowledgement, 40 ms.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!("no TCP_NODELAY: {error}");
                }
                return (stream, address, permit);
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                drop(permit);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
