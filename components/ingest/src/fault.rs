//! Why a recording cannot be turned into samples.
//!
//! A fault about the recording itself carries a [`Rejection`], so that callers tell the reasons apart without reading the text.

/// Which limit a recording broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Less audio than the least duration, or none.
    TooShort,
    /// More audio than the greatest duration.
    TooLong,
    /// More encoded bytes than allowed.
    TooLarge,
    /// A container or codec that is not supported, or a sample rate or channel count outside the limits.
    UnsupportedFormat,
    /// A known format whose bytes are damaged, truncated or lie about themselves.
    Malformed,
}

/// A failed call. The text names what is wrong and what was expected; it never contains bytes of the recording as text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The recording is refused, now and for every later call.
    #[error("{1}")]
    Rejected(Rejection, String),
    /// Calls came in the wrong order, or the limits contradict each other.
    #[error("{0}")]
    Contract(String),
    /// A defect of this crate or of a library below it.
    #[error("{0}")]
    Internal(String),
}

impl From<colloquy_resample::Defect> for Fault {
    fn from(defect: colloquy_resample::Defect) -> Self {
        Self::Internal(defect.to_string())
    }
}

impl Fault {
    /// A known format with damaged content.
    pub fn malformed(text: impl Into<String>) -> Self {
        Self::Rejected(Rejection::Malformed, text.into())
    }

    /// A format that is not handled here.
    pub fn unsupported(text: impl Into<String>) -> Self {
        Self::Rejected(Rejection::UnsupportedFormat, text.into())
    }
}
