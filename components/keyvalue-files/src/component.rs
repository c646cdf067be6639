//! Glue between the contract and the plain modules: conversion only.

use crate::atomic::Seen;
use crate::bucket::Bucket;
use crate::config::Config;
use crate::error::Error;
use crate::store;
use bindings::exports::wasi::keyvalue::atomics as a;
use bindings::exports::wasi::keyvalue::store as w;

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "colloquy:worlds/keyvalue-provider",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

struct Component;

impl w::Guest for Component {
    type Bucket = Bucket;

    fn open(identifier: String) -> Result<w::Bucket, w::Error> {
        let config = Config::read(|name| std::env::var(name).ok())?;
        Ok(w::Bucket::new(store::open(&config, &identifier)?))
    }
}

impl w::GuestBucket for Bucket {
    fn get(&self, key: String) -> Result<Option<Vec<u8>>, w::Error> {
        Ok(Self::get(self, &key)?)
    }

    fn set(&self, key: String, value: Vec<u8>) -> Result<(), w::Error> {
        Ok(Self::set(self, &key, &value)?)
    }

    fn delete(&self, key: String) -> Result<(), w::Error> {
        Ok(Self::delete(self, &key)?)
    }

    fn exists(&self, key: String) -> Result<bool, w::Error> {
        Ok(Self::exists(self, &key)?)
    }

    fn list_keys(&self, cursor: Option<String>) -> Result<w::KeyResponse, w::Error> {
        let page = Self::list_keys(self, cursor.as_deref())?;
        Ok(w::KeyResponse {
            keys: page.keys,
            cursor: page.cursor,
        })
    }
}

impl a::Guest for Component {
    type Cas = Seen;

    fn increment(bucket: w::BucketBorrow<'_>, key: String, delta: i64) -> Result<i64, w::Error> {
        Ok(bucket.get::<Bucket>().increment(&key, delta)?)
    }

    fn swap(cas: a::Cas, value: Vec<u8>) -> Result<(), a::CasError> {
        let swapped = cas.into_inner::<Seen>().swap(&value);
        match swapped.map_err(|error| a::CasError::StoreError(error.into()))? {
            None => Ok(()),
            Some(newer) => Err(a::CasError::CasFailed(a::Cas::new(newer))),
        }
    }
}

impl a::GuestCas for Seen {
    fn new(bucket: w::BucketBorrow<'_>, key: String) -> Result<a::Cas, w::Error> {
        Ok(a::Cas::new(bucket.get::<Bucket>().see(&key)?))
    }

    fn current(&self) -> Result<Option<Vec<u8>>, w::Error> {
        Ok(self.value().map(<[u8]>::to_vec))
    }
}

impl From<Error> for w::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchBucket(_) => Self::NoSuchStore,
            error => Self::Other(error.to_string()),
        }
    }
}
