use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request as HttpRequest};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::{
    contract::{
        Error,
        events::{Event, Removal},
        listen::Rejection,
    },
    fakes::Fakes,
    ports::StoreError,
};

mod busy;
mod health;
mod stream;

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Checks that it is a complete problem document.
    #[track_caller]
    fn problem(&self, status: u16, code: &str) -> Value {
        let document = self.json();
        assert_eq!(
            (self.status, &document["code"]),
            (status, &code.into()),
            "{document}"
        );
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(
            self.headers["x-request-id"].to_str().unwrap(),
            document["request_id"]
        );
        assert_eq!(document["status"], status);
        assert_eq!(
            self.headers.contains_key("retry-after"),
            document.get("retry_after_ms").is_some()
        );
        document
    }
}

async fn send(router: Router, request: HttpRequest<Body>) -> Reply {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    }
}

fn serve(fakes: &Fakes) -> Router {
    router(Arc::new(fakes.clone()), Config::default())
}

async fn get_with(fakes: &Fakes, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = HttpRequest::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(serve(fakes), request.body(Body::empty()).unwrap()).await
}

async fn fetch(fakes: &Fakes, path: &str) -> Reply {
    get_with(fakes, path, &[]).await
}

async fn call(fakes: &Fakes, method: &str, path: &str, kind: &str, body: impl Into<Body>) -> Reply {
    let request = HttpRequest::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind);
    send(serve(fakes), request.body(body.into()).unwrap()).await
}

async fn ask(fakes: &Fakes, body: Value) -> Reply {
    call(
        fakes,
        "POST",
        "/process/text",
        "application/json",
        body.to_string(),
    )
    .await
}

const FORM: &str = "multipart/form-data; boundary=XX";

/// A form of these fields, sent in pieces of seven bytes.
fn form(fields: &[(&str, &[u8])]) -> Body {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        let file = if *name == "audio_file" {
            "; filename=\"../../x.wav\""
        } else {
            ""
        };
        bytes.extend(
            format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n")
                .bytes(),
        );
        bytes.extend(*value);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"--XX--\r\n");
    let pieces: Vec<_> = bytes
        .chunks(7)
        .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
        .collect();
    Body::from_stream(futures_util::stream::iter(pieces))
}

async fn upload(fakes: &Fakes, fields: &[(&str, &[u8])]) -> Reply {
    call(fakes, "POST", "/process", FORM, form(fields)).await
}

async fn new_session(fakes: &Fakes) -> String {
    let reply = call(fakes, "POST", "/session/create", "application/json", "").await;
    assert_eq!(reply.status, 201);
    reply.json()["session_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_spoken_question_is_answered() {
    let fakes = Fakes::default();
    let reply = upload(&fakes, &[("audio_file", b"RIFF the bytes of a recording")]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["transcription"], "What did she build?");
    assert_eq!(answer["response"], "She built A-0. Then COBOL.");
    assert_eq!(answer["items"][0]["type"], "project");
    assert_eq!(
        answer["metadata"],
        json!({
            "intelligent_selection": true,
            "cards_shown": 1,
            "cards_mentioned": null,
            "query_intent": "about",
            "content_filter": "since 1952",
            "confidence_score": 0.5,
            "transcription_confidence": 0.75,
        })
    );
    assert_eq!(answer["degraded"], json!([]));
    let utterances = fakes.utterances.lock().unwrap().clone();
    assert_eq!(utterances.len(), 1);
    assert_eq!(utterances[0].1, b"RIFF the bytes of a recording");
    assert_eq!(utterances[0].0.max_bytes, 26_214_400);
    assert!(
        matches!(&fakes.published.lock().unwrap()[..], [Event::TurnStarted(turn), Event::AudioStored(audio), Event::Swept(_)]
            if turn.session_id == answer["session_id"].as_str().unwrap() && turn.session_id == audio.session_id)
    );
    // Its audio is there, and its session goes on.
    let audio = fetch(
        &fakes,
        &format!("/audio/{}", answer["audio_file"].as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (audio.status, audio.body),
        (
            200,
            crate::speaking::file(colloquy_encode::Format::Wav, 22_050, &[1, -1, 1, -1]).unwrap()
        )
    );
    let session = fetch(
        &fakes,
        &format!("/session/{}", answer["session_id"].as_str().unwrap()),
    )
    .await
    .json();
    assert_eq!(
        session["conversation_history"][0]["items_shown"],
        json!(["a-0"])
    );
}

#[tokio::test]
async fn fields_come_in_any_order() {
    let fakes = Fakes::default();
    let session = new_session(&fakes).await;
    let (id, sound) = (session.as_bytes(), &b"sound"[..]);
    for fields in [
        [
            ("session_id", id),
            ("language", b"en"),
            ("voice", b"joe"),
            ("unknown", b"?"),
            ("audio_file", sound),
        ],
        [
            ("audio_file", sound),
            ("unknown", b"?"),
            ("voice", b"joe"),
            ("language", b"en"),
            ("session_id", id),
        ],
    ] {
        let reply = upload(&fakes, &fields).await;
        assert_eq!(
            (reply.status, &reply.json()["session_id"]),
            (200, &session.as_str().into())
        );
        let utterances = fakes.utterances.lock().unwrap();
        let (options, bytes) = utterances.last().unwrap();
        assert_eq!(
            (options.session_id.as_str(), options.language.as_deref()),
            (session.as_str(), Some("en"))
        );
        assert_eq!(bytes, sound);
        assert_eq!(
            fakes
                .requests
                .lock()
                .unwrap()
                .last()
                .unwrap()
                .voice
                .as_deref(),
            Some("joe")
        );
    }
    // Only the second form was opened twice.
    assert_eq!(fakes.utterances.lock().unwrap().len(), 3);
    assert_eq!(
        fetch(&fakes, &format!("/session/{session}")).await.json()["metadata"]["preferred_voice"],
        "joe"
    );
}

#[tokio::test]
async fn an_answer_is_spoken_unless_text_is_enough() {
    let fakes = Fakes::default();
    ask(&fakes, json!({ "text": "Hello" })).await.json();
    ask(&fakes, json!({ "text": "Hello", "speak": false }))
        .await
        .json();
    for speak in ["", "true", "false"] {
        let fields = [("audio_file", &b"sound"[..]), ("speak", speak.as_bytes())];
        upload(&fakes, &fields).await.json();
    }
    let requests = fakes.requests.lock().unwrap();
    let spoken: Vec<_> = requests.iter().map(|request| request.speak).collect();
    assert_eq!(spoken, [true, false, true, true, false]);
}

#[tokio::test]
async fn a_written_question_is_answered_with_the_conversation_in_mind() {
    let fakes = Fakes::default();
    let first = ask(&fakes, json!({ "text": " What did she build? " }))
        .await
        .json();
    assert_eq!(
        (&first["transcription"], &first["language"]),
        (&"What did she build?".into(), &"en".into())
    );
    assert_eq!(first["metadata"]["transcription_confidence"], Value::Null);
    let second = ask(
        &fakes,
        json!({ "text": "And then?", "session_id": first["session_id"] }),
    )
    .await;
    assert_eq!(second.status, 200);
    let requests = fakes.requests.lock().unwrap();
    assert_eq!(requests[1].history.len(), 1);
    assert_eq!(
        (
            requests[1].history[0].user.as_str(),
            requests[1].history[0].item_ids[0].as_str()
        ),
        ("What did she build?", "a-0")
    );
    assert_eq!((requests[1].max_items, requests[1].speak), (4, true));
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

#[tokio::test]
async fn recordings_are_refused_for_what_is_wrong_with_them() {
    let cases = [
        (Rejection::TooShort, 422, "AUDIO_TOO_SHORT"),
        (Rejection::TooLong, 422, "AUDIO_TOO_LONG"),
        (Rejection::TooLarge, 413, "PAYLOAD_TOO_LARGE"),
        (
            Rejection::UnsupportedFormat,
            415,
            "AUDIO_FORMAT_UNSUPPORTED",
        ),
        (Rejection::Malformed, 422, "INVALID_AUDIO"),
    ];
    for (rejection, status, code) in cases {
        let error = || Err(Error::InvalidInput("ingest: no".into()));
        let while_sent = Fakes {
            push: error(),
            ..Fakes::default()
        };
        let at_the_end = Fakes {
            finish: error(),
            ..Fakes::default()
        };
        let later = Fakes {
            heard: vec![error().map(|()| crate::fakes::transcript(""))],
            ..Fakes::default()
        };
        for fakes in [while_sent, at_the_end, later] {
            let fakes = Fakes {
                rejection: Some(rejection),
                failed_stage: Some("ingest"),
                ..fakes
            };
            let problem = upload(&fakes, &[("audio_file", b"sound"), ("voice", b"joe")])
                .await
                .problem(status, code);
            assert_eq!(
                (&problem["stage"], &problem["instance"]),
                (&"ingest".into(), &"/process".into())
            );
            assert_eq!(problem["retryable"], false);
        }
    }
}

#[tokio::test]
async fn too_many_bytes_are_too_many() {
    let fakes = Fakes::default();
    let config = Config {
        max_upload_bytes: 100,
        ..Config::default()
    };
    let send_bytes = async |n: usize, declared: Option<usize>| {
        let mut request = HttpRequest::post("/process").header("content-type", FORM);
        if let Some(length) = declared {
            request = request.header("content-length", length);
        }
        let request = request.body(form(&[("audio_file", &vec![7; n])])).unwrap();
        send(router(Arc::new(fakes.clone()), config.clone()), request).await
    };
    assert_eq!(send_bytes(100, None).await.status, 200);
    send_bytes(101, None)
        .await
        .problem(413, "PAYLOAD_TOO_LARGE");
    // Past the point where the body is cut off.
    send_bytes(70_000, None)
        .await
        .problem(413, "PAYLOAD_TOO_LARGE");
    send_bytes(70_000, Some(70_000))
        .await
        .problem(413, "PAYLOAD_TOO_LARGE");
    let pushed = fakes
        .utterances
        .lock()
        .unwrap()
        .iter()
        .map(|(_, bytes)| bytes.len())
        .max();
    assert_eq!(
        pushed,
        Some(100),
        "nothing past the limit reaches the pipeline"
    );
}

#[tokio::test]
async fn an_upload_of_the_full_size_passes() {
    let fakes = Fakes::default();
    let reply = upload(&fakes, &[("audio_file", &vec![7; 3 << 20])]).await;
    assert_eq!(reply.status, 200, "axum's own limit is 2 MiB");
}

#[tokio::test]
async fn malformed_forms_are_told_what_is_wrong() {
    let fakes = Fakes::default();
    let problem = upload(&fakes, &[("voice", b"joe")])
        .await
        .problem(400, "INVALID_REQUEST");
    assert!(problem["detail"].as_str().unwrap().contains("audio_file"));
    call(&fakes, "POST", "/process", "multipart/form-data", "x")
        .await
        .problem(400, "INVALID_REQUEST");
    call(&fakes, "POST", "/process", FORM, "--XX\r\n")
        .await
        .problem(400, "INVALID_REQUEST");
    call(&fakes, "POST", "/process", "text/plain", "x")
        .await
        .problem(415, "INVALID_REQUEST");
    upload(&fakes, &[("audio_file", b"a"), ("audio_file", b"b")])
        .await
        .problem(400, "INVALID_REQUEST");
    for (name, value) in [
        ("language", &b"en_US!"[..]),
        ("voice", b"../joe"),
        ("session_id", b"../../etc"),
        ("voice", &[0xff]),
        ("speak", b"perhaps"),
    ] {
        upload(&fakes, &[("audio_file", b"a"), (name, value)])
            .await
            .problem(400, "INVALID_REQUEST");
    }
    upload(&fakes, &[("audio_file", b"a"), ("voice", &[b'a'; 300])])
        .await
        .problem(400, "INVALID_REQUEST");
    upload(
        &fakes,
        &[
            ("session_id", b"0b0e7a38-5f0c-4bb4-8f5e"),
            ("audio_file", b"a"),
        ],
    )
    .await
    .problem(404, "SESSION_NOT_FOUND");
    assert!(fakes.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn malformed_json_is_told_where() {
    let fakes = Fakes::default();
    let post = |body: &'static str| {
        call(
            &fakes,
            "POST",
            "/process/text",
            "application/json; charset=utf-8",
            body,
        )
    };
    let problem = post(r#"{"text": "#).await.problem(400, "INVALID_REQUEST");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("line 1 column 9"),
        "{problem}"
    );
    let problem = post(r#"{"txt": "hello"}"#)
        .await
        .problem(400, "INVALID_REQUEST");
    assert!(
        problem["detail"].as_str().unwrap().contains("`text`"),
        "{problem}"
    );
    post(r#"{"text": "  "}"#)
        .await
        .problem(422, "INVALID_REQUEST");
    post(r#"{"text": "x", "session_id": "../../etc"}"#)
        .await
        .problem(400, "INVALID_REQUEST");
    post(r#"{"text": "x", "voice": ""}"#)
        .await
        .problem(400, "INVALID_REQUEST");
    ask(&fakes, json!({ "text": "é".repeat(2_001) }))
        .await
        .problem(422, "INVALID_REQUEST");
    assert_eq!(
        ask(&fakes, json!({ "text": "é".repeat(2_000) }))
            .await
            .status,
        200
    );
    ask(&fakes, json!({ "text": "x".repeat(70_000) }))
        .await
        .problem(413, "PAYLOAD_TOO_LARGE");
    call(&fakes, "POST", "/process/text", "text/plain", "hello")
        .await
        .problem(415, "INVALID_REQUEST");
}

#[tokio::test]
async fn stages_fail_as_promised() {
    let cases = [
        (Error::Busy(Some(700)), "asr", 503, "OVERLOADED"),
        (
            Error::Unavailable("no model".into()),
            "asr",
            503,
            "STAGE_UNAVAILABLE",
        ),
        (Error::Deadline, "asr", 504, "STAGE_TIMEOUT"),
        (
            Error::Internal("trap".into()),
            "asr",
            500,
            "TRANSCRIPTION_FAILED",
        ),
        (Error::Internal("trap".into()), "vad", 500, "INTERNAL"),
        (
            Error::Unsupported("no German".into()),
            "asr",
            415,
            "INVALID_REQUEST",
        ),
    ];
    for (error, stage, status, code) in cases {
        let fakes = Fakes {
            heard: vec![Err(error)],
            failed_stage: Some(stage),
            ..Fakes::default()
        };
        let problem = upload(&fakes, &[("audio_file", b"a")])
            .await
            .problem(status, code);
        assert_eq!(problem["stage"], stage);
        assert!(!problem.to_string().contains("trap"));
        assert_eq!(fakes.dropped.lock().unwrap().len(), 1);
    }
    let fakes = Fakes {
        answered: vec![Err(Error::Deadline)],
        failed_stage: Some("llm"),
        ..Fakes::default()
    };
    ask(&fakes, json!({ "text": "x" }))
        .await
        .problem(504, "LLM_TIMEOUT");
    let fakes = Fakes {
        open: Err(Error::Busy(None)),
        ..Fakes::default()
    };
    let problem = upload(&fakes, &[("audio_file", b"a")])
        .await
        .problem(503, "OVERLOADED");
    assert_eq!(
        (&problem["stage"], &problem["retry_after_ms"]),
        (&"ingest".into(), &1_000.into())
    );
}

#[tokio::test]
async fn a_store_that_fails_is_told() {
    let fakes = Fakes {
        store: Err(StoreError("disk full".into())),
        ..Fakes::default()
    };
    ask(&fakes, json!({ "text": "x", "session_id": "session-1" }))
        .await
        .problem(503, "STAGE_UNAVAILABLE");
    ask(&fakes, json!({ "text": "x" }))
        .await
        .problem(503, "STAGE_UNAVAILABLE");
    fetch(&fakes, "/audio/00000000000000000000000000000000")
        .await
        .problem(503, "STAGE_UNAVAILABLE");
}

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

#[tokio::test]
async fn audio_is_served_whole_in_part_and_not_again() {
    let fakes = Fakes::default();
    let id = ask(&fakes, json!({ "text": "hello" })).await.json()["audio_file"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/audio/{id}");
    let whole = fetch(&fakes, &path).await;
    assert_eq!(whole.headers["content-type"], "audio/wav");
    assert_eq!(whole.headers["accept-ranges"], "bytes");
    assert_eq!(
        whole.headers["cache-control"],
        "private, max-age=1800, immutable"
    );
    assert_eq!(whole.headers["expires"], "Sun, 22 Nov 2026 21:05:00 GMT");
    let etag = whole.headers["etag"].to_str().unwrap();

    let part = get_with(&fakes, &path, &[("range", "bytes=4-7")]).await;
    assert_eq!(
        (part.status, part.headers["content-range"].to_str().unwrap()),
        (206, "bytes 4-7/52")
    );
    assert_eq!(part.body, whole.body[4..8]);
    let beyond = get_with(&fakes, &path, &[("range", "bytes=52-")]).await;
    beyond.problem(416, "INVALID_REQUEST");
    assert_eq!(beyond.headers["content-range"], "bytes */52");
    let same = get_with(&fakes, &path, &[("range", "bytes=4-7"), ("if-range", etag)]).await;
    let other = get_with(
        &fakes,
        &path,
        &[("range", "bytes=4-7"), ("if-range", "\"other\"")],
    )
    .await;
    assert_eq!((same.status, other.status), (206, 200));
    for tags in [etag, "*", &format!("\"a\", W/{etag}")] {
        let unchanged = get_with(&fakes, &path, &[("if-none-match", tags)]).await;
        assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    }
    let head = call(&fakes, "HEAD", &path, "", "").await;
    assert_eq!(
        (
            head.status,
            head.body.len(),
            head.headers["content-length"].to_str().unwrap()
        ),
        (200, 0, "52")
    );

    fakes.pass_ms(1_800_000);
    fetch(&fakes, &path).await.problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn the_content_base_is_served() {
    let fakes = Fakes::default();
    let types = fetch(&fakes, "/content/types").await.json();
    assert_eq!(
        types,
        json!({ "types": [{ "name": "project", "title": "Projects", "n_items": 2 }] })
    );
    let items = fetch(&fakes, "/content/project?offset=1&limit=5")
        .await
        .json();
    assert_eq!(
        (&items["items"][0]["id"], &items["total"]),
        (&"cobol".into(), &2.into())
    );
    fetch(&fakes, "/content/dragons")
        .await
        .problem(404, "NOT_FOUND");
    fetch(&fakes, "/content/project?limit=0")
        .await
        .problem(400, "INVALID_REQUEST");
    fetch(&fakes, "/content/project?offset=x")
        .await
        .problem(400, "INVALID_REQUEST");

    let found = fetch(
        &fakes,
        "/content/search?q=first%20compiler&type=project&tech=UNIVAC,%20COBOL&limit=3",
    )
    .await
    .json();
    assert_eq!(
        found["results"][0]["score"]["reasons"],
        json!(["keyword: compiler"])
    );
    {
        let searches = fakes.searches.lock().unwrap();
        let (text, filter, limit) = &searches[0];
        assert_eq!(
            (text.as_str(), *limit, filter.type_name.as_deref()),
            ("first compiler", 3, Some("project"))
        );
        assert_eq!(filter.technologies, ["UNIVAC", "COBOL"]);
    }
    fetch(&fakes, "/content/search")
        .await
        .problem(400, "INVALID_REQUEST");
    fetch(&fakes, "/content/search?q=x&type=dragon")
        .await
        .problem(422, "INVALID_REQUEST");
}

#[tokio::test]
async fn the_front_page_and_the_health() {
    let fakes = Fakes::default();
    let front = fetch(&fakes, "/").await.json();
    assert_eq!(
        (&front["name"], front["stages"].as_array().unwrap().len()),
        (&"colloquy".into(), 6)
    );
    let page = get_with(
        &fakes,
        "/",
        &[("accept", "text/html,application/xhtml+xml")],
    )
    .await;
    assert!(
        page.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    assert!(page.text().contains("<title>Colloquy</title>"));
    assert_eq!(page.headers["vary"], "accept");
    assert_eq!(fetch(&fakes, "/health").await.json()["status"], "ok");
    let fakes = Fakes {
        ready: Err(Error::Unavailable("asr: no model".into())),
        ..Fakes::default()
    };
    let problem = fetch(&fakes, "/health")
        .await
        .problem(503, "STAGE_UNAVAILABLE");
    assert_eq!(problem["detail"], "asr: no model");
    assert_eq!(fetch(&fakes, "/").await.json()["stages"], json!([]));
}

#[tokio::test]
async fn everything_else_is_a_problem() {
    let fakes = Fakes::default();
    for path in [
        "/nothing",
        "/process/",
        "/audio/",
        "/audio/..%2f..%2fetc%2fpasswd",
        "/audio/%ff",
        "/content/%ff",
    ] {
        fetch(&fakes, path).await.problem(404, "NOT_FOUND");
    }
    let wrong = call(&fakes, "DELETE", "/process", "", "").await;
    wrong.problem(405, "INVALID_REQUEST");
    assert_eq!(wrong.headers["allow"], "POST");
    let wrong = call(&fakes, "POST", "/session/session-1", "", "").await;
    wrong.problem(405, "INVALID_REQUEST");
    assert_eq!(wrong.headers["allow"], "GET,HEAD,DELETE");
}

#[tokio::test]
async fn every_response_has_a_request_id() {
    let fakes = Fakes::default();
    for path in ["/", "/nothing"] {
        let given = get_with(&fakes, path, &[("x-request-id", "mine-42")]).await;
        assert_eq!(given.headers["x-request-id"], "mine-42");
        for bad in ["", "two words", &"x".repeat(500)] {
            let made = get_with(&fakes, path, &[("x-request-id", bad)]).await;
            assert_eq!(made.headers["x-request-id"].len(), 32);
        }
    }
    let reply = upload(&fakes, &[("audio_file", b"a")]).await;
    let id = reply.headers["x-request-id"].to_str().unwrap();
    assert_eq!(fakes.requests.lock().unwrap()[0].request_id, id);
    assert_eq!(fakes.utterances.lock().unwrap()[0].0.request_id, id);
}

#[tokio::test]
async fn a_mistake_in_the_configuration_is_for_the_log() {
    let error = Config::read(|name| (name == "MAX_CARDS").then(|| "nine".into())).unwrap_err();
    let reply = send(
        misconfigured(error),
        HttpRequest::get("/health").body(Body::empty()).unwrap(),
    )
    .await;
    let problem = reply.problem(500, "INTERNAL");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("log") && !detail.contains("MAX_CARDS"));
}
