//! The routes over fakes, each from request to response; what they share is here.

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request as HttpRequest};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::fakes::Fakes;

mod about;
mod audio;
mod busy;
mod content;
mod failures;
mod health;
mod refused;
mod sessions;
mod stream;
mod turns;

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
