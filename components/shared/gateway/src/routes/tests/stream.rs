//! A turn as a stream of events, at the pace of who reads it.

use axum::body::BodyDataStream;
use futures_util::StreamExt as _;

use super::*;
use crate::contract::Error;

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

#[tokio::test]
async fn the_same_turn_as_an_event_stream() {
    let fakes = Fakes::default();
    let request = HttpRequest::post("/process")
        .header("content-type", FORM)
        .header("accept", "text/event-stream")
        .body(form(&[("audio_file", b"sound")]))
        .unwrap();
    let reply = send(serve(&fakes), request).await;
    assert_eq!(
        (
            reply.status,
            reply.headers["content-type"].to_str().unwrap()
        ),
        (200, "text/event-stream")
    );
    let text = reply.text();
    let names: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    let expected = "speech-started speech-stopped transcript intent items token sentence audio token sentence audio done";
    assert_eq!(names.join(" "), expected);
    let data: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert_eq!(data[7]["audio"], "AQD//w==");
    assert_eq!(data[11]["response"], "She built A-0. Then COBOL.");
}

#[tokio::test]
async fn an_event_stream_ends_with_the_error() {
    let mut fakes = Fakes {
        failed_stage: Some("llm"),
        ..Fakes::default()
    };
    fakes.answered[3] = Err(Error::Internal("secret".into()));
    let request = HttpRequest::post("/process/text")
        .header("content-type", "application/json")
        .header("accept", "text/html;q=0.1, Text/Event-Stream")
        .header("x-request-id", "mine")
        .body(Body::from(r#"{"text":"hello"}"#))
        .unwrap();
    let text = send(serve(&fakes), request).await.text();
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    let data = last
        .strip_prefix("event: error\ndata: ")
        .unwrap_or_else(|| panic!("{text}"));
    let problem: Value = serde_json::from_str(data).unwrap();
    assert_eq!(
        (
            &problem["code"],
            &problem["instance"],
            &problem["request_id"]
        ),
        (&"INTERNAL".into(), &"/process/text".into(), &"mine".into())
    );
    assert!(!text.contains("secret"));
}

#[tokio::test]
async fn what_fails_before_the_first_event_has_its_own_status() {
    let fakes = Fakes {
        answered: vec![Err(Error::Unavailable("intent: no content".into()))],
        failed_stage: Some("intent"),
        ..Fakes::default()
    };
    let request = HttpRequest::post("/process/text")
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(Body::from(r#"{"text":"hello"}"#))
        .unwrap();
    send(serve(&fakes), request)
        .await
        .problem(503, "STAGE_UNAVAILABLE");
}
