//! Sessions begin, end and expire.

use super::*;
use crate::contract::events::{Event, Removal};

#[tokio::test]
async fn sessions_begin_and_end() {
    let fakes = Fakes::default();
    let body =
        json!({ "session_id": "my-session", "metadata": { "preferred_voice": "joe", "seat": 7 } })
            .to_string();
    let create = || {
        call(
            &fakes,
            "POST",
            "/session/create",
            "application/json",
            body.clone(),
        )
    };
    let created = create().await;
    assert_eq!(
        (created.status, &created.json()["session_id"]),
        (201, &"my-session".into())
    );
    assert_eq!(created.json()["expires_at"], "2026-11-22T21:35:00.000Z");
    assert_eq!(created.json()["capabilities"]["max_audio_ms"], 30_000);
    create().await.problem(409, "INVALID_REQUEST");
    let shown = fetch(&fakes, "/session/my-session").await.json();
    assert_eq!(shown["created_at"], "2026-11-22T20:35:00.000Z");
    assert_eq!(shown["conversation_history"], json!([]));
    let metadata = json!({ "preferred_voice": "joe", "seat": 7, "total_interactions": 0, "average_response_time": 0.0 });
    assert_eq!(shown["metadata"], metadata);
    let answer = ask(
        &fakes,
        json!({ "text": "hello", "session_id": "my-session" }),
    )
    .await
    .json();
    let ended = call(&fakes, "DELETE", "/session/my-session", "", "").await;
    assert_eq!(
        ended.json()["cleanup_info"],
        json!({ "session_id": "my-session", "turns_removed": 1, "audio_removed": 1 })
    );
    fetch(&fakes, "/session/my-session")
        .await
        .problem(404, "SESSION_NOT_FOUND");
    fetch(
        &fakes,
        &format!("/audio/{}", answer["audio_file"].as_str().unwrap()),
    )
    .await
    .problem(404, "NOT_FOUND");
    call(&fakes, "DELETE", "/session/my-session", "", "")
        .await
        .problem(404, "SESSION_NOT_FOUND");
    assert!(
        matches!(&fakes.published.lock().unwrap()[..], [.., Event::SessionEnded(ended), Event::AudioRemoved(audio)]
            if ended.n_turns == 1 && audio.reason == Removal::SessionEnded)
    );
}

#[tokio::test]
async fn sessions_expire_an_hour_after_the_last_turn() {
    let fakes = Fakes::default();
    let id = new_session(&fakes).await;
    fakes.pass_ms(3_599_000);
    assert_eq!(
        ask(&fakes, json!({ "text": "hello", "session_id": id }))
            .await
            .status,
        200
    );
    fakes.pass_ms(3_599_000);
    assert_eq!(fetch(&fakes, &format!("/session/{id}")).await.status, 200);
    fakes.pass_ms(2_000);
    fetch(&fakes, &format!("/session/{id}"))
        .await
        .problem(410, "SESSION_EXPIRED");
    ask(&fakes, json!({ "text": "hello", "session_id": id }))
        .await
        .problem(410, "SESSION_EXPIRED");
    let body = json!({ "session_id": id }).to_string();
    assert_eq!(
        call(&fakes, "POST", "/session/create", "application/json", body)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn sessions_cannot_be_made_of_anything() {
    let fakes = Fakes::default();
    let create = async |body: String| {
        call(&fakes, "POST", "/session/create", "application/json", body).await
    };
    create(json!({ "session_id": "../../etc" }).to_string())
        .await
        .problem(400, "INVALID_REQUEST");
    create("[]".into()).await.problem(400, "INVALID_REQUEST");
    create(json!({ "metadata": { "x": "y".repeat(5_000) } }).to_string())
        .await
        .problem(413, "PAYLOAD_TOO_LARGE");
    fetch(&fakes, "/session/..%2f..%2fetc")
        .await
        .problem(404, "SESSION_NOT_FOUND");
}
