//! How much one client may ask.

use super::*;
use crate::ports::StoreError;

#[tokio::test]
async fn limits_are_told_and_hold_for_each_address() {
    let gateway = Gateway::new(&[("PEER_HEADER", "x-peer"), ("RATE_TURNS", "2")]);
    let (one, two) = ([("x-peer", "192.0.2.1")], [("x-peer", "192.0.2.2")]);
    let first = gateway.ask(&one).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(first.header("x-ratelimit-remaining"), Some("1"));
    assert!(first.headers.contains_key("x-ratelimit-reset"));
    assert_eq!(gateway.ask(&one).await.status, 200);
    let third = gateway.ask(&one).await;
    third.is(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(third.json()["retryable"], true);
    assert_eq!(third.header("x-ratelimit-remaining"), Some("0"));
    let wait: u64 = third.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=120).contains(&wait), "{wait}");
    assert_eq!(gateway.ask(&two).await.status, 200);
    // Another kind has its own; what is free has none.
    assert_eq!(
        gateway
            .get("/content/types", &one)
            .await
            .header("x-ratelimit-limit"),
        Some("200")
    );
    assert_eq!(
        gateway
            .get("/health", &one)
            .await
            .header("x-ratelimit-limit"),
        None
    );
    gateway.fakes.pass_ms(wait * 1_000);
    assert_eq!(gateway.ask(&one).await.status, 200);
}

#[tokio::test]
async fn a_key_has_its_own_limit_wherever_it_is_used() {
    let gateway = Gateway::with_keys(&[("a", "cq_a", "limits = { turns = 1 }"), ("b", "cq_b", "")]);
    let a = [("x-api-key", "cq_a")];
    assert_eq!(gateway.ask(&a).await.status, 200);
    gateway.ask(&a).await.is(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(
        gateway
            .ask(&[("x-api-key", "cq_b")])
            .await
            .header("x-ratelimit-limit"),
        Some("60")
    );
}

#[tokio::test]
async fn without_a_store_configuration_decides() {
    for (setting, status) in [("allow", 200), ("refuse", 503)] {
        let mut gateway = Gateway::new(&[("PEER_HEADER", "x-peer"), ("RATE_UNCOUNTED", setting)]);
        gateway.fakes.store = Err(StoreError("it is down".into()));
        let reply = gateway
            .get("/content/types", &[("x-peer", "192.0.2.1")])
            .await;
        assert_eq!(reply.status, status, "{setting}");
    }
}
