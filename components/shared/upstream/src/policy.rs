//! How a server that fails is dealt with, as an operator sets it: how often it is asked again, and when it is not asked at all.

use std::time::Duration;

use crate::breaker;

/// How a server that fails is dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How often a request is sent again.
    pub retries: u32,
    /// Longest time of one attempt, up to the answer's head, or to its end where it is read whole; none for as long as the call may take.
    pub attempt: Option<Duration>,
    /// Failures in a row after which the server is not asked.
    pub n_failures: u32,
    /// For how long it is not.
    pub open: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retries: 2,
            attempt: None,
            n_failures: 5,
            open: Duration::from_secs(60),
        }
    }
}

impl Policy {
    /// The part that the breaker applies, for calls of up to this time.
    #[must_use]
    pub fn breaker(&self, longest_call: Duration) -> breaker::Policy {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        breaker::Policy {
            n_failures: self.n_failures,
            open_ms: ms(self.open),
            claim_ms: ms(longest_call).saturating_add(1000),
        }
    }
}
