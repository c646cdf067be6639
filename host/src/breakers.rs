//! What the stages know of the servers they ask, for the metrics: the circuit breakers, as the components leave them in a bucket.
//!
//! The host decides nothing here. It reads only the keys of servers that configuration names for a stage that may use the bucket, so that
//! what a guest writes makes no new series.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::config;
use crate::events::BreakerState;
use crate::store::{Store, Stores};

/// Where a stage's environment names the bucket of its breakers.
const BUCKET_VARIABLE: &str = "BREAKER_BUCKET";
/// The bucket when it names none.
const BUCKET: &str = "breakers";
/// Servers that are told about.
const MAX_UPSTREAMS: usize = 64;

/// The breakers of this host's servers.
#[derive(Default)]
pub(crate) struct Breakers {
    /// Each server, with the bucket that its breaker is in.
    upstreams: BTreeMap<String, Arc<Store>>,
}

/// What a component leaves in the bucket; there is more in it.
#[derive(Deserialize)]
struct Record {
    state: State,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Closed,
    Open,
    HalfOpen,
}

impl Breakers {
    /// Of the servers that these stages may ask.
    pub(crate) fn new(stores: &Stores, stages: &config::Stages) -> Self {
        let mut upstreams = BTreeMap::new();
        for (_, settings) in stages.all() {
            let grants = &settings.grants;
            // Read as the components read it.
            let bucket = grants.environment.get(BUCKET_VARIABLE);
            let bucket = bucket.map(|name| name.trim());
            let bucket = bucket.filter(|name| !name.is_empty()).unwrap_or(BUCKET);
            let Some(store) = stores
                .get(bucket)
                .filter(|_| grants.buckets.contains(bucket))
            else {
                continue;
            };
            for origin in grants.outbound.origins() {
                if upstreams.len() < MAX_UPSTREAMS {
                    upstreams.insert(origin.to_string(), Arc::clone(store));
                }
            }
        }
        Self { upstreams }
    }

    /// Each server and its breaker now. One that nothing is known of is closed; none is for what cannot be read.
    pub(crate) async fn read(&self) -> Vec<(&str, Option<BreakerState>)> {
        let mut all = Vec::with_capacity(self.upstreams.len());
        for (upstream, store) in &self.upstreams {
            let state = match store.get(upstream.clone()).await {
                Ok(None) => Some(BreakerState::Closed),
                Ok(Some(value)) => state(&value),
                Err(_) => None,
            };
            all.push((upstream.as_str(), state));
        }
        all
    }
}

fn state(value: &[u8]) -> Option<BreakerState> {
    let record: Record = serde_json::from_slice(value).ok()?;
    Some(match record.state {
        State::Closed => BreakerState::Closed,
        State::Open => BreakerState::Open,
        State::HalfOpen => BreakerState::HalfOpen,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::store::{Backend, Bounds};

    #[tokio::test]
    async fn only_configured_servers_are_told_about() {
        let text = "
            [stage.llm]
            component = 'a.wasm'
            outbound = ['https://api.example.com:443', 'http://127.0.0.1:1', 'http://127.0.0.1:2', 'http://127.0.0.1:3']
            environment = { BREAKER_BUCKET = ' ' }
            keyvalue = ['breakers']
            [stage.tts]
            component = 'a.wasm'
            outbound = ['http://127.0.0.1:9']
            [stage.asr]
            component = 'a.wasm'
            outbound = ['http://127.0.0.1:7']
            environment = { BREAKER_BUCKET = 'other' }
            keyvalue = ['other']
            [keyvalue.breakers]
            backend = 'memory'
            max_mib = 1
            [keyvalue.other]
            backend = 'memory'
            max_mib = 1
        ";
        let config = Config::parse(Path::new("/etc/colloquy.toml"), text).unwrap();
        let bounds = Bounds {
            max_bytes: 1 << 20,
            max_age: None,
        };
        let store = Store::open(&Backend::Memory, bounds.clone()).unwrap();
        for (key, value) in [
            (
                "https://api.example.com",
                r#"{"state":"half-open","n_failures":5,"until_ms":1}"#,
            ),
            (
                "http://127.0.0.1:1",
                r#"{"state":"open","n_failures":5,"until_ms":1}"#,
            ),
            ("http://127.0.0.1:2", "nonsense"),
            (
                "http://elsewhere",
                r#"{"state":"open","n_failures":5,"until_ms":1}"#,
            ),
            (
                "http://127.0.0.1:9",
                r#"{"state":"open","n_failures":5,"until_ms":1}"#,
            ),
        ] {
            store.set(key.into(), value.into()).await.unwrap();
        }
        let other = Store::open(&Backend::Memory, bounds).unwrap();
        let open = r#"{"state":"open","n_failures":5,"until_ms":1}"#;
        other
            .set("http://127.0.0.1:7".into(), open.into())
            .await
            .unwrap();
        let stores = Stores::from([
            (BUCKET.to_owned(), Arc::new(store)),
            ("other".to_owned(), Arc::new(other)),
        ]);
        let breakers = Breakers::new(&stores, &config.stages);
        let names: Vec<_> = breakers
            .read()
            .await
            .into_iter()
            .map(|(upstream, state)| (upstream, state.map(BreakerState::name)))
            .collect();
        let expected = [
            ("http://127.0.0.1:1", Some("open")),
            ("http://127.0.0.1:2", None),
            ("http://127.0.0.1:3", Some("closed")),
            ("http://127.0.0.1:7", Some("open")),
            ("https://api.example.com", Some("half-open")),
        ];
        assert_eq!(names, expected);
        assert!(
            Breakers::new(&Stores::new(), &config.stages)
                .read()
                .await
                .is_empty()
        );
    }
}
