//! The content base: loading, checking and the typed result.
//!
//! It does not rank or search. Invariants of a loaded base: ids are unique, every type, technology and organisation that an item names
//! is declared, years are in order, and nothing is larger than [`limits`] allows.

pub mod limits;
pub mod model;
mod parse;
pub mod reader;

use colloquy_preload::{FileError, Files};

pub use model::{ContentBase, Item, ItemType, Metric, Name, Period};
pub use reader::Mistake;

/// Why there is no content base.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// The file could not be read.
    #[error("content.json cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The file is larger than [`limits::MAX_FILE_BYTES`].
    #[error("content.json has {0} bytes, at most {max} are allowed", max = limits::MAX_FILE_BYTES)]
    TooLarge(usize),
    /// The bytes are not JSON; the text gives line and column.
    #[error("content.json is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The JSON does not describe a content base.
    #[error("content.json has {n} mistake(s): {list}", n = .0.len(), list = join(.0))]
    Invalid(Vec<Mistake>),
}

impl ContentBase {
    /// Reads and checks the bytes of a `content.json`.
    ///
    /// # Errors
    /// [`BaseError`], which lists every mistake with its path.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BaseError> {
        if bytes.len() > limits::MAX_FILE_BYTES {
            return Err(BaseError::TooLarge(bytes.len()));
        }
        parse::base(&serde_json::from_slice(bytes)?).map_err(BaseError::Invalid)
    }

    /// Reads `content.json`.
    ///
    /// # Errors
    /// [`BaseError`], as [`ContentBase::from_json`].
    pub fn read(files: &Files) -> Result<Self, BaseError> {
        let limit = u64::try_from(limits::MAX_FILE_BYTES).unwrap_or(u64::MAX);
        let bytes = files
            .read("content.json", limit)
            .map_err(|error| match error {
                FileError::Read { source, .. } => BaseError::Unreadable(source),
                FileError::TooLarge { .. } => BaseError::TooLarge(limits::MAX_FILE_BYTES + 1),
            })?;
        Self::from_json(&bytes)
    }
}

fn join(mistakes: &[Mistake]) -> String {
    mistakes
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
