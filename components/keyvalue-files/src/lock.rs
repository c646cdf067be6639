//! A key that one writer has to itself for a moment: a file that only one can make.
//!
//! Every writer takes it, so between a look at a value and its replacement nobody else writes, in this process or another one on the same
//! folder. An instance that ends in the middle leaves its lock behind; after [`STALE`] it is taken for that and removed. So of writers
//! that are stopped for longer than that while they write, two may write at once; a store that a host has does better.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::Error;

/// Locks have such names. No key has one.
pub(crate) const PREFIX: &str = "l.";
/// A lock of this age was left by an instance that did not live to remove it. Writers hold one for about a millisecond.
const STALE: Duration = Duration::from_secs(10);
/// How long to wait before another look.
const PAUSE: Duration = Duration::from_millis(2);
/// How long to wait in all: twice as long as anything can block the way.
const PATIENCE: Duration = Duration::from_secs(20);

/// The right to write one value, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    mine: Vec<u8>,
}

impl Lock {
    /// Waits until the lock of this value is free. `name` is that of its file in the folder.
    pub(crate) fn take(folder: &Path, name: &str) -> Result<Self, Error> {
        let path = folder.join(format!("{PREFIX}{name}"));
        let failed = Error::file("a value cannot be locked");
        let random = RandomState::new().hash_one(SystemTime::now());
        let mine = random.to_le_bytes().to_vec();
        let mut waited = Duration::ZERO;
        loop {
            match File::create_new(&path) {
                Ok(mut file) => {
                    let lock = Self { path, mine };
                    file.write_all(&lock.mine).map_err(failed)?;
                    return Ok(lock);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists && waited < PATIENCE => {}
                Err(error) => return Err(failed(error)),
            }
            if is_stale(&path) {
                // Whoever else removes it first did the same.
                let _gone = fs::remove_file(&path);
            } else {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // If somebody took it for left behind it is theirs now. One that cannot be removed gets stale.
        if fs::read(&self.path).is_ok_and(|content| content == self.mine) {
            let _stale_later = fs::remove_file(&self.path);
        }
    }
}

fn is_stale(path: &Path) -> bool {
    let made = fs::metadata(path).and_then(|about| about.modified());
    made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > STALE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path(), "k.a").unwrap();
        let _other_key = Lock::take(folder.path(), "k.b").unwrap();
        let released = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let _second = Lock::take(folder.path(), "k.a").unwrap();
                released.load(std::sync::atomic::Ordering::SeqCst)
            });
            released.store(true, std::sync::atomic::Ordering::SeqCst);
            drop(first);
            assert!(waiting.join().unwrap());
        });
        assert!(!folder.path().join("l.k.a").exists());
    }

    #[test]
    fn one_that_was_left_behind_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let lost = Lock::take(folder.path(), "k.a").unwrap();
        let file = File::options().write(true).open(&lost.path).unwrap();
        let long_ago = SystemTime::now() - 2 * STALE;
        file.set_modified(long_ago).unwrap();
        let mine = Lock::take(folder.path(), "k.a").unwrap();
        // Who comes back late leaves the lock to its new owner.
        drop(lost);
        assert!(mine.path.exists());
        drop(mine);
        assert!(!folder.path().join("l.k.a").exists());
    }
}
