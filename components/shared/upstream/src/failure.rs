//! Why a call failed: the six cases that every contract has, and what they say of the server.

use crate::breaker::Outcome;

/// Why a call failed. The texts reach clients: they name what is wrong, and neither keys nor what the server said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Trying again cannot help.
    #[error("{0}")]
    InvalidInput(String),
    /// A format, language or voice that the server does not have.
    #[error("{0}")]
    Unsupported(String),
    /// The server asks for patience; the payload is for how many milliseconds, if it says so.
    #[error("the server is busy")]
    Busy(Option<u32>),
    /// The time allowed ran out.
    #[error("the time allowed for the server's answer ran out")]
    Deadline,
    /// The server cannot be reached, is misconfigured, or failed.
    #[error("{0}")]
    Unavailable(String),
    /// The host does not let the stage ask this server. To callers that is `unavailable` too, but it says nothing of the server.
    #[error("{0}")]
    Denied(String),
    /// A defect of the stage.
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// As a stage tells it that has checked a request itself: when the server does not take what the contract allows, the server is not fit
    /// for it, so that a chain goes on with the next stage. `Unsupported` stays, which chains pass over too.
    #[must_use]
    pub fn of_the_server(self) -> Self {
        match self {
            Self::InvalidInput(why) => Self::Unavailable(why),
            other => other,
        }
    }

    /// What a failure on the way to a server or back says of the server.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Deadline | Self::Unavailable(_) => Outcome::Failed,
            _ => Outcome::Unknown,
        }
    }
}

/// Converts a [`Failure`] into the `error` variant of a contract, which has the same six cases in every package.
#[macro_export]
macro_rules! failure_is {
    ($error:ty) => {
        impl From<$crate::Failure> for $error {
            fn from(failure: $crate::Failure) -> Self {
                match failure {
                    $crate::Failure::InvalidInput(why) => Self::InvalidInput(why),
                    $crate::Failure::Unsupported(why) => Self::Unsupported(why),
                    $crate::Failure::Busy(retry_ms) => Self::Busy(retry_ms),
                    $crate::Failure::Deadline => Self::Deadline,
                    $crate::Failure::Unavailable(why) | $crate::Failure::Denied(why) => {
                        Self::Unavailable(why)
                    }
                    $crate::Failure::Internal(why) => Self::Internal(why),
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_contract_allows_is_the_servers_to_take() {
        let why = || "it takes no request of this size".to_owned();
        let told = Failure::InvalidInput(why()).of_the_server();
        assert_eq!(told, Failure::Unavailable(why()));
        for other in [Failure::Unsupported(why()), Failure::Busy(Some(7))] {
            assert_eq!(other.clone().of_the_server(), other);
        }
    }
}
