use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
};
use futures_util::StreamExt as _;
use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    config::Config,
    contract::{Error, speak},
    fakes::Fakes,
    ports::Result as PortResult,
};

fn router(fakes: &Fakes) -> Router {
    crate::router(Arc::new(fakes.clone()), Config::default())
}

fn asked(change: Value) -> Request<Body> {
    let mut body = json!({ "model": "tts-1", "input": "One. Two.", "voice": "joe" });
    let members = body.as_object_mut().unwrap();
    for (name, value) in change.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    Request::post("/v1/audio/speech")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

async fn send(fakes: &Fakes, request: Request<Body>) -> (u16, HeaderMap, Vec<u8>) {
    let response = router(fakes).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    (parts.status.as_u16(), parts.headers, body)
}

async fn refused(change: Value) -> (u16, Value) {
    let fakes = Fakes::default();
    let (status, _, body) = send(&fakes, asked(change)).await;
    let document: Value = serde_json::from_slice(&body).unwrap();
    (status, document["error"].clone())
}

#[tokio::test]
async fn every_format_begins_as_it_should() {
    for (format, kind, start) in [
        (json!(null), "audio/mpeg", &b"\xff\xf3"[..]),
        (json!("mp3"), "audio/mpeg", b"\xff\xf3"),
        (json!("wav"), "audio/wav", b"RIFF\xff\xff\xff\xff"),
        (json!("flac"), "audio/flac", b"fLaC"),
        (json!("opus"), "audio/ogg", b"OggS"),
        (json!("pcm"), "audio/pcm", b""),
    ] {
        let fakes = Fakes::default();
        let (status, headers, body) =
            send(&fakes, asked(json!({ "response_format": format }))).await;
        assert_eq!(
            (status, headers["content-type"].to_str().unwrap()),
            (200, kind)
        );
        assert!(body.starts_with(start) && body.len() > 1_000, "{format}");
        assert_eq!(*fakes.dropped.lock().unwrap(), ["speech"]);
        let asked = fakes.voice.sayings.lock().unwrap().clone();
        assert_eq!(asked.len(), 1);
        assert_eq!((asked[0].text.as_str(), asked[0].rate), ("One. Two.", 1.0));
        assert_eq!(asked[0].voice.as_deref(), Some("joe"));
        assert_eq!(headers["x-request-id"], asked[0].request_id.as_str());
        if kind == "audio/pcm" {
            // A second of speech at 24 kHz.
            assert_eq!(body.len(), 48_000);
        }
    }
}

#[tokio::test]
async fn voices_may_be_objects_and_openai_s_names_mean_the_default_one() {
    for (voice, meant) in [
        (json!("ann"), Some("ann")),
        (json!({ "id": "ann" }), Some("ann")),
        (json!("alloy"), None),
        (json!({ "id": "verse" }), None),
        (json!(null), None),
    ] {
        let fakes = Fakes::default();
        let request = asked(json!({ "voice": voice, "speed": 1.5, "instructions": "Whisper." }));
        assert_eq!(send(&fakes, request).await.0, 200);
        let asked = fakes.voice.sayings.lock().unwrap().clone();
        assert_eq!((asked[0].voice.as_deref(), asked[0].rate), (meant, 1.5));
    }
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    for (change, status, param, code) in [
        (
            json!({ "voice": "nobody" }),
            400,
            json!("voice"),
            "unsupported_value",
        ),
        (
            json!({ "voice": "../x" }),
            400,
            json!("voice"),
            "invalid_request",
        ),
        (json!({ "voice": 7 }), 400, json!(null), "invalid_request"),
        (
            json!({ "input": " " }),
            400,
            json!("input"),
            "invalid_request",
        ),
        (
            json!({ "input": null }),
            400,
            json!("input"),
            "invalid_request",
        ),
        (
            json!({ "input": "x".repeat(4_097) }),
            400,
            json!("input"),
            "invalid_request",
        ),
        (
            json!({ "speed": 0.2 }),
            400,
            json!("speed"),
            "invalid_request",
        ),
        (
            json!({ "speed": 3 }),
            400,
            json!("speed"),
            "unsupported_value",
        ),
        (
            json!({ "response_format": "aac" }),
            400,
            json!("response_format"),
            "unsupported_value",
        ),
        (
            json!({ "response_format": "midi" }),
            400,
            json!("response_format"),
            "unsupported_value",
        ),
        (
            json!({ "stream_format": "x" }),
            400,
            json!("stream_format"),
            "unsupported_value",
        ),
        (
            json!({ "model": "none" }),
            404,
            json!("model"),
            "model_not_found",
        ),
        (
            json!({ "model": null }),
            400,
            json!("model"),
            "invalid_request",
        ),
    ] {
        let (given, error) = refused(change.clone()).await;
        assert_eq!(
            (given, &error["param"], error["code"].as_str()),
            (status, &param, Some(code)),
            "{change}: {error}"
        );
        assert_eq!(error["type"], "invalid_request_error");
    }
    let (_, error) = refused(json!({ "voice": "nobody" })).await;
    assert!(error["message"].as_str().unwrap().contains("`nobody`"));
    let longest = refused_or_not(json!({ "input": "ö".repeat(4_096) })).await;
    assert_eq!(longest, 200);
}

async fn refused_or_not(change: Value) -> u16 {
    send(&Fakes::default(), asked(change)).await.0
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let request = Request::post("/v1/audio/speech")
        .header("content-type", "text/plain")
        .body(Body::from("x"))
        .unwrap();
    let (status, _, body) = send(&Fakes::default(), request).await;
    let document: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (status, &document["error"]["type"]),
        (400, &json!("invalid_request_error"))
    );
}

#[tokio::test]
async fn events_carry_the_same_bytes() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let whole = send(
        &Fakes::default(),
        asked(json!({ "response_format": "wav" })),
    )
    .await
    .2;
    let request = asked(json!({ "response_format": "wav", "stream_format": "sse" }));
    let (status, headers, body) = send(&Fakes::default(), request).await;
    assert_eq!(
        (status, headers["content-type"].as_bytes()),
        (200, &b"text/event-stream"[..])
    );
    let body = String::from_utf8(body).unwrap();
    let mut events: Vec<Value> = body
        .split_terminator("\n\n")
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    let done = events.pop().unwrap();
    assert_eq!(
        done,
        json!({ "type": "speech.audio.done", "usage": { "input_tokens": 2, "output_tokens": 0, "total_tokens": 2 } })
    );
    let mut bytes = vec![];
    for event in events {
        assert_eq!(event["type"], "speech.audio.delta");
        bytes.extend(STANDARD.decode(event["audio"].as_str().unwrap()).unwrap());
    }
    assert!(bytes == whole);
}

fn failing(pieces: usize) -> Fakes {
    let mut fakes = Fakes::default();
    let audio: Vec<PortResult<speak::Audio>> =
        fakes.voice.audio.iter().take(pieces).cloned().collect();
    fakes.voice.audio = audio;
    fakes.voice.audio.push(Err(Error::Deadline));
    fakes
}

#[tokio::test]
async fn a_failure_before_the_first_piece_has_its_status() {
    for change in [json!({}), json!({ "stream_format": "sse" })] {
        let (status, _, body) = send(&failing(0), asked(change)).await;
        let document: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (status, &document["error"]["type"]),
            (504, &json!("server_error"))
        );
    }
}

#[tokio::test]
async fn a_failure_in_the_middle_cuts_the_audio_and_is_an_event_of_the_stream() {
    let response = router(&failing(1))
        .oneshot(asked(json!({ "response_format": "wav" })))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let pieces: Vec<_> = response.into_body().into_data_stream().collect().await;
    assert!(pieces.len() == 2 && pieces[0].is_ok() && pieces[1].is_err());
    let request = asked(json!({ "response_format": "wav", "stream_format": "sse" }));
    let (_, _, body) = send(&failing(1), request).await;
    let body = String::from_utf8(body).unwrap();
    let last = body.split_terminator("\n\n").last().unwrap();
    let last: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(last["error"]["type"], "server_error");
}

#[tokio::test]
async fn pieces_are_made_when_they_are_asked_for_and_not_after_the_client_has_gone() {
    let fakes = Fakes::default();
    let request = asked(json!({ "response_format": "wav" }));
    let response = router(&fakes).oneshot(request).await.unwrap();
    let mut pieces = response.into_body().into_data_stream();
    assert_eq!(*fakes.voice.given.lock().unwrap(), 1);
    pieces.next().await.unwrap().unwrap();
    assert_eq!(*fakes.voice.given.lock().unwrap(), 1);
    pieces.next().await.unwrap().unwrap();
    assert_eq!(*fakes.voice.given.lock().unwrap(), 2);
    assert!(fakes.dropped.lock().unwrap().is_empty());
    drop(pieces);
    assert_eq!(*fakes.dropped.lock().unwrap(), ["speech"]);
}

#[tokio::test]
async fn voices_are_listed() {
    let request = Request::builder()
        .method(Method::GET)
        .uri("/v1/audio/voices")
        .body(Body::empty())
        .unwrap();
    let (status, _, body) = send(&Fakes::default(), request).await;
    let document: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(status, 200);
    assert_eq!(
        document["voices"][0],
        json!({ "id": "joe", "name": "JOE", "gender": "male", "locale": "en-US", "engine": "fake-tts" })
    );
}
