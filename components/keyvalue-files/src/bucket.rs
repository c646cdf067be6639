//! A bucket: a folder with a file for each key.
//!
//! Nothing is forced to the disk: after a power cut a value may be the old one, or gone, as in a cache.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::config::Limits;
use crate::error::Error;
use crate::key;
use crate::lock::{self, Lock};

/// Keys of one page of a listing.
pub const PAGE: usize = 500;

/// Values are written under such names first. No key has one.
const DRAFT: &str = "t.";

/// A draft this old was left by an instance that did not live to finish it.
const ABANDONED: Duration = Duration::from_secs(600);

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    folder: PathBuf,
    limits: Limits,
}

/// Some keys, and where to go on.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// In the order of their file names.
    pub keys: Vec<String>,
    /// None at the end.
    pub cursor: Option<String>,
}

struct Entry {
    name: String,
    n_bytes: u64,
    set: SystemTime,
}

impl Bucket {
    pub(crate) fn new(folder: PathBuf, limits: Limits) -> Self {
        Self { folder, limits }
    }

    /// The value of a key.
    ///
    /// # Errors
    /// `Key`, `TooLarge` (a file put there by somebody else), `File`.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let max = self.limits.max_value_bytes;
        let Some(file) = present(File::open(self.path(key)?), "a value cannot be opened")? else {
            return Ok(None);
        };
        let mut value = Vec::new();
        file.take(max + 1)
            .read_to_end(&mut value)
            .map_err(Error::file("a value cannot be read"))?;
        self.fits(value.len() as u64)?;
        Ok(Some(value))
    }

    /// Sets a value, replacing an earlier one in one step. When the bucket is full the values that were set the longest ago go.
    ///
    /// # Errors
    /// `Key`, `TooLarge`, `File`.
    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        let _lock = self.lock(key)?;
        self.put(key, value)
    }

    /// The right to write a value, and what it is until then.
    pub(crate) fn locked(&self, key: &str) -> Result<(Lock, Option<Vec<u8>>), Error> {
        Ok((self.lock(key)?, self.get(key)?))
    }

    /// Sets a value whose lock the caller has.
    pub(crate) fn put(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        let name = key::encode(key)?;
        let n_bytes = value.len() as u64;
        self.fits(n_bytes)?;
        self.make_room(&name, n_bytes)?;
        let (draft, mut file) = self.draft()?;
        let written = file.write_all(value);
        drop(file);
        let written = written.and_then(|()| fs::rename(&draft, self.folder.join(name)));
        written.map_err(|error| {
            // What is left is removed later if it cannot be removed now.
            let _ = fs::remove_file(&draft);
            Error::file("a value cannot be written")(error)
        })
    }

    /// Removes a key; no error when it is not there.
    ///
    /// # Errors
    /// `Key`, `File`.
    pub fn delete(&self, key: &str) -> Result<(), Error> {
        let _lock = self.lock(key)?;
        remove(&self.path(key)?)
    }

    /// Whether a key has a value.
    ///
    /// # Errors
    /// `Key`, `File`.
    pub fn exists(&self, key: &str) -> Result<bool, Error> {
        let found = present(fs::metadata(self.path(key)?), "a value cannot be looked at")?;
        Ok(found.is_some())
    }

    /// A page of keys. The cursor is that of the page before, none for the first.
    ///
    /// Keys that are there during the whole listing are in it exactly once, whatever comes and goes meanwhile.
    ///
    /// # Errors
    /// `Cursor`, `File`.
    pub fn list_keys(&self, cursor: Option<&str>) -> Result<Page, Error> {
        let after = match cursor {
            Some(cursor) => {
                key::decode(cursor).ok_or(Error::Cursor)?;
                cursor
            }
            None => "",
        };
        let mut names: Vec<String> = Vec::new();
        for name in self.names()? {
            if name.as_str() > after && key::decode(&name).is_some() {
                names.push(name);
            }
        }
        names.sort_unstable();
        let more = names.len() > PAGE;
        names.truncate(PAGE);
        Ok(Page {
            cursor: names.last().filter(|_| more).cloned(),
            keys: names.iter().filter_map(|name| key::decode(name)).collect(),
        })
    }

    fn lock(&self, key: &str) -> Result<Lock, Error> {
        Lock::take(&self.folder, &key::encode(key)?)
    }

    fn path(&self, key: &str) -> Result<PathBuf, Error> {
        Ok(self.folder.join(key::encode(key)?))
    }

    fn fits(&self, found: u64) -> Result<(), Error> {
        // A value that fills the bucket more than once could not be kept.
        let max = self
            .limits
            .max_value_bytes
            .min(self.limits.max_bucket_bytes);
        if found <= max {
            Ok(())
        } else {
            Err(Error::TooLarge { max, found })
        }
    }

    /// Removes the oldest values until one more of this size fits.
    fn make_room(&self, name: &str, n_bytes: u64) -> Result<(), Error> {
        let mut others = self.entries()?;
        others.retain(|entry| entry.name != name);
        others.sort_unstable_by_key(|entry| entry.set);
        let mut n_keys = others.len() as u64 + 1;
        let mut total = others
            .iter()
            .map(|entry| entry.n_bytes)
            .fold(n_bytes, u64::saturating_add);
        for oldest in others {
            if n_keys <= self.limits.max_keys && total <= self.limits.max_bucket_bytes {
                break;
            }
            remove(&self.folder.join(&oldest.name))?;
            n_keys -= 1;
            total = total.saturating_sub(oldest.n_bytes);
        }
        Ok(())
    }

    /// All values. Abandoned drafts and locks are removed on the way.
    fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for name in self.names()? {
            let path = self.folder.join(&name);
            // Another instance may have removed it since.
            let Some(about) = present(fs::metadata(&path), "a value cannot be looked at")? else {
                continue;
            };
            let set = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if key::decode(&name).is_some() {
                entries.push(Entry {
                    name,
                    n_bytes: about.len(),
                    set,
                });
            } else if [DRAFT, lock::PREFIX].iter().any(|it| name.starts_with(it))
                && set.elapsed().is_ok_and(|age| age > ABANDONED)
            {
                remove(&path)?;
            }
        }
        Ok(entries)
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let failed = Error::file("a bucket cannot be listed");
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(&failed)? {
            // A name that is not text is not ours.
            names.extend(entry.map_err(&failed)?.file_name().into_string());
        }
        Ok(names)
    }

    /// A file that nobody else writes to.
    fn draft(&self) -> Result<(PathBuf, File), Error> {
        // Instances know nothing of each other; the standard library's hash keys are its only random numbers.
        let random = RandomState::new().hash_one(SystemTime::now());
        let path = self.folder.join(format!("{DRAFT}{random:016x}"));
        let file = File::create_new(&path).map_err(Error::file("a value cannot be written"))?;
        Ok((path, file))
    }
}

/// None for what is not there.
fn present<T>(result: std::io::Result<T>, doing: &'static str) -> Result<Option<T>, Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file(doing)(error)),
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    present(fs::remove_file(path), "a value cannot be removed").map(|_| ())
}

#[cfg(test)]
mod tests;
