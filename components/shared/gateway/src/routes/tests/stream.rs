//! A turn as a stream, at the pace of who reads it.

use axum::body::BodyDataStream;
use futures_util::StreamExt as _;

use super::*;

async fn asked(fakes: &Fakes) -> BodyDataStream {
    let request = HttpRequest::post("/process/text")
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(Body::from(r#"{"text":"What did she build?"}"#))
        .unwrap();
    let response = serve(fakes).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().into_data_stream()
}

/// Calls of the answer so far: the fake clock goes on with each.
fn n_pulled(fakes: &Fakes) -> u64 {
    (*fakes.now_ms.lock().unwrap() - crate::fakes::START_MS) / 10
}

#[tokio::test]
async fn nothing_is_made_before_it_is_asked_for() {
    let fakes = Fakes::default();
    let mut events = asked(&fakes).await;
    // The first one is there before the response begins, because it decides about the status.
    assert_eq!(n_pulled(&fakes), 1);
    let mut n_read = 0;
    while let Some(event) = events.next().await {
        n_read += 1;
        assert!(n_pulled(&fakes) <= n_read, "{event:?}");
    }
    assert_eq!(n_read, fakes.answered.len() as u64);
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_work() {
    let fakes = Fakes::default();
    let mut events = asked(&fakes).await;
    for _ in 0..2 {
        events.next().await.unwrap().unwrap();
    }
    assert!(fakes.dropped.lock().unwrap().is_empty());
    drop(events);
    assert_eq!(*fakes.dropped.lock().unwrap(), ["answer"]);
    assert_eq!(n_pulled(&fakes), 2);
}
