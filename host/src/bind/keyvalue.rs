//! `wasi:keyvalue/store` over the configured buckets.
//!
//! A bucket that is not configured does not exist for the guest. Texts of backend errors stay in the log.

use std::sync::Arc;

use wasmtime::component::Resource;

use crate::bindings::wasi::keyvalue::store;
use crate::edge::Turn;
use crate::store::{Error, Store};

/// An open bucket.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Bucket(Arc<Store>);

type Answer<T> = wasmtime::Result<Result<T, store::Error>>;

fn refused(error: &Error) -> store::Error {
    if let Error::Backend(_) = error {
        tracing::error!("key-value store: {error}");
        return store::Error::Other("the store failed".into());
    }
    store::Error::Other(error.to_string())
}

fn answer<T>(result: Result<T, Error>) -> Answer<T> {
    Ok(result.map_err(|error| refused(&error)))
}

impl store::Host for Turn {
    async fn open(&mut self, name: String) -> Answer<Resource<Bucket>> {
        match self.stores.get(&name) {
            Some(store) => Ok(Ok(self.table.push(Bucket(Arc::clone(store)))?)),
            None => Ok(Err(store::Error::NoSuchStore)),
        }
    }
}

impl store::HostBucket for Turn {
    async fn get(&mut self, it: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        answer(self.table.get(&it)?.0.get(key).await)
    }

    async fn set(&mut self, it: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        answer(self.table.get(&it)?.0.set(key, value).await)
    }

    async fn delete(&mut self, it: Resource<Bucket>, key: String) -> Answer<()> {
        answer(self.table.get(&it)?.0.delete(key).await)
    }

    async fn exists(&mut self, it: Resource<Bucket>, key: String) -> Answer<bool> {
        answer(self.table.get(&it)?.0.exists(key).await)
    }

    async fn list_keys(
        &mut self,
        it: Resource<Bucket>,
        cursor: Option<String>,
    ) -> Answer<store::KeyResponse> {
        let page = self.table.get(&it)?.0.list(cursor).await;
        answer(page.map(|page| store::KeyResponse {
            keys: page.keys,
            cursor: page.cursor,
        }))
    }

    async fn drop(&mut self, it: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(it)?;
        Ok(())
    }
}
