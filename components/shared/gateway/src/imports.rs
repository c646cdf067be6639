//! The glue: what a component imports, behind the ports. No logic, and no entry: each gateway component has its own.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant, SystemTime},
};

use crate::{
    config::Config,
    contract as c,
    ports::{self, Result, StoreError},
    routes,
};
use bindings::{
    colloquy::{
        content::content,
        events::events,
        host::status,
        pipeline::{listen, respond},
    },
    wasi::keyvalue::{atomics, store},
};

mod bindings;
mod speak;

/// The router over the imports, with the settings of the environment.
pub fn imported() -> axum::Router {
    let names: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .collect();
    let config = Config::check_names(names.iter().map(String::as_str))
        .and_then(|()| Config::read(|name| std::env::var(name).ok()));
    match config {
        Ok(config) => routes::router(Arc::new(Imports), config),
        Err(error) => routes::misconfigured(error),
    }
}

/// Everything imported.
struct Imports;

impl ports::Turns for Imports {
    fn listen_stages(&self) -> Result<Vec<c::Stage>> {
        listen::describe()
    }
    fn respond_stages(&self) -> Result<Vec<c::Stage>> {
        respond::describe()
    }
    fn listen(&self, options: c::listen::Options) -> Result<Box<dyn ports::Utterance>> {
        Ok(Box::new(listen::open(&options)?))
    }
    fn respond(&self, request: c::respond::Request) -> Result<Box<dyn ports::Answer>> {
        Ok(Box::new(respond::start(&request)?))
    }
}

impl ports::Utterance for listen::Utterance {
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        listen::Utterance::push(self, bytes)
    }
    fn finish(&mut self) -> Result<()> {
        listen::Utterance::finish(self)
    }
    fn next(&mut self) -> Result<Option<c::listen::Event>> {
        listen::Utterance::next(self)
    }
    fn rejection(&self) -> Option<c::listen::Rejection> {
        use c::listen::Rejection as R;
        Some(match listen::Utterance::rejection(self)? {
            listen::Rejection::TooShort => R::TooShort,
            listen::Rejection::TooLong => R::TooLong,
            listen::Rejection::TooLarge => R::TooLarge,
            listen::Rejection::UnsupportedFormat => R::UnsupportedFormat,
            listen::Rejection::Malformed => R::Malformed,
        })
    }
    fn failed_stage(&self) -> Option<String> {
        listen::Utterance::failed_stage(self)
    }
}

impl ports::Answer for respond::Answer {
    fn next(&mut self) -> Result<Option<c::respond::Event>> {
        respond::Answer::next(self)
    }
    fn failed_stage(&self) -> Option<String> {
        respond::Answer::failed_stage(self)
    }
}

impl ports::Content for Imports {
    fn types(&self) -> Result<Vec<c::content::ItemType>> {
        content::types()
    }
    fn items(&self, type_name: &str, offset: u32, limit: u32) -> Result<Vec<c::content::Item>> {
        content::items(Some(type_name), offset, limit)
    }
    fn search(
        &self,
        text: &str,
        filter: c::content::Filter,
        limit: u32,
    ) -> Result<Vec<c::content::Hit>> {
        content::search(text, &filter, limit)
    }
}

impl ports::Events for Imports {
    fn publish(&self, event: c::events::Event) {
        events::publish(&event);
    }
}

impl ports::HostStatus for Imports {
    fn host_stages(&self) -> Vec<c::host::Stage> {
        status::stages()
    }
    fn host_stores(&self) -> Vec<c::host::Store> {
        let told = status::stores().into_iter();
        told.map(|it| c::host::Store {
            name: it.name,
            backend: Some(it.backend),
            failure: it.failure,
            n_bytes: it.n_bytes,
            n_keys: it.n_keys,
            max_bytes: it.max_bytes,
        })
        .collect()
    }
    fn host_upstreams(&self) -> Vec<c::host::Upstream> {
        status::upstreams()
    }
}

impl ports::Clock for Imports {
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
    fn now(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

impl ports::Stores for Imports {
    fn bucket(&self, name: &str) -> std::result::Result<Box<dyn ports::Bucket>, StoreError> {
        match store::open(name) {
            Ok(bucket) => Ok(Box::new(bucket)),
            Err(error) => Err(StoreError(format!("`{name}`: {}", in_words(error)))),
        }
    }
}

impl ports::Bucket for store::Bucket {
    fn get(&self, key: &str) -> std::result::Result<Option<Vec<u8>>, StoreError> {
        store::Bucket::get(self, key).map_err(|error| StoreError(in_words(error)))
    }
    fn set(&self, key: &str, value: &[u8]) -> std::result::Result<(), StoreError> {
        store::Bucket::set(self, key, value).map_err(|error| StoreError(in_words(error)))
    }
    fn swap(
        &self,
        key: &str,
        seen: Option<&[u8]>,
        value: &[u8],
    ) -> std::result::Result<bool, StoreError> {
        let there = atomics::Cas::new(self, key).map_err(|error| StoreError(in_words(error)))?;
        let now = there
            .current()
            .map_err(|error| StoreError(in_words(error)))?;
        if now.as_deref() != seen {
            return Ok(false);
        }
        match atomics::swap(there, value) {
            Ok(()) => Ok(true),
            Err(atomics::CasError::CasFailed(_)) => Ok(false),
            Err(atomics::CasError::StoreError(error)) => Err(StoreError(in_words(error))),
        }
    }
    fn increment(&self, key: &str, delta: i64) -> std::result::Result<i64, StoreError> {
        atomics::increment(self, key, delta).map_err(|error| StoreError(in_words(error)))
    }
    fn delete(&self, key: &str) -> std::result::Result<(), StoreError> {
        store::Bucket::delete(self, key).map_err(|error| StoreError(in_words(error)))
    }
    fn keys(&self, cursor: Option<String>) -> std::result::Result<ports::Keys, StoreError> {
        let page = store::Bucket::list_keys(self, cursor.as_deref())
            .map_err(|error| StoreError(in_words(error)))?;
        Ok((page.keys, page.cursor))
    }
}

fn in_words(error: store::Error) -> String {
    match error {
        store::Error::NoSuchStore => "there is no such store".to_owned(),
        store::Error::AccessDenied => "access is denied".to_owned(),
        store::Error::Other(text) => text,
    }
}
