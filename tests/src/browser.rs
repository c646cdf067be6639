//! A real browser for the pages that are ours.

use std::path::PathBuf;

/// A Chromium on the path, or the one that `CHROMIUM` names.
#[must_use]
pub fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|file| file.is_file())
}

/// Why there is none, where that is no failure: continuous integration has to have one, other machines may do without.
#[must_use]
pub fn missing() -> Option<String> {
    let missing = chromium().is_none() && !crate::is_ci();
    missing.then(|| {
        "no Chromium on the path (Debian: apt install chromium), and CHROMIUM does not name one"
            .into()
    })
}
