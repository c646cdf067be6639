use axum::{
    Router,
    body::{Body, to_bytes},
};
use http::{HeaderMap, Request as HttpRequest};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;

use crate::{
    config::Config,
    contract::{Error, events::Event, listen},
    fakes::{self, Fakes},
    routes::router,
};

struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }

    /// Checks that it is an error of the shape that OpenAI's clients read.
    #[track_caller]
    fn error(&self, status: u16, param: Value, code: &str) -> Value {
        let document = self.json();
        let error = &document["error"];
        assert_eq!(
            (self.status, &error["param"], &error["code"]),
            (status, &param, &json!(code)),
            "{document}"
        );
        assert!(
            error["message"].is_string() && error["type"].is_string(),
            "{document}"
        );
        assert_eq!(self.headers["content-type"], "application/json");
        assert!(self.headers.contains_key("x-request-id"));
        document
    }

    /// The data of every event of a stream.
    #[track_caller]
    fn events(&self) -> Vec<String> {
        assert_eq!(
            self.headers["content-type"], "text/event-stream",
            "{}",
            self.text
        );
        let frames = self.text.split_terminator("\n\n");
        frames
            .map(|frame| frame.strip_prefix("data: ").unwrap().to_owned())
            .collect()
    }
}

async fn send(fakes: &Fakes, request: HttpRequest<Body>) -> Reply {
    let router: Router = router(Arc::new(fakes.clone()), Config::default());
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        text: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn get(fakes: &Fakes, path: &str) -> Reply {
    send(fakes, HttpRequest::get(path).body(Body::empty()).unwrap()).await
}

async fn post(fakes: &Fakes, path: &str, kind: &str, body: impl Into<Body>) -> Reply {
    let request = HttpRequest::post(path).header("content-type", kind);
    send(fakes, request.body(body.into()).unwrap()).await
}

async fn chat(fakes: &Fakes, body: Value) -> Reply {
    post(
        fakes,
        "/v1/chat/completions",
        "application/json",
        body.to_string(),
    )
    .await
}

/// Sends a form of these fields in pieces of seven bytes.
async fn transcribe(fakes: &Fakes, fields: &[(&str, &str)]) -> Reply {
    let mut text = String::new();
    for (name, value) in fields {
        let file = if *name == "file" {
            "; filename=\"x.wav\""
        } else {
            ""
        };
        text += &format!(
            "--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
        );
    }
    text += "--XX--\r\n";
    let pieces: Vec<_> = text
        .as_bytes()
        .chunks(7)
        .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
        .collect();
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    post(
        fakes,
        "/v1/audio/transcriptions",
        "multipart/form-data; boundary=XX",
        body,
    )
    .await
}

fn question(extra: Value) -> Value {
    let mut body = json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": "What did she build?" }] });
    body.as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_recording_becomes_text() {
    let fakes = Fakes::default();
    let reply = transcribe(&fakes, &[("model", "whisper-1"), ("file", "RIFF bytes")]).await;
    assert_eq!(
        (reply.status, reply.json()),
        (
            200,
            json!({ "text": "What did she build?", "usage": { "type": "duration", "seconds": 1.0 } })
        )
    );
    let heard = fakes.utterances.lock().unwrap();
    assert_eq!(heard[0].1, b"RIFF bytes");
    assert_eq!(*fakes.dropped.lock().unwrap(), ["utterance"]);
}

#[tokio::test]
async fn how_it_is_to_be_heard_may_come_after_the_recording() {
    let fakes = Fakes::default();
    let fields = [
        ("file", "RIFF bytes"),
        ("model", "fake-asr"),
        ("language", "en"),
        ("prompt", "Names: Grace Hopper."),
        ("temperature", "0.5"),
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "segment"),
        ("user", "someone"),
    ];
    let reply = transcribe(&fakes, &fields).await;
    assert_eq!(
        (reply.status, &reply.json()["language"]),
        (200, &json!("english"))
    );
    let heard = fakes.utterances.lock().unwrap();
    let (options, bytes) = heard.last().unwrap();
    assert_eq!((heard.len(), bytes.as_slice()), (2, &b"RIFF bytes"[..]));
    assert_eq!(
        (
            options.language.as_deref(),
            options.prompt.as_deref(),
            options.temperature
        ),
        (Some("en"), Some("Names: Grace Hopper."), 0.5)
    );
}

#[tokio::test]
async fn what_a_form_lacks_or_cannot_have_is_named() {
    let fakes = Fakes::default();
    let with = |name: &'static str, value: &'static str| {
        let fakes = fakes.clone();
        async move {
            let fields = [("file", "RIFF"), ("model", "whisper-1"), (name, value)];
            transcribe(&fakes, &fields).await
        }
    };
    let missing = transcribe(&fakes, &[("file", "RIFF")]).await;
    missing.error(400, json!("model"), "invalid_request");
    let missing = transcribe(&fakes, &[("model", "whisper-1")]).await;
    missing.error(400, json!("file"), "invalid_request");
    with("model", "whisper-9")
        .await
        .error(404, json!("model"), "model_not_found");
    with("file", "RIFF")
        .await
        .error(400, json!("file"), "invalid_request");
    with("response_format", "docx")
        .await
        .error(400, json!("response_format"), "invalid_request");
    with("temperature", "hot")
        .await
        .error(400, json!("temperature"), "invalid_request");
    with("language", "../x")
        .await
        .error(400, json!("language"), "invalid_request");
    with("timestamp_granularities[]", "word").await.error(
        400,
        json!("timestamp_granularities"),
        "unsupported_value",
    );
    with("timestamp_granularities[]", "segment").await.error(
        400,
        json!("timestamp_granularities"),
        "invalid_request",
    );
    with("include[]", "logprobs")
        .await
        .error(400, json!("include"), "unsupported_value");
    let both = [
        ("file", "RIFF"),
        ("model", "whisper-1"),
        ("stream", "true"),
        ("response_format", "srt"),
    ];
    transcribe(&fakes, &both)
        .await
        .error(400, json!("stream"), "unsupported_value");
    let wrong = post(&fakes, "/v1/audio/transcriptions", "application/json", "{}").await;
    wrong.error(400, json!(null), "invalid_request");
}

#[tokio::test]
async fn a_recording_that_is_refused_is_a_bad_request() {
    let fakes = Fakes {
        finish: Err(Error::InvalidInput("0.05 s".into())),
        rejection: Some(listen::Rejection::TooShort),
        failed_stage: Some("ingest"),
        ..Fakes::default()
    };
    let reply = transcribe(&fakes, &[("model", "whisper-1"), ("file", "RIFF")]).await;
    reply.error(400, json!(null), "audio_too_short");
}

#[tokio::test]
async fn a_streamed_transcript_takes_nothing_back() {
    let mut fakes = Fakes::default();
    let stream = [("model", "whisper-1"), ("file", "RIFF"), ("stream", "true")];
    fakes.heard.splice(
        0..0,
        ["What did", "What did she", "What dead"]
            .map(|text| Ok(listen::Event::Partial(text.into()))),
    );
    let events = transcribe(&fakes, &stream).await.events();
    assert_eq!(
        events,
        [
            r#"{"type":"transcript.text.delta","delta":"What did"}"#,
            r#"{"type":"transcript.text.delta","delta":" she"}"#,
            r#"{"type":"transcript.text.delta","delta":" build?"}"#,
            r#"{"type":"transcript.text.done","text":"What did she build?"}"#,
        ]
    );

    fakes.heard.truncate(1);
    fakes.heard.push(Err(Error::Deadline));
    let events = transcribe(&fakes, &stream).await.events();
    assert_eq!(events.len(), 2);
    let error: Value = serde_json::from_str(&events[1]).unwrap();
    assert_eq!(error["error"]["type"], "server_error");

    fakes.heard = vec![Err(Error::Deadline)];
    let reply = transcribe(&fakes, &stream).await;
    reply.error(504, json!(null), "stage_timeout");
}

#[tokio::test]
async fn a_conversation_goes_on() {
    let fakes = Fakes::default();
    let reply = chat(
        &fakes,
        json!({ "model": "fake-llm", "temperature": 0.2, "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Who was she?" },
            { "role": "assistant", "content": "An admiral." },
            { "role": "user", "content": [{ "type": "text", "text": "What did she build?" }] },
        ]}),
    )
    .await;
    let answer = reply.json();
    assert_eq!(reply.status, 200, "{answer}");
    assert_eq!(
        answer["choices"],
        json!([{
            "index": 0,
            "message": { "role": "assistant", "content": "She built A-0. Then COBOL.", "refusal": null },
            "logprobs": null,
            "finish_reason": "stop",
        }])
    );
    assert_eq!(
        (&answer["object"], &answer["model"], &answer["created"]),
        (
            &json!("chat.completion"),
            &json!("fake-llm"),
            &json!(fakes::START_MS / 1_000)
        )
    );
    assert_eq!(
        answer["usage"],
        json!({ "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14, "counted": "words" })
    );
    assert_eq!(answer["colloquy"]["items"][0]["id"], "a-0");
    assert_eq!(answer["colloquy"]["query_intent"], "about");
    let requests = fakes.requests.lock().unwrap();
    assert_eq!(
        (
            requests[0].text.as_str(),
            requests[0].speak,
            requests[0].history.len()
        ),
        ("What did she build?", false, 1)
    );
    assert!(matches!(
        fakes.published.lock().unwrap()[..],
        [Event::TurnStarted(_)]
    ));
    assert!(fakes.keys().is_empty(), "nothing is kept");
}

#[tokio::test]
async fn an_answer_comes_piece_by_piece() {
    let fakes = Fakes::default();
    let reply = chat(
        &fakes,
        question(json!({ "stream": true, "stream_options": { "include_usage": true } })),
    )
    .await;
    let mut events = reply.events();
    assert_eq!(events.pop().as_deref(), Some("[DONE]"));
    let pieces: Vec<Value> = events
        .iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect();
    assert!(
        pieces
            .iter()
            .all(|piece| piece["object"] == "chat.completion.chunk"
                && piece["id"] == pieces[0]["id"])
    );
    assert_eq!(
        pieces[0]["choices"][0]["delta"],
        json!({ "role": "assistant", "content": "" })
    );
    assert_eq!(pieces[1]["colloquy"]["items"][0]["id"], "a-0");
    let text: String = pieces
        .iter()
        .filter_map(|piece| piece["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "She built A-0. Then COBOL.");
    let [.., end, usage] = &pieces[..] else {
        panic!("{pieces:?}")
    };
    assert_eq!(end["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        (&usage["choices"], &usage["usage"]["completion_tokens"]),
        (&json!([]), &json!(5))
    );

    let reply = chat(&fakes, question(json!({ "stream": true }))).await;
    assert!(!reply.text.contains("\"usage\""));
}

#[tokio::test]
async fn an_answer_that_breaks_off_says_so() {
    let mut fakes = Fakes::default();
    fakes.answered.truncate(4);
    fakes.answered.push(Err(Error::Internal("x".into())));
    let events = chat(&fakes, question(json!({ "stream": true })))
        .await
        .events();
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!(
        last["error"]["type"], "server_error",
        "no [DONE] after that: {events:?}"
    );
    chat(&fakes, question(json!({})))
        .await
        .error(500, json!(null), "internal");
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_the_answer() {
    let fakes = Fakes::default();
    let router: Router = router(Arc::new(fakes.clone()), Config::default());
    let request =
        HttpRequest::post("/v1/chat/completions").header("content-type", "application/json");
    let body = question(json!({ "stream": true })).to_string();
    let response = router
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(fakes.dropped.lock().unwrap().is_empty());
    drop(response);
    assert_eq!(*fakes.dropped.lock().unwrap(), ["answer"]);
}

#[tokio::test]
async fn a_question_can_be_a_recording_and_the_answer_be_spoken() {
    let fakes = Fakes::default();
    let recording =
        json!({ "type": "input_audio", "input_audio": { "data": "UklGRg==", "format": "wav" } });
    let reply = chat(
        &fakes,
        question(json!({
            "messages": [{ "role": "user", "content": [recording] }],
            "modalities": ["text", "audio"], "audio": { "voice": "alloy", "format": "wav" },
        })),
    )
    .await;
    let answer = reply.json();
    assert_eq!(
        answer["colloquy"]["transcription"], "What did she build?",
        "{answer}"
    );
    let message = &answer["choices"][0]["message"];
    assert_eq!(
        (&message["content"], &message["audio"]["transcript"]),
        (&json!(null), &json!("She built A-0. Then COBOL."))
    );
    assert!(
        message["audio"]["data"]
            .as_str()
            .unwrap()
            .starts_with("UklGR")
    );
    assert_eq!(fakes.utterances.lock().unwrap()[0].1, b"RIFF");
    let request = &fakes.requests.lock().unwrap()[0];
    assert_eq!(
        (
            request.speak,
            request.voice.as_deref(),
            request.language.as_str()
        ),
        (true, None, "en")
    );
}

#[tokio::test]
async fn what_chat_cannot_do_is_named() {
    let fakes = Fakes::default();
    let refused = |extra: Value| {
        let fakes = fakes.clone();
        async move { chat(&fakes, question(extra)).await }
    };
    refused(json!({ "n": 2 }))
        .await
        .error(400, json!("n"), "unsupported_value");
    refused(json!({ "model": null }))
        .await
        .error(400, json!("model"), "invalid_request");
    refused(json!({ "model": "gpt-0" }))
        .await
        .error(404, json!("model"), "model_not_found");
    refused(json!({ "messages": [] }))
        .await
        .error(400, json!("messages"), "invalid_request");
    refused(json!({ "messages": [{ "role": "user", "content": " " }] }))
        .await
        .error(400, json!("messages"), "invalid_request");
    let long = "x".repeat(2_001);
    refused(json!({ "messages": [{ "role": "user", "content": long }] }))
        .await
        .error(400, json!("messages"), "invalid_request");
    refused(json!({ "modalities": ["video"] })).await.error(
        400,
        json!("modalities"),
        "unsupported_value",
    );
    refused(json!({ "modalities": ["audio"] }))
        .await
        .error(400, json!("audio"), "invalid_request");
    refused(json!({ "messages": "hello" }))
        .await
        .error(400, json!(null), "invalid_request");
    let recording =
        json!({ "type": "input_audio", "input_audio": { "data": "*", "format": "wav" } });
    refused(json!({ "messages": [{ "role": "user", "content": [recording] }] }))
        .await
        .error(400, json!("messages"), "invalid_request");
    assert!(fakes.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn models_are_the_stages_that_answer() {
    let fakes = Fakes::default();
    let list = get(&fakes, "/v1/models").await.json();
    let ids: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        (list["object"].as_str(), ids),
        (Some("list"), vec!["fake-asr", "fake-llm", "fake-tts"])
    );
    let model = get(&fakes, "/v1/models/whisper-1").await.json();
    assert_eq!(
        (&model["id"], &model["stage"]),
        (&json!("whisper-1"), &json!("asr"))
    );
    get(&fakes, "/v1/models/nothing")
        .await
        .error(404, json!("model"), "model_not_found");
    get(&fakes, "/v1/models/%FF")
        .await
        .error(404, json!("model"), "model_not_found");
}

#[tokio::test]
async fn whatever_goes_wrong_under_v1_has_the_shape() {
    let fakes = Fakes::default();
    get(&fakes, "/v1/nothing")
        .await
        .error(404, json!(null), "not_found");
    let reply = get(&fakes, "/v1/audio/transcriptions").await;
    reply.error(405, json!(null), "invalid_request");
    assert_eq!(reply.headers["allow"], "POST");
    let reply = post(
        &fakes,
        "/v1/audio/translations",
        "multipart/form-data; boundary=XX",
        "",
    )
    .await;
    let document = reply.error(404, json!(null), "not_found");
    assert!(
        document["error"]["message"]
            .as_str()
            .unwrap()
            .contains("translates")
    );
    let down = Fakes {
        ready: Err(Error::Unavailable("no model".into())),
        ..Fakes::default()
    };
    let reply = get(&down, "/v1/models").await;
    reply.error(503, json!(null), "stage_unavailable");
    assert!(reply.headers.contains_key("retry-after"));
    let native = get(&fakes, "/v2").await;
    assert_eq!(native.headers["content-type"], "application/problem+json");
}
