//! Requests that stages send: only to the destinations that configuration names for each, all through one client.
//!
//! A destination is scheme, host and port, compared exactly. Whatever else a guest asks for is refused and logged. Redirects are not
//! followed: a server that was allowed cannot send a guest's request to one that was not. The key that configuration names for a
//! destination is put into the request here, so that a guest never holds it.
//!
//! [`sockets`] is for protocols other than HTTP.

mod client;
mod destination;
mod sockets;

use http::Request;
use http::header::AUTHORIZATION;
use tokio::sync::watch;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::telemetry::Work;

pub(crate) use client::{Client, tls};
pub(crate) use destination::{Credential, Destinations, Origin};
pub(crate) use sockets::{Sockets, SocketsView, add_to_linker};

/// The way out of one guest.
pub(crate) struct Outbound {
    guest: &'static str,
    destinations: Destinations,
    client: Client,
    /// What the guest works for, for the servers that it asks.
    pub(crate) work: Option<Work>,
    /// Closed when nobody waits for what the guest does now. What it asks ends then, and no more is sent: a guest cannot be told, and might
    /// try again.
    pub(crate) wanted: Option<watch::Receiver<()>>,
}

impl Outbound {
    /// `guest` names the guest in the log.
    pub(crate) fn new(guest: &'static str, destinations: Destinations, client: Client) -> Self {
        Self {
            guest,
            destinations,
            client,
            work: None,
            wanted: None,
        }
    }
}

/// What `send_request` promises: the response, and what becomes of its connection.
type Sent = Result<
    (
        http::Response<WasiBody>,
        Box<dyn Future<Output = Result<(), Error>> + Send>,
    ),
    Error,
>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let guest = self.guest;
        let Some((origin, credential)) = self.destinations.find(request.uri()) else {
            tracing::warn!(
                guest,
                to = Origin::shown(request.uri()),
                "a request was refused: the destination is not in `outbound`"
            );
            return Box::new(async { Err(Error::HttpRequestDenied) });
        };
        if let Some(credential) = credential {
            let headers = request.headers_mut();
            headers.insert(AUTHORIZATION, credential.header().clone());
        }
        if let Some(work) = &self.work {
            work.inject(request.headers_mut());
        }
        let (to, client) = (origin.to_string(), self.client.clone());
        let wanted = self.wanted.clone();
        Box::new(async move {
            let answer = tokio::select! {
                biased;
                () = unwanted(wanted) => {
                    tracing::debug!(guest, to, "nobody waits for the answer to a request");
                    return Err(Error::HttpRequestDenied);
                }
                answer = client.send(request, options.unwrap_or_default()) => answer,
            };
            match answer {
                Ok(response) => {
                    tracing::debug!(guest, to, status = response.status().as_u16(), "requested");
                    let connection: Box<dyn Future<Output = _> + Send> = Box::new(async { Ok(()) });
                    Ok((response, connection))
                }
                Err(error) => {
                    tracing::warn!(guest, to, "a request failed: {error}");
                    Err(error)
                }
            }
        })
    }
}

/// Returns when nobody waits any more; never where nobody is to be watched.
async fn unwanted(wanted: Option<watch::Receiver<()>>) {
    match wanted {
        Some(mut wanted) => while wanted.changed().await.is_ok() {},
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
