//! Sessions and audio in key-value stores, with an end for each. Any number of requests, on any number of hosts, may share the stores.
//!
//! Two buckets: that of the sessions has everything that is small, among it what is known of audio and when it ends; that of the audio
//! has nothing but the bytes, each piece under a key of its own, and is only read, written and deleted by key, so that it can be an object
//! store. They may be one bucket: keys have prefixes.
//!
//! | key | value | file |
//! |---|---|---|
//! | `session:<id>` | the session, or for a while what is left of it | [`sessions`], [`turns`], [`record`] |
//! | `audio-meta:<id>` | what is known of audio | [`audio`], [`meta`] |
//! | `audio:<id>` | its bytes, in the other bucket | [`audio`] |
//! | `session-slots`, `session-slot:*`, `audio-slots`, `audio-slot:*` | what ends when | [`index`] |
//! | `audio-bytes` | how much audio there is | [`audio`] |
//! | `sweep` | when ended things are removed next, and who is at it | [`sweep`] |
//!
//! Invariants: a value that several may change is changed by compare-and-swap ([`edit`]), so no change is lost. What is stored is in
//! the index before it is stored. Keys are never listed. A value that cannot be read stops nothing but what needs it ([`damage`]). Clocks of hosts may differ by seconds: ends and leases shift by as much, and
//! nothing else happens.

use crate::{
    config::Config,
    ports::{Bucket, Ports, StoreError},
    session::Session,
    times,
};

mod audio;
mod damage;
mod edit;
mod index;
mod meta;
mod record;
mod sessions;
mod sweep;
mod turns;

pub use audio::{Kept, StoredAudio};
pub use meta::{Meta, Phase};
pub use sessions::Ended;
pub use sweep::Tried;

const SESSION: &str = "session:";

/// What is known of a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It goes on.
    Live(Box<Session>),
    /// It was, and has ended by itself.
    Expired,
    /// There is none.
    Unknown,
}

/// The stores of a request.
pub struct Store<'a> {
    ports: &'a dyn Ports,
    config: &'a Config,
    /// Before every id.
    prefix: String,
}

impl<'a> Store<'a> {
    /// The stores that the configuration names.
    #[must_use]
    pub fn new(ports: &'a dyn Ports, config: &'a Config) -> Self {
        Self {
            ports,
            config,
            prefix: String::new(),
        }
    }

    /// The part of them where every id has this prefix, which is empty or ends with the only `~` in it.
    #[must_use]
    pub fn within(self, prefix: String) -> Self {
        Self { prefix, ..self }
    }

    /// An id as it is in keys.
    fn full(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    fn sessions(&self) -> Result<Box<dyn Bucket>, StoreError> {
        self.ports.bucket(&self.config.kv_sessions)
    }

    fn audio_bucket(&self) -> Result<Box<dyn Bucket>, StoreError> {
        self.ports.bucket(&self.config.kv_audio)
    }

    fn now_ms(&self) -> u64 {
        times::to_ms(self.ports.wall())
    }
}

#[cfg(test)]
mod tests;
