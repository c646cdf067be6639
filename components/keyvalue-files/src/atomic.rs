//! Changes that cannot be lost to another writer: replace a value if it still is what was seen, add to a number.

use crate::bucket::Bucket;
use crate::error::Error;

/// A value as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    bucket: Bucket,
    key: String,
    value: Option<Vec<u8>>,
}

impl Seen {
    /// What was seen; none when there was no such key.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    /// Replaces the value if it still is what was seen; otherwise gives what is there now.
    ///
    /// # Errors
    /// `TooLarge`, `File`.
    pub fn swap(self, value: &[u8]) -> Result<Option<Self>, Error> {
        let (_lock, now) = self.bucket.locked(&self.key)?;
        if now != self.value {
            return Ok(Some(Self { value: now, ..self }));
        }
        self.bucket.put(&self.key, value)?;
        Ok(None)
    }
}

impl Bucket {
    /// Looks at a value that is to be replaced.
    ///
    /// # Errors
    /// As [`Bucket::get`].
    pub fn see(&self, key: &str) -> Result<Seen, Error> {
        Ok(Seen {
            bucket: self.clone(),
            key: key.to_owned(),
            value: self.get(key)?,
        })
    }

    /// Adds to a number and returns the sum. What is not there counts as 0. A number is kept as eight bytes, little-endian, as Spin and our
    /// own host keep it.
    ///
    /// # Errors
    /// `NoNumber` when the value is none or the sum has no place in one; as [`Bucket::set`].
    pub fn increment(&self, key: &str, delta: i64) -> Result<i64, Error> {
        let (_lock, value) = self.locked(key)?;
        let number = match value {
            None => 0,
            Some(bytes) => i64::from_le_bytes(bytes.try_into().map_err(|_| Error::NoNumber)?),
        };
        let sum = number.checked_add(delta).ok_or(Error::NoNumber)?;
        self.put(key, &sum.to_le_bytes())?;
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    fn bucket() -> (tempfile::TempDir, Bucket) {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits {
            max_value_bytes: 100,
            max_keys: 100,
            max_bucket_bytes: 1000,
        };
        let bucket = Bucket::new(folder.path().to_owned(), limits);
        (folder, bucket)
    }

    #[test]
    fn a_value_is_replaced_if_it_is_what_was_seen() {
        let (_folder, bucket) = bucket();
        let nothing = bucket.see("a").unwrap();
        let too_late = bucket.see("a").unwrap();
        assert_eq!(nothing.value(), None);
        assert_eq!(nothing.swap(b"1").unwrap(), None);
        let newer = too_late.swap(b"x").unwrap().unwrap();
        assert_eq!(newer.value(), Some(&b"1"[..]));
        assert_eq!(newer.swap(b"2").unwrap(), None);
        let seen = bucket.see("a").unwrap();
        bucket.delete("a").unwrap();
        let gone = seen.swap(b"3").unwrap().unwrap();
        assert_eq!((gone.value(), bucket.get("a").unwrap()), (None, None));
        assert!(matches!(gone.swap(&[0; 101]), Err(Error::TooLarge { .. })));
        assert!(bucket.see("").is_err());
    }

    #[test]
    fn numbers_add_up() {
        let (_folder, bucket) = bucket();
        assert_eq!(bucket.increment("n", 5).unwrap(), 5);
        assert_eq!(bucket.increment("n", -7).unwrap(), -2);
        assert_eq!(bucket.get("n").unwrap().unwrap(), (-2_i64).to_le_bytes());
        assert!(matches!(
            bucket.increment("n", i64::MIN),
            Err(Error::NoNumber)
        ));
        bucket.set("text", b"two").unwrap();
        assert!(matches!(bucket.increment("text", 1), Err(Error::NoNumber)));
        assert_eq!(bucket.list_keys(None).unwrap().keys, ["n", "text"]);
    }

    #[test]
    fn nothing_is_lost_to_another_writer() {
        let (_folder, bucket) = bucket();
        let add = || {
            for _ in 0..50 {
                bucket.increment("sum", 1).unwrap();
                let mut seen = bucket.see("swapped").unwrap();
                loop {
                    let n = seen.value().map_or(0, |value| value[0]);
                    match seen.swap(&[n + 1]).unwrap() {
                        None => break,
                        Some(newer) => seen = newer,
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(add);
            }
        });
        assert_eq!(bucket.increment("sum", 0).unwrap(), 200);
        assert_eq!(bucket.get("swapped").unwrap().unwrap(), [200]);
    }
}
