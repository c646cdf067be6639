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
