//! The files of a model, by name.
//!
//! A file is read once: one that was given is moved out, so that its memory is free as soon as the reader is done with it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A flat folder of files, on disk or in memory.
#[derive(Debug)]
pub struct Files(Origin);

#[derive(Debug)]
enum Origin {
    Folder(PathBuf),
    // A sorted map: unlike a hash map it needs no random numbers.
    Given(RefCell<BTreeMap<String, Vec<u8>>>),
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file: its path, or only its name when it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is larger than the reader expects of it, and was not read.
    #[error("{path}: larger than {limit} bytes")]
    TooLarge {
        /// The file: its path, or only its name when it was given.
        path: PathBuf,
        /// The most bytes that were expected.
        limit: u64,
    },
}

impl Files {
    /// Those of a folder.
    #[must_use]
    pub fn folder(folder: &Path) -> Self {
        Self(Origin::Folder(folder.to_owned()))
    }

    /// These. Of two with one name, the last counts.
    #[must_use]
    pub fn given(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self(Origin::Given(RefCell::new(files.into_iter().collect())))
    }

    /// How a message should call a file.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        match &self.0 {
            Origin::Folder(folder) => folder.join(name),
            Origin::Given(_) => name.into(),
        }
    }

    /// Whether a file is there (and, if it was given, was not read yet).
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match &self.0 {
            Origin::Folder(folder) => folder.join(name).exists(),
            Origin::Given(files) => files.borrow().contains_key(name),
        }
    }

    /// Reads a file of at most `limit` bytes. One that was given can be read once.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, FileError> {
        let unreadable = |source| FileError::Read {
            path: self.path(name),
            source,
        };
        let bytes = match &self.0 {
            Origin::Folder(folder) => {
                contents(&folder.join(name), limit.saturating_add(1)).map_err(unreadable)?
            }
            Origin::Given(files) => files
                .borrow_mut()
                .remove(name)
                .ok_or_else(|| unreadable(io::ErrorKind::NotFound.into()))?,
        };
        if bytes.len() as u64 > limit {
            let path = self.path(name);
            return Err(FileError::TooLarge { path, limit });
        }
        Ok(bytes)
    }
}

/// A file, or its first `most` bytes. The room for it is taken at once: growing would copy a large file several times.
fn contents(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len().min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_given_files_read_the_same() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), b"1234").unwrap();
        for files in [
            Files::folder(folder.path()),
            Files::given([("a".to_owned(), b"1234".to_vec())]),
        ] {
            assert!(files.has("a") && !files.has("b"));
            let missing = files.read("b", 10).unwrap_err();
            assert!(
                matches!(&missing, FileError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound),
                "{missing}"
            );
            assert_eq!(files.read("a", 4).unwrap(), b"1234");
        }
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), b"1234").unwrap();
        for files in [
            Files::folder(folder.path()),
            Files::given([("a".to_owned(), b"1234".to_vec())]),
        ] {
            let error = files.read("a", 3).unwrap_err();
            assert!(
                matches!(error, FileError::TooLarge { limit: 3, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn a_given_file_is_moved_out() {
        let files = Files::given([("a".to_owned(), vec![1])]);
        assert_eq!(files.read("a", 1).unwrap(), [1]);
        assert!(!files.has("a"));
        assert!(matches!(files.read("a", 1), Err(FileError::Read { .. })));
    }
}
