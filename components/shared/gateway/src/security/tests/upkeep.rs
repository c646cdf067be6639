//! What the host alone may ask for.

use super::*;
use crate::contract::events::Event;

fn sweeps(gateway: &Gateway) -> usize {
    let published = gateway.fakes.published.lock().unwrap();
    let is_sweep = |event: &&Event| matches!(event, Event::Swept(_));
    published.iter().filter(is_sweep).count()
}

#[tokio::test]
async fn the_host_needs_no_key_and_is_not_counted() {
    let gateway = Gateway::new(&[
        ("TASK_HEADER", "x-task"),
        ("KEYS_FILE", "/nowhere/keys.toml"),
        ("RATE_QUERIES", "1"),
    ]);
    gateway
        .get("/content/types", &[])
        .await
        .is(503, "STAGE_UNAVAILABLE");
    assert_eq!(sweeps(&gateway), 0);
    for path in ["/upkeep", "/", "/session/create"] {
        let reply = gateway.get(path, &[("x-task", "sweep")]).await;
        assert_eq!((reply.status, reply.body.len()), (204, 0));
        assert!(reply.header("x-request-id").is_some());
        // Due once, however often somebody asks.
        assert_eq!(sweeps(&gateway), 1);
    }
    gateway
        .fakes
        .pass_ms(Config::default().sessions.sweep_every_ms);
    gateway.get("/upkeep", &[("x-task", "sweep")]).await;
    assert_eq!(sweeps(&gateway), 2);
    gateway
        .get("/upkeep", &[("x-task", "else")])
        .await
        .is(404, "NOT_FOUND");
}

#[tokio::test]
async fn where_the_host_has_no_header_nobody_is_the_host() {
    let gateway = Gateway::new(&[]);
    for header in ["x-task", "x-colloquy-task"] {
        gateway
            .get("/upkeep", &[(header, "sweep")])
            .await
            .is(404, "NOT_FOUND");
    }
    assert_eq!(sweeps(&gateway), 0);
}

#[tokio::test]
async fn more_than_one_sweep_may_remove_is_told() {
    let gateway = Gateway::new(&[("TASK_HEADER", "x-task")]);
    let config = Config::default();
    let store = crate::store::Store::new(&gateway.fakes, &config);
    for _ in 0..201 {
        store.keep_audio(None, "audio/wav", b"sound").unwrap();
    }
    gateway.fakes.pass_ms(config.audio_ttl_ms + 120_000);
    for (after_ms, status) in [(0, 202), (1_000, 204)] {
        gateway.fakes.pass_ms(after_ms);
        let reply = gateway.get("/upkeep", &[("x-task", "sweep")]).await;
        assert_eq!(reply.status, status);
    }
    assert_eq!(sweeps(&gateway), 2);
}

#[tokio::test]
async fn a_store_that_is_away_is_told() {
    let mut gateway = Gateway::new(&[("TASK_HEADER", "x-task")]);
    gateway.fakes.lost = Some("sessions");
    gateway
        .get("/upkeep", &[("x-task", "sweep")])
        .await
        .is(503, "STAGE_UNAVAILABLE");
}
