//! Stores in memory.

use std::{collections::BTreeMap, sync::Arc};

use super::{Buckets, Fakes, Outcome, Shared};
use crate::ports::{Bucket, Keys, StoreError, Stores};

impl Stores for Fakes {
    fn bucket(&self, name: &str) -> Outcome<Box<dyn Bucket>> {
        self.store.clone()?;
        if self.lost == Some(name) {
            return Err(StoreError("it is away".into()));
        }
        Ok(Box::new(Memory {
            name: name.into(),
            buckets: self.buckets.clone(),
            gate: self.gate.clone(),
        }))
    }
}

struct Memory {
    name: String,
    buckets: Shared<Buckets>,
    gate: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Memory {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T) -> T {
        if let Some(gate) = &self.gate {
            gate();
        }
        work(
            self.buckets
                .lock()
                .unwrap()
                .entry(self.name.clone())
                .or_default(),
        )
    }
}

impl Bucket for Memory {
    fn get(&self, key: &str) -> Outcome<Option<Vec<u8>>> {
        Ok(self.with(|bucket| bucket.get(key).cloned()))
    }
    fn set(&self, key: &str, value: &[u8]) -> Outcome<()> {
        self.with(|bucket| bucket.insert(key.into(), value.into()));
        Ok(())
    }
    fn swap(&self, key: &str, seen: Option<&[u8]>, value: &[u8]) -> Outcome<bool> {
        Ok(self.with(|bucket| {
            let is_same = bucket.get(key).map(Vec::as_slice) == seen;
            if is_same {
                bucket.insert(key.into(), value.into());
            }
            is_same
        }))
    }
    fn increment(&self, key: &str, delta: i64) -> Outcome<i64> {
        self.with(|bucket| {
            let number = bucket.get(key).map_or(Ok([0; 8]), |value| {
                <[u8; 8]>::try_from(value.as_slice())
                    .map_err(|_| StoreError("the value is no number".into()))
            })?;
            let sum = i64::from_le_bytes(number) + delta;
            bucket.insert(key.into(), sum.to_le_bytes().into());
            Ok(sum)
        })
    }
    fn delete(&self, key: &str) -> Outcome<()> {
        self.with(|bucket| bucket.remove(key));
        Ok(())
    }
    /// Two keys a page, so that pages are tested too.
    fn keys(&self, cursor: Option<String>) -> Outcome<Keys> {
        let after = cursor.unwrap_or_default();
        let keys: Vec<_> = self.with(|bucket| {
            bucket
                .keys()
                .filter(|key| **key > after)
                .take(2)
                .cloned()
                .collect()
        });
        let next = if keys.len() == 2 {
            keys.last().cloned()
        } else {
            None
        };
        Ok((keys, next))
    }
}
