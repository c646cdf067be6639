//! Whether a bucket can be used, as far as is known, and what the log is told of it: once when it fails and once when it is back.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of one bucket.
#[derive(Debug)]
pub(super) struct Health {
    /// Where the bucket is, without secrets.
    shown: String,
    failure: Mutex<Option<String>>,
}

impl Health {
    pub(super) fn new(shown: String) -> Self {
        Self {
            shown,
            failure: Mutex::default(),
        }
    }

    /// Why it cannot be used; none when it can.
    pub(super) fn failure(&self) -> Option<String> {
        self.lock().clone()
    }

    pub(super) fn failed(&self, why: &str) {
        let mut failure = self.lock();
        if failure.as_deref() == Some(why) {
            return;
        }
        if failure.is_none() {
            tracing::warn!(store = self.shown, "a store cannot be used: {why}");
        }
        *failure = Some(why.to_owned());
    }

    pub(super) fn works(&self) {
        if self.lock().take().is_some() {
            tracing::info!(store = self.shown, "the store can be used again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
