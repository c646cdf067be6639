//! Changes of one value that several requests, on several hosts, may change at the same time.

use crate::{contract::Error, ports::Bucket, problem::Problem};

/// How often others may be faster. Each time one of them has come further, so this many is a crowd.
const ATTEMPTS: u32 = 64;

/// What to do about the value that is there.
pub(super) enum Change<T> {
    /// Put this in its place.
    Write(Vec<u8>, T),
    /// Nothing.
    Leave(T),
}

/// Looks at a value, decides, and swaps; looks again when somebody else was faster. `decide` may be called several times.
///
/// # Errors
/// What `decide` fails with, and when the store fails or others are always faster.
pub(super) fn edit<T>(
    bucket: &dyn Bucket,
    key: &str,
    mut decide: impl FnMut(Option<&[u8]>) -> Result<Change<T>, Problem>,
) -> Result<T, Problem> {
    for _ in 0..ATTEMPTS {
        let seen = bucket.get(key)?;
        match decide(seen.as_deref())? {
            Change::Leave(outcome) => return Ok(outcome),
            Change::Write(value, outcome) => {
                if bucket.swap(key, seen.as_deref(), &value)? {
                    return Ok(outcome);
                }
            }
        }
    }
    Err(Problem::of_stage(
        Error::Busy(None),
        Some("store".to_owned()),
        None,
    ))
}
