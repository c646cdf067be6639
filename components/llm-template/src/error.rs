//! What can go wrong in this stage.

/// Why a call failed. The names follow the error variant of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The caller broke the contract.
    #[error("{0}")]
    InvalidInput(String),
    /// There is no persona.
    #[error("{0}")]
    Unavailable(String),
    /// A defect of the build.
    #[error("{0}")]
    Internal(String),
}
