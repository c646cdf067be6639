//! What all stages of a host share: the client that sends their requests, the stores, and the bus.

use std::sync::Arc;

use crate::events::Bus;
use crate::outbound::Client;
use crate::store::Stores;

/// Clones are the same.
#[derive(Clone)]
pub(crate) struct Reach {
    pub(crate) client: Client,
    pub(crate) stores: Arc<Stores>,
    pub(crate) bus: Bus,
}
