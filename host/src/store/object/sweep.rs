//! The task of a bucket: it lists everything now and then, removes what is too old and too much, and finds a store that was away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};

use super::{Shared, failed, seen};
use crate::store::Error;

/// Between two listings of everything.
const SWEEP: Duration = Duration::from_secs(60);
/// Between two questions whether a store that was away is back.
const PAUSE: Duration = Duration::from_millis(500);
impl Shared {
    /// Whether the store answers.
    pub(super) async fn look(&self) -> Result<(), Error> {
        let mut found = self.store.list(Some(&self.folder));
        found
            .next()
            .await
            .transpose()
            .map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Lists everything, and removes what is too old and what is too much.
    async fn sweep(&self) -> Result<(), Error> {
        let mark = self.index().mark();
        let mut listed = BTreeSet::new();
        let mut found = self.store.list(Some(&self.folder));
        while let Some(meta) = found.try_next().await.map_err(|error| failed(&error))? {
            if let Some(key) = self.key(&meta) {
                self.index().met(&key, &seen(&meta));
                listed.insert(key);
            }
        }
        self.index().keep(&listed, mark);
        loop {
            let expired = self.bounds.expired((self.now)());
            let oldest = self.index().evict("", expired, self.bounds.max_bytes);
            let Some(oldest) = oldest else { return Ok(()) };
            let _alone = self.atomic.lock(self.patience).await?;
            self.remove(&self.path(&oldest)?).await?;
        }
    }
}

/// Sweeps every minute, and looks whether a store that was away is back.
pub(super) async fn keep(shared: Arc<Shared>) {
    loop {
        // Not within the patience of a request: a large bucket takes its time, and each of its requests has a limit.
        match shared.sweep().await {
            Ok(()) => shared.health.works(),
            Err(Error::Unavailable(why)) => {
                shared.health.failed(&why);
                shared.is_away.store(true, Ordering::Relaxed);
            }
            Err(error) => shared.health.failed(&error.to_string()),
        }
        let is_over = tokio::time::sleep(SWEEP);
        tokio::pin!(is_over);
        loop {
            if shared.is_away.load(Ordering::Relaxed) {
                let looked = tokio::time::timeout(shared.patience, shared.look()).await;
                match looked {
                    Ok(Ok(())) => {
                        shared.health.works();
                        shared.is_away.store(false, Ordering::Relaxed);
                    }
                    _ => tokio::time::sleep(PAUSE).await,
                }
                continue;
            }
            tokio::select! {
                () = &mut is_over => break,
                () = shared.away.notified() => {}
            }
        }
    }
}
