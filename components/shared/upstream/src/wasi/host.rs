//! What a host has beside HTTP: `wasi:keyvalue` for what is known of servers, `colloquy:events` for who wants to know.
//!
//! The bucket is `BREAKER_BUCKET`, `breakers` when that is not set. A host may have neither store nor grant: that is an error of the
//! store here, not of the call.

use self::bindings::colloquy::events::events::{self, BreakerChanged, BreakerState, Event};
use self::bindings::wasi::keyvalue::atomics::{Cas, CasError, swap};
use self::bindings::wasi::keyvalue::store::{self, Error};
use crate::breaker::State;
use crate::surroundings::{Change, Edit, NoStore, Surroundings};

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({ path: "../../../wit", world: "colloquy:worlds/upstream", generate_all });
}

const DEFAULT_BUCKET: &str = "breakers";
/// How often somebody else may be faster.
const ATTEMPTS: u32 = 8;

/// The host of the component.
#[derive(Debug, Clone, Copy, Default)]
pub struct Host;

impl Surroundings for Host {
    fn edit(&self, key: &str, edit: &mut Edit<'_>) -> Result<(), NoStore> {
        let name = std::env::var("BREAKER_BUCKET").ok();
        let name = name.filter(|name| !name.trim().is_empty());
        let bucket = store::open(name.as_deref().unwrap_or(DEFAULT_BUCKET).trim())?;
        let mut seen = Cas::new(&bucket, key)?;
        for _ in 0..ATTEMPTS {
            let Some(value) = edit(seen.current()?.as_deref()) else {
                return Ok(());
            };
            match swap(seen, &value) {
                Ok(()) => return Ok(()),
                Err(CasError::StoreError(error)) => return Err(error.into()),
                Err(CasError::CasFailed(newer)) => seen = newer,
            }
        }
        Err(NoStore("others were faster each time".to_owned()))
    }

    fn tell(&self, change: Change) {
        events::publish(&Event::BreakerChanged(BreakerChanged {
            upstream: change.upstream,
            before: change.before.into(),
            now: change.now.into(),
            n_failures: change.n_failures,
        }));
    }
}

impl From<Error> for NoStore {
    fn from(error: Error) -> Self {
        Self(match error {
            Error::NoSuchStore => "the host has no such store".to_owned(),
            Error::AccessDenied => "the host allows no store".to_owned(),
            Error::Other(why) => why,
        })
    }
}

impl From<State> for BreakerState {
    fn from(state: State) -> Self {
        match state {
            State::Closed => Self::Closed,
            State::Open => Self::Open,
            State::HalfOpen => Self::HalfOpen,
        }
    }
}
