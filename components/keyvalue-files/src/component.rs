//! Glue between the contract and the plain modules: conversion only.

use crate::bucket::Bucket;
use crate::config::Config;
use crate::error::Error;
use crate::store;
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

impl From<Error> for w::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchBucket(_) => Self::NoSuchStore,
            error => Self::Other(error.to_string()),
        }
    }
}
