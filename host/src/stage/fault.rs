//! What can go wrong with a stage for reasons of the host, in words that are safe to show to a client.
//!
//! Each stage's own `error` variant can be made from it (see [`crate::bind`]). What the guest itself answers is not a fault.

/// Why a stage could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// No instance became free in time; the payload is when to try again, in milliseconds.
    #[error("no instance is free")]
    Busy(u32),
    /// The time allowed for the call ran out.
    #[error("the time allowed for the call ran out")]
    Deadline,
    /// The component or its model cannot be loaded.
    #[error("{0}")]
    Unavailable(String),
    /// A trap, a memory limit, a broken invariant. The details are in the log.
    #[error("{0}")]
    Internal(String),
}

impl Fault {
    /// The stage failed; more is not said.
    pub(crate) fn internal(stage: &str) -> Self {
        Self::Internal(format!("the {stage} stage failed"))
    }

    /// Its label in metrics and logs, named as in the contracts.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Busy(_) => "busy",
            Self::Deadline => "deadline",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }
}

/// Why an instance was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Retired {
    /// The guest trapped.
    Trap,
    /// The guest trapped after it was refused memory.
    Memory,
    /// A call outlived its deadline.
    Deadline,
}

impl Retired {
    /// Its label in metrics and logs.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Memory => "memory",
            Self::Deadline => "deadline",
        }
    }
}
