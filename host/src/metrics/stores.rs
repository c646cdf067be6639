//! Key-value buckets.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;
use super::registering::plain;
use crate::store::Usage;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfBucket {
    bucket: String,
}

pub(super) struct Stores {
    bytes: Family<OfBucket, Gauge>,
    keys: Family<OfBucket, Gauge>,
    evicted: Family<OfBucket, Gauge>,
}

impl Stores {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let r = registry.sub_registry_with_prefix("colloquy");
        Self {
            bytes: plain(
                r,
                "keyvalue_bytes",
                "Bytes of keys and values in a bucket",
                Family::default(),
            ),
            keys: plain(r, "keyvalue_keys", "Keys in a bucket", Family::default()),
            evicted: plain(
                r,
                "keyvalue_evicted",
                "Keys removed since the start because a bucket was full or they were too old",
                Family::default(),
            ),
        }
    }
}

impl Metrics {
    /// A bucket as it is now.
    pub(crate) fn bucket(&self, bucket: &str, usage: Usage) {
        let of = OfBucket {
            bucket: bucket.to_owned(),
        };
        let stores = &self.inner.stores;
        for (gauge, n) in [
            (&stores.bytes, usage.bytes),
            (&stores.keys, usage.keys),
            (&stores.evicted, usage.evicted),
        ] {
            gauge.get_or_create(&of).set(n as i64);
        }
    }
}
