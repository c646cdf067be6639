use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
};
use http::{HeaderMap, Request};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    config::Config,
    contract::Error,
    fakes::{Fakes, START_MS},
    times,
};

fn router(fakes: &Fakes) -> Router {
    crate::router(Arc::new(fakes.clone()), Config::default())
}

async fn send(fakes: &Fakes, request: Request<Body>) -> (u16, HeaderMap, Vec<u8>) {
    let response = router(fakes).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    (parts.status.as_u16(), parts.headers, body)
}

async fn tts(fakes: &Fakes, body: Value) -> (u16, Value) {
    let request = Request::post("/tts")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (status, _, body) = send(fakes, request).await;
    (status, serde_json::from_slice(&body).unwrap())
}

async fn get(fakes: &Fakes, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    send(fakes, request).await
}

async fn new_session(fakes: &Fakes) -> String {
    let request = Request::post("/session/create")
        .body(Body::empty())
        .unwrap();
    let (status, _, body) = send(fakes, request).await;
    assert_eq!(status, 201);
    let document: Value = serde_json::from_slice(&body).unwrap();
    document["session_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn text_becomes_audio_that_is_served() {
    for (format, kind, start) in [
        (json!(null), "audio/wav", &b"RIFF"[..]),
        (json!("wav"), "audio/wav", b"RIFF"),
        (json!("mp3"), "audio/mpeg", b"\xff\xf3"),
        (json!("flac"), "audio/flac", b"fLaC"),
        (json!("opus"), "audio/ogg", b"OggS"),
        (json!("pcm"), "audio/pcm", b""),
    ] {
        let fakes = Fakes::default();
        let (status, document) = tts(
            &fakes,
            json!({ "text": " Hello. ", "output_format": format }),
        )
        .await;
        assert_eq!(status, 200, "{document}");
        assert_eq!(document["audio_duration"], 1.0);
        assert_eq!(document["voice_used"], "joe");
        assert_eq!(document["content_type"], kind);
        assert_eq!(document["degraded"], json!([]));
        let end = times::rfc3339(START_MS + 30 + 1_800_000);
        assert_eq!(document["expires_at"], end);
        let id = document["audio_file"].as_str().unwrap();
        let (status, headers, bytes) = get(&fakes, &format!("/audio/{id}")).await;
        assert_eq!(
            (status, headers["content-type"].as_bytes()),
            (200, kind.as_bytes())
        );
        assert!(bytes.starts_with(start) && bytes.len() > 1_000);
        let asked = fakes.voice.sayings.lock().unwrap().clone();
        assert_eq!((asked[0].text.as_str(), &asked[0].voice), ("Hello.", &None));
        fakes.pass_ms(1_800_000);
        assert_eq!(get(&fakes, &format!("/audio/{id}")).await.0, 404);
    }
}

#[tokio::test]
async fn another_pitch_is_spoken_slower_and_played_faster() {
    let fakes = Fakes::default();
    let wish = json!({ "text": "Hello.", "voice": "ann", "rate": 1.5, "pitch": 1.25 });
    let (status, document) = tts(&fakes, wish).await;
    assert_eq!(status, 200);
    // The fake voice makes a second of audio at any speed.
    assert_eq!(document["audio_duration"], 0.8);
    assert_eq!(document["voice_used"], "ann");
    let asked = fakes.voice.sayings.lock().unwrap().clone();
    assert_eq!(
        (asked[0].rate, asked[0].voice.as_deref()),
        (1.2, Some("ann"))
    );
    let id = document["audio_file"].as_str().unwrap();
    let (_, _, bytes) = get(&fakes, &format!("/audio/{id}")).await;
    assert_eq!(bytes.len(), 44 + 2 * 17_640);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    for (wish, status, word) in [
        (json!({}), 400, "text"),
        (json!({ "text": "  " }), 422, "empty"),
        (json!({ "text": "x".repeat(2_001) }), 422, "2000"),
        (json!({ "text": "x", "rate": 2.5 }), 422, "rate"),
        (json!({ "text": "x", "pitch": 0.4 }), 422, "pitch"),
        (
            json!({ "text": "x", "rate": 2, "pitch": 0.5 }),
            422,
            "divided",
        ),
        (
            json!({ "text": "x", "output_format": "aac" }),
            400,
            "output_format",
        ),
        (json!({ "text": "x", "voice": "a/b" }), 400, "voice"),
        (json!({ "text": "x", "voice": "nobody" }), 422, "nobody"),
        (
            json!({ "text": "x", "session_id": "0000000000" }),
            404,
            "session",
        ),
    ] {
        let fakes = Fakes::default();
        let (given, problem) = tts(&fakes, wish.clone()).await;
        assert_eq!(given, status, "{wish}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{wish}: {detail}");
        assert_eq!(fakes.keys(), [""; 0], "{wish}");
    }
    let request = Request::post("/tts").body(Body::from("{}")).unwrap();
    assert_eq!(send(&Fakes::default(), request).await.0, 415);
}

#[tokio::test]
async fn audio_of_a_session_ends_with_it() {
    let fakes = Fakes::default();
    let session = new_session(&fakes).await;
    let (status, document) = tts(&fakes, json!({ "text": "Hello.", "session_id": session })).await;
    assert_eq!(status, 200, "{document}");
    let path = format!("/audio/{}", document["audio_file"].as_str().unwrap());
    assert_eq!(get(&fakes, &path).await.0, 200);
    // The session is free again.
    let (status, _) = tts(&fakes, json!({ "text": "Hello.", "session_id": session })).await;
    assert_eq!(status, 200);
    let request = Request::delete(format!("/session/{session}"))
        .body(Body::empty())
        .unwrap();
    assert_eq!(send(&fakes, request).await.0, 200);
    assert_eq!(get(&fakes, &path).await.0, 404);
}

#[tokio::test]
async fn a_voice_that_fails_or_is_replaced_is_told() {
    let mut fakes = Fakes::default();
    fakes.voice.degraded = Some("tts-edge is not available");
    let (status, document) = tts(&fakes, json!({ "text": "Hello." })).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&document["degraded"], &document["voice_used"]),
        (&json!(["tts"]), &json!(null))
    );
    let mut fakes = Fakes::default();
    fakes.voice.audio.push(Err(Error::Internal("trap".into())));
    let (status, problem) = tts(&fakes, json!({ "text": "Hello." })).await;
    assert_eq!((status, &problem["code"]), (500, &json!("TTS_FAILED")));
    assert!(!problem.to_string().contains("trap"));
    assert_eq!(*fakes.dropped.lock().unwrap(), ["speech"]);
}

#[tokio::test]
async fn voices_are_listed() {
    let (status, _, body) = get(&Fakes::default(), "/tts/voices").await;
    let document: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &document["total_voices"]), (200, &json!(2)));
    assert_eq!(
        document["voices"][1],
        json!({ "name": "ann", "display_name": "ANN", "gender": "female", "locale": "en-US", "engine": "fake-tts" })
    );
}

#[tokio::test]
async fn answers_are_kept_as_they_are_asked_for() {
    let fakes = Fakes::default();
    for (format, kind) in [
        (json!(null), "audio/wav"),
        (json!("mp3"), "audio/mpeg"),
        (json!("opus"), "audio/ogg"),
    ] {
        let body = json!({ "text": "What did she build?", "output_format": format });
        let request = Request::post("/process/text")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, _, body) = send(&fakes, request).await;
        let document: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 200, "{document}");
        let path = format!("/audio/{}", document["audio_file"].as_str().unwrap());
        assert_eq!(get(&fakes, &path).await.1["content-type"], kind);

        let format = format.as_str().unwrap_or_default();
        let field = |name: &str, value: &str| {
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let form = field("audio_file", "abc") + &field("output_format", format) + "--x--\r\n";
        let request = Request::post("/process")
            .header("content-type", "multipart/form-data; boundary=x")
            .body(Body::from(form))
            .unwrap();
        let (status, _, body) = send(&fakes, request).await;
        let document: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 200, "{document}");
        let path = format!("/audio/{}", document["audio_file"].as_str().unwrap());
        assert_eq!(get(&fakes, &path).await.1["content-type"], kind);
    }
    let request = Request::post("/process/text")
        .header("content-type", "application/json")
        .body(Body::from(r#"{"text":"x","output_format":"midi"}"#))
        .unwrap();
    assert_eq!(send(&fakes, request).await.0, 400);
    let request = Request::post("/session/create")
        .body(Body::empty())
        .unwrap();
    let (_, _, body) = send(&fakes, request).await;
    let document: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        document["capabilities"]["audio_out"],
        json!(["wav", "pcm", "flac", "mp3", "opus"])
    );
}
