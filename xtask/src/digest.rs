//! SHA-256 of files and texts, as lower-case hexadecimal.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// The digest of a file's content.
pub(crate) fn file(path: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    io::copy(&mut file, &mut hasher).with_context(|| path.display().to_string())?;
    Ok(hex::encode(hasher.finalize()))
}

/// The digest of several pieces. Each one's length goes in first, so that moving a border changes the result.
pub(crate) fn parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}

/// Fails, naming the file, unless its content has this digest.
pub(crate) fn check(path: &Path, expected: &str) -> Result<()> {
    let found = file(path)?;
    ensure!(
        found == expected,
        "{} has sha256 {found}, expected {expected}",
        path.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn borders_count() {
        assert_ne!(parts([&b"ab"[..], b"c"]), parts([&b"a"[..], b"bc"]));
    }
}
