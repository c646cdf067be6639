//! TLS for what a guest connects to: the sessions are the host's, with its library and the certificates that its system trusts.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{TlsConnector, client};
use wasmtime_wasi_tls::{Error, TlsProvider, TlsStream, TlsTransport};

use super::{Client, Sockets};

/// Makes the sessions of one guest.
pub(super) struct Provider {
    sockets: Sockets,
    client: Client,
}

impl Provider {
    pub(super) fn new(sockets: Sockets, client: Client) -> Self {
        Self { sockets, client }
    }
}

/// A session.
struct Session(client::TlsStream<Box<dyn TlsTransport>>);

impl TlsStream for Session {}

type Connecting = Pin<Box<dyn Future<Output = Result<Box<dyn TlsStream>, Error>> + Send>>;

impl TlsProvider for Provider {
    fn connect(&self, server_name: String, transport: Box<dyn TlsTransport>) -> Connecting {
        let (guest, started) = (self.sockets.0.guest, Instant::now());
        let allowed = self.sockets.may_secure(&server_name);
        let config = self.client.tls();
        Box::pin(async move {
            if !allowed {
                return Err(Error::msg("this server is not in `outbound`"));
            }
            let config = config.ok_or_else(|| Error::msg("TLS cannot be set up"))?;
            let name = ServerName::try_from(server_name)
                .map_err(|_| Error::msg("a server name that is none"))?;
            let connector = TlsConnector::from(Arc::clone(&config));
            let shaken = connector.connect(name, transport).await;
            let session = shaken.map_err(Error::msg)?;
            let us = started.elapsed().as_micros() as u64;
            tracing::debug!(guest, us, "a TLS session began");
            Ok(Box::new(Session(session)) as Box<dyn TlsStream>)
        })
    }
}

impl AsyncRead for Session {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Session {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
