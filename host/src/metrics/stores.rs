//! Key-value buckets: what they hold, whether they can be used, and how long they take.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;
use super::registering::{Histograms, STORE, histograms, plain, timed};
use crate::store::Store;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfBucket {
    bucket: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    bucket: Arc<str>,
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failure {
    bucket: Arc<str>,
    reason: &'static str,
}

pub(super) struct Stores {
    durations: Histograms<Operation>,
    failures: Family<Failure, Counter>,
    bytes: Family<OfBucket, Gauge>,
    max_bytes: Family<OfBucket, Gauge>,
    keys: Family<OfBucket, Gauge>,
    evicted: Family<OfBucket, Gauge>,
    up: Family<OfBucket, Gauge>,
}

impl Stores {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let r = registry.sub_registry_with_prefix("colloquy");
        Self {
            durations: timed(
                r,
                "keyvalue_duration",
                "Time of one access to a bucket",
                histograms(STORE),
            ),
            failures: plain(
                r,
                "keyvalue_failures",
                "Accesses to a bucket that its backend could not answer",
                Family::default(),
            ),
            bytes: plain(
                r,
                "keyvalue_bytes",
                "Bytes of keys and values in a bucket",
                Family::default(),
            ),
            max_bytes: plain(
                r,
                "keyvalue_max_bytes",
                "Bytes that a bucket may have",
                Family::default(),
            ),
            keys: plain(r, "keyvalue_keys", "Keys in a bucket", Family::default()),
            evicted: plain(
                r,
                "keyvalue_evicted",
                "Keys removed since the start because a bucket was full or they were too old",
                Family::default(),
            ),
            up: plain(
                r,
                "keyvalue_up",
                "Whether a bucket can be used",
                Family::default(),
            ),
        }
    }
}

impl Metrics {
    /// A bucket as it is now.
    pub(crate) fn bucket(&self, bucket: &str, store: &Store) {
        let of = OfBucket {
            bucket: bucket.into(),
        };
        let (stores, usage) = (&self.inner.stores, store.usage());
        for (gauge, n) in [
            (&stores.bytes, usage.bytes),
            (&stores.max_bytes, store.max_bytes()),
            (&stores.keys, usage.keys),
            (&stores.evicted, usage.evicted),
            (&stores.up, u64::from(store.failure().is_none())),
        ] {
            let n = i64::try_from(n).unwrap_or(i64::MAX);
            gauge.get_or_create(&of).set(n);
        }
    }

    /// There is this bucket, and its failures are zero so far.
    pub(crate) fn has_bucket(&self, bucket: &Arc<str>) {
        for reason in ["unavailable", "failed"] {
            let of = Failure {
                bucket: Arc::clone(bucket),
                reason,
            };
            drop(self.inner.stores.failures.get_or_create(&of));
        }
    }

    /// A bucket was asked; the reason when its backend could not answer.
    pub(crate) fn bucket_asked(
        &self,
        bucket: &Arc<str>,
        operation: &'static str,
        took: Duration,
        failed: Option<&'static str>,
    ) {
        let stores = &self.inner.stores;
        let of = Operation {
            bucket: Arc::clone(bucket),
            operation,
        };
        let durations = stores.durations.get_or_create(&of);
        durations.observe(took.as_secs_f64());
        if let Some(reason) = failed {
            let of = Failure {
                bucket: Arc::clone(bucket),
                reason,
            };
            stores.failures.get_or_create(&of).inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Backend, Bounds};

    #[tokio::test]
    async fn accesses_are_timed_and_a_bucket_tells_what_it_holds() {
        let metrics = Metrics::new();
        let bounds = Bounds {
            max_bytes: 1000,
            max_age: None,
        };
        let store = Store::open(&Backend::Memory, bounds).unwrap();
        let store = store.watched("sessions", &metrics);
        store.set("key".into(), vec![0; 7]).await.unwrap();
        store.get("key".into()).await.unwrap();
        // What can never fit is no failure of the backend.
        store.set("key".into(), vec![0; 2000]).await.unwrap_err();
        metrics.bucket("sessions", &store);
        let text = metrics.encode().unwrap();
        for line in [
            r#"colloquy_keyvalue_duration_seconds_count{bucket="sessions",operation="set"} 2"#,
            r#"colloquy_keyvalue_duration_seconds_count{bucket="sessions",operation="get"} 1"#,
            r#"colloquy_keyvalue_bytes{bucket="sessions"} 10"#,
            r#"colloquy_keyvalue_max_bytes{bucket="sessions"} 1000"#,
            r#"colloquy_keyvalue_up{bucket="sessions"} 1"#,
            r#"colloquy_keyvalue_failures_total{bucket="sessions",reason="unavailable"} 0"#,
            r#"colloquy_keyvalue_failures_total{bucket="sessions",reason="failed"} 0"#,
        ] {
            assert!(text.lines().any(|it| it == line), "{line}: {text}");
        }
    }
}
