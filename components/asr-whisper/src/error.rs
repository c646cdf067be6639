//! The ways a transcription can fail, one for each case of the contract that this stage can cause.

use thiserror::Error;

/// Why a call failed. The texts reach the caller, so they name what is wrong and never a path of the host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The caller broke the contract.
    #[error("{0}")]
    InvalidInput(String),
    /// The model does not know this language.
    #[error("{0}")]
    Unsupported(String),
    /// The model is missing, damaged, or made by another version of the converter.
    #[error("{0}")]
    Unavailable(String),
    /// The inference engine failed on input that was checked before.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// Wraps a failure of tract with what was being done. The whole chain is kept: it is for the log.
    pub(crate) fn engine(doing: &str, error: impl std::fmt::Debug) -> Self {
        Self::Internal(format!("{doing}: {error:?}"))
    }
}
