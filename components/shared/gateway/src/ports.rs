//! What the gateway needs from the outside, as small traits: imports stand behind them in a component, fakes in tests.
//!
//! Every call may block for as long as its stage works; a component serves one request at a time. Dropping an utterance or an answer
//! cancels its work.

use std::time::{Duration, SystemTime};

use crate::contract::{Error, Stage, content, events, host, listen, respond, speak};

/// What a call to the pipeline or the content base gives.
pub type Result<T> = std::result::Result<T, Error>;

/// The two halves of a turn.
pub trait Turns {
    /// The stages of the first half; returning means ready.
    fn listen_stages(&self) -> Result<Vec<Stage>>;
    /// The stages of the second half; returning means ready.
    fn respond_stages(&self) -> Result<Vec<Stage>>;
    /// Starts an utterance.
    fn listen(&self, options: listen::Options) -> Result<Box<dyn Utterance>>;
    /// Starts an answer.
    fn respond(&self, request: respond::Request) -> Result<Box<dyn Answer>>;
}

/// Audio in, utterance out.
pub trait Utterance: Send {
    /// Adds encoded bytes.
    fn push(&mut self, bytes: &[u8]) -> Result<()>;
    /// Ends the input.
    fn finish(&mut self) -> Result<()>;
    /// The next event; `Done` is last.
    fn next(&mut self) -> Result<Option<listen::Event>>;
    /// Why the recording was rejected, after a failure for that reason.
    fn rejection(&self) -> Option<listen::Rejection>;
    /// The stage that failed, after a failure.
    fn failed_stage(&self) -> Option<String>;
}

/// Text in, answer out.
pub trait Answer: Send {
    /// The next event; `Done` is last.
    fn next(&mut self) -> Result<Option<respond::Event>>;
    /// The stage that failed, after a failure.
    fn failed_stage(&self) -> Option<String>;
}

/// Text in, speech out.
pub trait Speak {
    /// The voices there are, the default one first.
    fn voices(&self) -> Result<Vec<speak::Voice>>;
    /// Starts to speak.
    fn speak(&self, request: speak::Request) -> Result<Box<dyn Speech>>;
}

/// Speech in the making.
pub trait Speech: Send {
    /// The next piece; none after the last.
    fn next(&mut self) -> Result<Option<speak::Audio>>;
    /// Who speaks; known once `next` has returned.
    fn engine(&self) -> String;
    /// Why this is not what was asked for; known once `next` has returned.
    fn degraded(&self) -> Option<String>;
}

/// What there is to tell.
pub trait Content {
    /// All types.
    fn types(&self) -> Result<Vec<content::ItemType>>;
    /// Items of one type.
    fn items(&self, type_name: &str, offset: u32, limit: u32) -> Result<Vec<content::Item>>;
    /// Free search, best first.
    fn search(&self, text: &str, filter: content::Filter, limit: u32) -> Result<Vec<content::Hit>>;
}

/// Somewhere to tell what happened; never fails.
pub trait Events {
    /// Hands an event over.
    fn publish(&self, event: events::Event);
}

/// What the host tells of itself. Every list is empty where it does not know.
pub trait HostStatus {
    /// Implementations of stages, with their pools.
    fn host_stages(&self) -> Vec<host::Stage>;
    /// Key-value stores.
    fn host_stores(&self) -> Vec<host::Store>;
    /// Servers that stages ask.
    fn host_upstreams(&self) -> Vec<host::Upstream>;
}

/// Why a store could not be used, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// Named key-value stores.
pub trait Stores {
    /// Opens a store.
    ///
    /// # Errors
    /// When the host does not know it or does not let us.
    fn bucket(&self, name: &str) -> std::result::Result<Box<dyn Bucket>, StoreError>;
}

/// A page of keys and where to go on; none at the end.
pub type Keys = (Vec<String>, Option<String>);

/// One key-value store.
pub trait Bucket {
    /// The value of a key.
    fn get(&self, key: &str) -> std::result::Result<Option<Vec<u8>>, StoreError>;
    /// Sets a value.
    fn set(&self, key: &str, value: &[u8]) -> std::result::Result<(), StoreError>;
    /// Sets a value if the key still holds what was seen, none being no value; says whether it did. What is equal counts as unchanged.
    fn swap(
        &self,
        key: &str,
        seen: Option<&[u8]>,
        value: &[u8],
    ) -> std::result::Result<bool, StoreError>;
    /// Adds to a number and gives the sum. A key that is not there counts as 0. To [`Self::get`] a number is eight bytes, little-endian.
    fn increment(&self, key: &str, delta: i64) -> std::result::Result<i64, StoreError>;
    /// Removes a key; not being there is no error.
    fn delete(&self, key: &str) -> std::result::Result<(), StoreError>;
    /// Keys in no particular order, a page at a time.
    fn keys(&self, cursor: Option<String>) -> std::result::Result<Keys, StoreError>;
}

/// Time of day, and time that only goes forward.
pub trait Clock {
    /// The time of day.
    fn wall(&self) -> SystemTime;
    /// Time since an arbitrary start.
    fn now(&self) -> Duration;
    /// Lets time pass.
    fn sleep(&self, time: Duration);
}

/// Everything together.
pub trait Ports:
    Turns + Speak + Content + Events + Stores + HostStatus + Clock + Send + Sync
{
}
impl<T: Turns + Speak + Content + Events + Stores + HostStatus + Clock + Send + Sync> Ports for T {}
