//! HTTP: connections, request ids, health and metrics, and the edge component that answers everything else.
//!
//! Only this folder knows HTTP, and it knows nothing of the public interface: that is the gateway's, inside the edge component.
//! * [`Server`] accepts connections and shuts down in order.
//! * [`Handler`] answers one request: its own three routes, or through [`Component`].
//! * [`Cleanup`] has the gateway clean up after turns.
//! * [`Turn`] is what one running instance of the edge component may use.

mod body;
mod cleanup;
mod component;
mod handler;
mod headers;
mod intake;
mod peer;
mod problem;
mod record;
mod request_id;
mod server;
mod stall;
mod tls;
mod trial;
mod turn;
mod upkeep;

pub(crate) use cleanup::Cleanup;
pub(crate) use component::{Component, Limits, Prepared, Resources};
pub(crate) use handler::Handler;
pub(crate) use intake::Pace;
pub(crate) use peer::{VARIABLE as PEER_VARIABLE, X_PEER};
pub(crate) use server::Server;
pub(crate) use tls::{Settings as TlsSettings, Tls, TlsError};
pub(crate) use trial::try_out;
pub(crate) use turn::Turn;
pub(crate) use upkeep::{VARIABLE as TASK_VARIABLE, X_TASK};
