//! Connections: accepted up to a number, served with HTTP/1.1, and let finish when the host shuts down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::handler::Handler;
use crate::config;

/// Pause after a connection could not be accepted, which mostly means that files ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound listener and what answers on it.
pub(crate) struct Server {
    listener: TcpListener,
    handler: Arc<Handler>,
    settings: config::Server,
}

impl Server {
    pub(crate) fn new(listener: TcpListener, handler: Handler, settings: config::Server) -> Self {
        Self {
            listener,
            handler: Arc::new(handler),
            settings,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` is done, then accepts nothing more and gives what runs its time to finish.
    pub(crate) async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self {
            listener,
            handler,
            settings,
        } = self;
        let open = Arc::new(Semaphore::new(settings.max_connections));
        let graceful = GracefulShutdown::new();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(settings.header_timeout)
            .max_buf_size(settings.max_header);
        let accept = async {
            loop {
                let (stream, permit) = accept(&listener, &open).await;
                handler
                    .metrics
                    .connections(settings.max_connections - open.available_permits());
                let answer = Arc::clone(&handler);
                let service = service_fn(move |request| Arc::clone(&answer).answer(request));
                let connection =
                    graceful.watch(http.serve_connection(TokioIo::new(stream), service));
                let (open, metrics, max) = (
                    Arc::clone(&open),
                    handler.metrics.clone(),
                    settings.max_connections,
                );
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!("connection ended: {error}");
                    }
                    drop(permit);
                    metrics.connections(max - open.available_permits());
                });
            }
        };
        tokio::select! {
            () = accept => {}
            () = shutdown => {}
        }
        handler.closing.store(true, Ordering::SeqCst);
        drop(listener);
        tracing::info!(
            grace_ms = settings.shutdown_grace.as_millis() as u64,
            "shutting down"
        );
        let finish = async {
            graceful.shutdown().await;
            handler.component.idle(handler.max_requests).await;
        };
        match tokio::time::timeout(settings.shutdown_grace, finish).await {
            Ok(()) => tracing::info!("everything finished"),
            Err(_) => tracing::warn!("some requests did not finish in time"),
        }
    }
}

/// The next connection, once there is room for it. A connection that fails is not the end of the server.
async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        // Never closed, so it always comes.
        let Ok(permit) = Arc::clone(open).acquire_owned().await else {
            continue;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                // Small events must leave at once; without this they wait for an acknowledgement, 40 ms.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!("no TCP_NODELAY: {error}");
                }
                return (stream, permit);
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                drop(permit);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
