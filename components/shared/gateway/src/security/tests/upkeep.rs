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

#[tokio::test]
async fn where_the_host_asks_no_request_sweeps() {
    for (settings, expected) in [(&[][..], 1), (&[("TASK_HEADER", "x-task")], 0)] {
        let gateway = Gateway::new(settings);
        assert_eq!(gateway.ask(&[]).await.status, 200);
        assert_eq!(sweeps(&gateway), expected);
    }
}

/// A turn that was stopped in its middle: it has its session, and ran nothing of what lets go of it.
#[tokio::test]
async fn a_session_is_released_for_the_request_that_was_stopped_and_for_no_other() {
    let mut gateway = Gateway::with_keys(&[("kiosk", "key-1", ""), ("phone", "key-2", "")]);
    gateway.settings.push(("TASK_HEADER", "x-task".into()));
    let (kiosk, phone) = (("x-api-key", "key-1"), ("x-api-key", "key-2"));
    let wanted = json!({ "session_id": "session-1" });
    for key in [kiosk, phone] {
        let headers = [key];
        let created = gateway.send("POST", "/session/create", &headers, wanted.clone());
        assert_eq!(created.await.status, 201);
    }
    let config = Config::default();
    let store = crate::store::Store::new(&gateway.fakes, &config).within("kiosk~".into());
    let owner = crate::session::Lease::owner_for("request-1");
    let begun = store.begin("session-1", &owner).unwrap();
    let is_busy = || store.begin("session-1", "another").is_err();
    for (headers, status) in [
        (&[("x-task", "release session-1 request-2"), kiosk][..], 204),
        (&[("x-task", "release session-2 request-1"), kiosk], 204),
        (&[("x-task", "release session-1 request-1"), phone], 204),
        (&[("x-task", "release session-1 request-1")], 204),
        (&[("x-task", "release session-1"), kiosk], 404),
        (&[("x-task", "release ../../1 request-1"), kiosk], 404),
        (&[("x-task", "release session-1 request-1 "), kiosk], 404),
    ] {
        let reply = gateway.get("/upkeep", headers).await;
        assert_eq!(reply.status, status, "{headers:?}");
        assert!(is_busy(), "{headers:?}");
    }
    let task = ("x-task", "release session-1 request-1");
    assert_eq!(gateway.get("/upkeep", &[task, kiosk]).await.status, 204);
    assert!(!is_busy());
    // The turn that begins then is not the one that was stopped.
    gateway.get("/upkeep", &[task, kiosk]).await;
    assert!(is_busy());
    store.release(&begun, "another").unwrap();
}
