//! `/health/detailed`, and what the host learns of a route.

use serde_json::{Value, json};

use super::{Reply, fetch};
use crate::{
    contract::{Error, host},
    fakes::Fakes,
    ports::StoreError,
};

fn stage(section: &str, is_ready: bool) -> host::Stage {
    host::Stage {
        stage: "tts".into(),
        section: section.into(),
        name: is_ready.then(|| "tts-piper".into()),
        version: is_ready.then(|| "0.1.0".into()),
        model: None,
        digest: "abc".into(),
        is_ready,
        reason: (!is_ready).then(|| "no model".into()),
        n_instances: 2,
        n_loaded: 2,
        n_busy: 1,
        n_waiting: 3,
        max_waiting: 8,
    }
}

fn status(reply: &Reply) -> (u16, Value) {
    let body = reply.json();
    (reply.status, body["status"].clone())
}

#[tokio::test]
async fn a_host_that_tells_nothing_is_asked_for_what_is_needed() {
    let fakes = Fakes::default();
    let reply = fetch(&fakes, "/health/detailed").await;
    assert_eq!(status(&reply), (200, "ok".into()));
    let body = reply.json();
    let stages = body["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 6);
    assert!(
        stages
            .iter()
            .all(|it| it["ready"] == true && it["pool"].is_null())
    );
    let stores = body["stores"].as_array().unwrap();
    let names: Vec<_> = stores.iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["audio", "sessions"]);
    assert!(stores.iter().all(|it| it["reachable"] == true));
    assert_eq!(body["upstreams"], json!([]));
}

#[tokio::test]
async fn what_the_host_tells_is_told_on() {
    let fakes = Fakes {
        host: host::Status {
            stages: vec![stage("tts-piper", true)],
            stores: vec![host::Store {
                name: "sessions".into(),
                backend: Some("sqlite".into()),
                failure: None,
                n_bytes: Some(10),
                n_keys: Some(1),
                max_bytes: Some(100),
            }],
            upstreams: vec![host::Upstream {
                origin: "https://a.example".into(),
                breaker: "closed".into(),
            }],
        },
        ..Fakes::default()
    };
    let reply = fetch(&fakes, "/health/detailed").await;
    assert_eq!(status(&reply), (200, "ok".into()));
    let body = reply.json();
    let pool = json!({ "instances": 2, "loaded": 2, "busy": 1, "waiting": 3, "max_waiting": 8 });
    assert_eq!(body["stages"][0]["pool"], pool);
    assert_eq!(body["stages"][0]["digest"], "abc");
    // The other five are inside, and the one of the host is not told twice.
    assert_eq!(body["stages"].as_array().unwrap().len(), 6);
    let stores = body["stores"].as_array().unwrap();
    assert_eq!(stores[0]["backend"], "sqlite");
    assert_eq!(
        (&stores[0]["bytes"], &stores[0]["max_bytes"]),
        (&10.into(), &100.into())
    );
    assert_eq!(stores[1]["name"], "audio");
}

#[tokio::test]
async fn what_stands_in_or_is_missing_degrades() {
    let fakes = Fakes {
        host: host::Status {
            stages: vec![stage("tts-piper", true), stage("tts-openai", false)],
            stores: vec![host::Store {
                name: "breakers".into(),
                failure: Some("no connection".into()),
                ..host::Store::default()
            }],
            upstreams: vec![host::Upstream {
                origin: "https://a.example".into(),
                breaker: "open".into(),
            }],
        },
        ..Fakes::default()
    };
    let reply = fetch(&fakes, "/health/detailed").await;
    assert_eq!(status(&reply), (200, "degraded".into()));
    assert_eq!(
        reply.json()["reasons"],
        json!([
            "tts-openai is not ready",
            "the store breakers cannot be used",
            "the circuit breaker of https://a.example is open"
        ])
    );
}

#[tokio::test]
async fn no_turn_without_its_stages_or_its_stores() {
    let fakes = Fakes {
        ready: Err(Error::Unavailable("asr: no model".into())),
        ..Fakes::default()
    };
    let reply = fetch(&fakes, "/health/detailed").await;
    assert_eq!(status(&reply), (503, "unavailable".into()));
    let fakes = Fakes {
        store: Err(StoreError("it is away".into())),
        ..Fakes::default()
    };
    let reply = fetch(&fakes, "/health/detailed").await;
    assert_eq!(status(&reply), (503, "unavailable".into()));
    let body = reply.json();
    assert_eq!(body["stores"][0]["reachable"], false);
    assert_eq!(body["stores"][0]["reason"], "it is away");
}

#[tokio::test]
async fn the_host_learns_the_pattern_of_a_path_and_never_the_path() {
    let fakes = Fakes::default();
    for (path, pattern) in [
        ("/session/0123456789abcdef", Some("/session/{id}")),
        ("/audio/nothing-like-this", Some("/audio/{id}")),
        ("/health/detailed", Some("/health/detailed")),
        ("/nothing", None),
    ] {
        let reply = fetch(&fakes, path).await;
        let told = reply.headers.get("x-colloquy-route");
        assert_eq!(told.map(|it| it.to_str().unwrap()), pattern, "{path}");
    }
}
