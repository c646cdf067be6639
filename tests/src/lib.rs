//! What the system tests share: a host as a real process, the recordings, independent tools, and measures of speech.
//!
//! Nothing here knows the insides of the host or of a stage: tests see what a user sees.
#![allow(
    clippy::indexing_slicing,
    reason = "a wrong index in test code is a failed test"
)]

pub mod alone;
pub mod answers;
pub mod browser;
pub mod conform;
pub mod eval;
pub mod host;
pub mod nats;
pub mod nginx;
pub mod otlp;
pub mod places;
pub mod preinit;
pub mod process;
pub mod python;
pub mod raw;
pub mod recordings;
pub mod redis;
pub mod s3;
pub mod servers;
pub mod speech;
pub mod upstream;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Whether this is continuous integration, where nothing may be absent that other machines may do without.
#[must_use]
pub fn is_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// The root of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// How long anything may take that has no other limit. Nobody waits for so long but for a test that fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until something is so. What is waited for is told when it never is.
pub fn until(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let since = Instant::now();
    while !is_so()? {
        ensure!(
            since.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
