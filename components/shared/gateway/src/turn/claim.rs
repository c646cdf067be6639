//! A turn has its session for itself, and shows that it is alive.

use std::time::Duration;

use super::Turn;
use crate::{contract::events, problem::Problem, session::Lease};

/// That a turn has its session.
pub(super) struct Claim {
    /// A name that no other turn has.
    pub(super) owner: String,
    /// When it last showed that it is alive.
    renewed: Duration,
}

impl Turn {
    /// Takes the session, and tells that a turn begins.
    ///
    /// # Errors
    /// `SESSION_BUSY` when another turn has it; when the session has ended meanwhile; when the store fails.
    pub fn begin(&mut self) -> Result<(), Problem> {
        if !self.is_new {
            let owner = Lease::owner_for(&self.request_id);
            self.session = self.store().begin(&self.session.session_id, &owner)?;
            let renewed = self.ports.now();
            self.claim = Some(Claim { owner, renewed });
        }
        self.ports.publish(events::Event::TurnStarted(events::Turn {
            session_id: self.session.session_id.clone(),
            request_id: self.request_id.clone(),
        }));
        Ok(())
    }

    /// A sign of life, once a tenth of the time is over after which the session would be taken for free.
    pub(super) fn keep_session(&mut self) -> Result<(), Problem> {
        let now = self.ports.now();
        let patience = Duration::from_millis(self.config.sessions.lease_ms / 10);
        let Some(claim) = &self.claim else {
            return Ok(());
        };
        if now.saturating_sub(claim.renewed) >= patience {
            self.store().renew(&self.session, &claim.owner)?;
            self.claim = self.claim.take().map(|claim| Claim {
                renewed: now,
                ..claim
            });
        }
        Ok(())
    }
}

/// Lets go of the session that was taken and not saved. A host that stops an instance runs none of this; then it asks for it (ours does), or
/// the lease ends by itself.
impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(claim) = &self.claim {
            let _next_time = self.store().release(&self.session, &claim.owner);
        }
    }
}
