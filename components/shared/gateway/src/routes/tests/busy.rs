//! Several requests of one session at the same time.

use axum::body::BodyDataStream;
use futures_util::StreamExt as _;

use super::*;
use crate::contract::Error;

/// A turn whose client has had the first event so far.
async fn begun(fakes: &Fakes, session: &str) -> BodyDataStream {
    let question = json!({ "text": "What did she build?", "session_id": session });
    let request = HttpRequest::post("/process/text")
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(Body::from(question.to_string()))
        .unwrap();
    let response = serve(fakes).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut events = response.into_body().into_data_stream();
    assert!(next(&mut events).await.starts_with("event: intent"));
    events
}

async fn next(events: &mut BodyDataStream) -> String {
    let frame = events.next().await.unwrap().unwrap();
    String::from_utf8(frame.to_vec()).unwrap()
}

async fn last(mut events: BodyDataStream) -> String {
    let mut last = String::new();
    while let Some(frame) = events.next().await {
        last = String::from_utf8(frame.unwrap().to_vec()).unwrap();
    }
    last
}

#[tokio::test]
async fn a_session_has_one_turn_at_a_time() {
    let fakes = Fakes::default();
    let id = new_session(&fakes).await;
    let events = begun(&fakes, &id).await;
    let question = || ask(&fakes, json!({ "text": "And then?", "session_id": id }));
    question().await.problem(409, "SESSION_BUSY");
    // Looking at it is no turn.
    assert_eq!(fetch(&fakes, &format!("/session/{id}")).await.status, 200);
    assert!(last(events).await.starts_with("event: done"));
    assert_eq!(question().await.status, 200);
    let shown = fetch(&fakes, &format!("/session/{id}")).await.json();
    assert_eq!(shown["metadata"]["total_interactions"], 2);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_its_session_free() {
    let fakes = Fakes::default();
    let id = new_session(&fakes).await;
    drop(begun(&fakes, &id).await);
    let reply = ask(&fakes, json!({ "text": "And then?", "session_id": id })).await;
    assert_eq!(reply.status, 200);
    // So does a turn that fails.
    let failing = Fakes {
        answered: vec![Err(Error::Deadline)],
        ..fakes.clone()
    };
    let question = || ask(&failing, json!({ "text": "And then?", "session_id": id }));
    question().await.problem(504, "STAGE_TIMEOUT");
    question().await.problem(504, "STAGE_TIMEOUT");
}

#[tokio::test]
async fn a_session_that_is_deleted_in_the_middle_of_a_turn_stays_deleted() {
    let fakes = Fakes::default();
    let id = new_session(&fakes).await;
    let events = begun(&fakes, &id).await;
    let path = format!("/session/{id}");
    assert_eq!(call(&fakes, "DELETE", &path, "", "").await.status, 200);
    let told = last(events).await;
    assert!(
        told.starts_with("event: error") && told.contains("SESSION_NOT_FOUND"),
        "{told}"
    );
    fetch(&fakes, &path).await.problem(404, "SESSION_NOT_FOUND");
    let keys = fakes.keys();
    assert!(
        !keys.iter().any(|key| key.starts_with("audio:")),
        "{keys:?}"
    );
}

#[tokio::test]
async fn audio_that_is_larger_than_all_that_may_be_kept_is_told() {
    let fakes = Fakes::default();
    let mut config = Config::default();
    config.sessions.audio_bytes_each = 10;
    let request = HttpRequest::post("/process/text")
        .header("content-type", "application/json")
        .body(Body::from(r#"{"text":"hello"}"#))
        .unwrap();
    let answer = send(router(Arc::new(fakes.clone()), config), request)
        .await
        .json();
    assert_eq!(answer["audio_file"], Value::Null);
    assert_eq!(answer["degraded"], json!(["store"]));
}
