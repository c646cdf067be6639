//! What a request is answered with: the outside, the settings, and who is asking.

use std::sync::Arc;

use crate::{
    config::Config, ids, ports::Ports, problem::Problem, session::Session, store::Store,
    tenant::Tenant, times,
};

/// What every handler has.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) ports: Arc<dyn Ports>,
    pub(crate) config: Arc<Config>,
    /// Who is asking.
    pub(crate) caller: Caller,
}

/// Who is asking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Whose sessions and audio these are.
    pub(crate) tenant: Tenant,
    /// Keys are in use, and this request came without one, on a path that needs none.
    pub(crate) is_stranger: bool,
}

impl App {
    /// The stores, of this caller.
    pub(crate) fn store(&self) -> Store<'_> {
        Store::new(self.ports.as_ref(), &self.config).within(self.caller.tenant.scoped(""))
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        times::to_ms(self.ports.wall())
    }

    /// A session that begins now and is in no store yet.
    pub(crate) fn fresh_session(&self) -> Session {
        Session::new(ids::new_session(), self.now_ms())
    }

    /// The live session of that id.
    pub(crate) fn live_session(&self, id: &str) -> Result<Session, Problem> {
        if !ids::is_session(id) {
            return Err(Problem::invalid(
                "session_id must be 8 to 64 letters, digits, `-` and `_`",
            ));
        }
        self.store().live_session(id)
    }
}
