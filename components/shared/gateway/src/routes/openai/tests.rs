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
        let length = self.headers.get("content-length");
        let length = length.map(|length| length.to_str().unwrap().parse::<usize>().unwrap());
        assert!(length.is_none_or(|length| length == self.text.len()));
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

mod chat;
mod transcriptions;

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

/// Clients send a recording to the route that there is not, and listen only when they have.
#[tokio::test]
async fn what_is_sent_for_translation_is_read_before_it_is_refused() {
    let n_read = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&n_read);
    let pieces = (0..100).map(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::io::Error>(vec![0; 1_000])
    });
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let kind = "multipart/form-data; boundary=XX";
    let reply = post(&Fakes::default(), "/v1/audio/translations", kind, body).await;
    reply.error(404, json!(null), "not_found");
    assert_eq!(n_read.load(std::sync::atomic::Ordering::Relaxed), 100);
}
