//! The errors are those of the rules: the contracts are the same.

pub use intent_rules::error::Error;

/// A failure of tract, with what was being done. The whole chain is kept: it is for the log.
pub(crate) fn engine(doing: &str, error: impl std::fmt::Debug) -> Error {
    Error::Internal(format!("{doing}: {error:?}"))
}
