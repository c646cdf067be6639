//! What goes wrong, in words for the operator.

use std::io;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bucket has no plain name, or is not one of those allowed.
    #[error("there is no bucket `{0}`")]
    NoSuchBucket(String),
    /// A variable that cannot be used.
    #[error("{name} must be {expected}, is `{value}`")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        value: String,
    },
    /// The folder is not there.
    #[error("no folder is mounted at {0}; with wasmtime: `--dir FOLDER::{0}`")]
    NotMounted(String),
    /// A key that no file can be named after.
    #[error("a key must have 1 to {max} bytes once encoded, this one has {found}")]
    Key {
        /// Most bytes.
        max: usize,
        /// Bytes of this key.
        found: usize,
    },
    /// A value larger than allowed.
    #[error("a value may have {max} bytes, this one has {found} (KV_MAX_VALUE_BYTES)")]
    TooLarge {
        /// Most bytes.
        max: u64,
        /// Bytes of this value.
        found: u64,
    },
    /// Not a cursor that `list-keys` returned.
    #[error("the cursor is not one that list-keys returned")]
    Cursor,
    /// A sum that cannot be made.
    #[error("the value is not a number of 64 bits, or the sum is none")]
    NoNumber,
    /// The file system refused.
    #[error("{doing}: {source}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: names what was being done.
    pub(crate) fn file(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::File { doing, source }
    }
}
