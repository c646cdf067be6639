//! `wasi:keyvalue/store` and `atomics` over the configured buckets, for the edge component and for stages.
//!
//! A bucket that is not configured does not exist for a guest, and one that the guest may not use is refused to it. Texts of backend
//! errors stay in the log. A `cas` looks at its key when it is made; to write back what was read before does not count as a change.

use std::collections::BTreeSet;
use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use crate::bindings::wasi::keyvalue::{atomics, store};
use crate::edge::Turn;
use crate::stage::Guest;
use crate::store::{Error, Store, Stores, Swap};

/// Most values that a guest may have seen and not yet replaced or dropped: they are in the host's memory, where no limit of the guest's counts.
const MAX_SEEN: usize = 32;

/// An open bucket.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Bucket(Arc<Store>);

/// A value as it was seen.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Cas {
    store: Arc<Store>,
    key: String,
    seen: Option<Vec<u8>>,
}

/// The buckets of a guest.
pub(crate) struct Buckets<'a> {
    stores: &'a Stores,
    /// Those that it may use; all, when nothing is said.
    granted: Option<&'a BTreeSet<String>>,
    table: &'a mut ResourceTable,
}

struct Data;

impl HasData for Data {
    type Data<'a> = Buckets<'a>;
}

/// Adds both interfaces to a linker of edge components, which may use every bucket.
pub(crate) fn add_to_linker(linker: &mut Linker<Turn>) -> wasmtime::Result<()> {
    fn buckets(turn: &mut Turn) -> Buckets<'_> {
        Buckets {
            stores: &turn.stores,
            granted: None,
            table: &mut turn.table,
        }
    }
    store::add_to_linker::<_, Data>(linker, buckets)?;
    atomics::add_to_linker::<_, Data>(linker, buckets)
}

/// Adds both interfaces to a linker of stages, which may use the buckets that their section names.
pub(crate) fn add_to_stage_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    fn buckets(guest: &mut Guest) -> Buckets<'_> {
        Buckets {
            stores: &guest.stores,
            granted: Some(&guest.buckets),
            table: &mut guest.table,
        }
    }
    store::add_to_linker::<_, Data>(linker, buckets)?;
    atomics::add_to_linker::<_, Data>(linker, buckets)
}

type Answer<T> = wasmtime::Result<Result<T, store::Error>>;

fn refused(error: &Error) -> store::Error {
    let text = match error {
        Error::Backend(_) => {
            tracing::error!("key-value store: {error}");
            "the store failed".into()
        }
        // The log is told of an absence once, not with every request.
        Error::Unavailable(_) => {
            tracing::debug!("key-value store: {error}");
            "the store is unavailable".into()
        }
        _ => error.to_string(),
    };
    store::Error::Other(text)
}

fn answer<T>(result: Result<T, Error>) -> Answer<T> {
    Ok(result.map_err(|error| refused(&error)))
}

impl store::Host for Buckets<'_> {
    async fn open(&mut self, name: String) -> Answer<Resource<Bucket>> {
        let Some(store) = self.stores.get(&name) else {
            return Ok(Err(store::Error::NoSuchStore));
        };
        if self.granted.is_some_and(|granted| !granted.contains(&name)) {
            tracing::warn!(
                bucket = name,
                "refused: the bucket is not in the stage's `keyvalue`"
            );
            return Ok(Err(store::Error::AccessDenied));
        }
        let bucket = Bucket(Arc::clone(store));
        Ok(Ok(self.table.push(bucket)?))
    }
}

impl store::HostBucket for Buckets<'_> {
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

impl atomics::Host for Buckets<'_> {
    async fn increment(&mut self, it: Resource<Bucket>, key: String, delta: i64) -> Answer<i64> {
        answer(self.table.get(&it)?.0.increment(key, delta).await)
    }

    async fn swap(
        &mut self,
        it: Resource<Cas>,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), atomics::CasError>> {
        let Cas { store, key, seen } = self.table.delete(it)?;
        Ok(match store.swap(key.clone(), seen, value).await {
            Ok(Swap::Done) => Ok(()),
            Ok(Swap::Lost(seen)) => {
                let newer = self.table.push(Cas { store, key, seen })?;
                Err(atomics::CasError::CasFailed(newer))
            }
            Err(error) => Err(atomics::CasError::StoreError(refused(&error))),
        })
    }
}

impl atomics::HostCas for Buckets<'_> {
    async fn new(&mut self, it: Resource<Bucket>, key: String) -> Answer<Resource<Cas>> {
        let store = Arc::clone(&self.table.get(&it)?.0);
        let open = self.table.iter_mut().filter(|entry| entry.is::<Cas>());
        if open.count() >= MAX_SEEN {
            return Ok(Err(store::Error::Other(format!(
                "more than {MAX_SEEN} values are looked at at once"
            ))));
        }
        Ok(match store.get(key.clone()).await {
            Ok(seen) => Ok(self.table.push(Cas { store, key, seen })?),
            Err(error) => Err(refused(&error)),
        })
    }

    async fn current(&mut self, it: Resource<Cas>) -> Answer<Option<Vec<u8>>> {
        Ok(Ok(self.table.get(&it)?.seen.clone()))
    }

    async fn drop(&mut self, it: Resource<Cas>) -> wasmtime::Result<()> {
        self.table.delete(it)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Backend, Bounds};

    struct Bed {
        stores: Stores,
        table: ResourceTable,
    }

    fn bed() -> Bed {
        let open = |max_bytes| {
            let bounds = Bounds {
                max_bytes,
                max_age: None,
            };
            Arc::new(Store::open(&Backend::Memory, bounds).unwrap())
        };
        Bed {
            stores: Stores::from([
                ("breakers".to_owned(), open(1000)),
                ("sessions".to_owned(), open(1000)),
            ]),
            table: ResourceTable::new(),
        }
    }

    async fn open(bed: &mut Bed, granted: Option<&[&str]>, name: &str) -> String {
        let granted = granted.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        let mut buckets = Buckets {
            stores: &bed.stores,
            granted: granted.as_ref(),
            table: &mut bed.table,
        };
        let answer = store::Host::open(&mut buckets, name.into()).await.unwrap();
        match answer {
            Ok(_) => "opened".into(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[tokio::test]
    async fn a_stage_opens_what_its_section_names() {
        let mut bed = bed();
        let stage = Some(&["breakers"][..]);
        assert_eq!(open(&mut bed, stage, "breakers").await, "opened");
        let denied = open(&mut bed, stage, "sessions").await;
        assert!(denied.contains("AccessDenied"), "{denied}");
        let denied = open(&mut bed, Some(&[]), "breakers").await;
        assert!(denied.contains("AccessDenied"), "{denied}");
        let unknown = open(&mut bed, stage, "elsewhere").await;
        assert!(unknown.contains("NoSuchStore"), "{unknown}");
        assert_eq!(open(&mut bed, None, "sessions").await, "opened");
    }

    #[tokio::test]
    async fn a_lost_swap_gives_a_fresh_handle() {
        let mut bed = bed();
        let mut buckets = Buckets {
            stores: &bed.stores,
            granted: None,
            table: &mut bed.table,
        };
        let it = &mut buckets;
        let bucket = store::Host::open(it, "breakers".into()).await.unwrap();
        let bucket = bucket.unwrap().rep();
        let borrowed = || Resource::<Bucket>::new_borrow(bucket);
        let cas = async |it: &mut Buckets<'_>| {
            let cas = atomics::HostCas::new(it, borrowed(), "k".into()).await;
            cas.unwrap().unwrap()
        };
        let (first, second) = (cas(it).await, cas(it).await);
        let swapped = atomics::Host::swap(it, first, vec![1]).await.unwrap();
        assert!(swapped.is_ok());
        let lost = atomics::Host::swap(it, second, vec![2]).await.unwrap();
        let Err(atomics::CasError::CasFailed(newer)) = lost else {
            panic!("{lost:?}")
        };
        let seen = atomics::HostCas::current(it, Resource::new_borrow(newer.rep())).await;
        assert_eq!(seen.unwrap().unwrap(), Some(vec![1]));
        let swapped = atomics::Host::swap(it, newer, vec![2]).await.unwrap();
        assert!(swapped.is_ok());
        let value = store::HostBucket::get(it, borrowed(), "k".into()).await;
        assert_eq!(value.unwrap().unwrap(), Some(vec![2]));

        let too_large = cas(it).await;
        let refused = atomics::Host::swap(it, too_large, vec![0; 2000]).await;
        assert!(matches!(refused, Ok(Err(atomics::CasError::StoreError(_)))));
        let sum = atomics::Host::increment(it, borrowed(), "k".into(), 1).await;
        assert!(matches!(sum, Ok(Err(store::Error::Other(_)))));
        let sum = atomics::Host::increment(it, borrowed(), "n".into(), 5).await;
        assert_eq!(sum.unwrap().unwrap(), 5);
        let mut many = Vec::new();
        for _ in 0..MAX_SEEN {
            many.push(cas(it).await);
        }
        let refused = atomics::HostCas::new(it, borrowed(), "k".into()).await;
        assert!(matches!(refused, Ok(Err(store::Error::Other(_)))));
        for one in many {
            atomics::HostCas::drop(it, one).await.unwrap();
        }
        let again = cas(it).await;
        atomics::HostCas::drop(it, again).await.unwrap();
        // Every handle of a cas is gone; the bucket's is left.
        store::HostBucket::drop(it, Resource::new_own(bucket))
            .await
            .unwrap();
        assert!(bed.table.is_empty());
    }
}
