//! The guard over the whole router.

use std::{io::Write as _, sync::Arc};

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use crate::{config::Config, fakes::Fakes, routes::router};

mod cors;
mod keys;
mod limits;
mod upkeep;

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    #[track_caller]
    fn is(&self, status: u16, code: &str) {
        let document = self.json();
        assert_eq!(
            (self.status, document["code"].as_str()),
            (status, Some(code)),
            "{document}"
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
    }
}

/// A gateway with settings, and what its clients send.
struct Gateway {
    fakes: Fakes,
    settings: Vec<(&'static str, String)>,
    file: tempfile::NamedTempFile,
}

impl Gateway {
    fn new(settings: &[(&'static str, &str)]) -> Self {
        Self {
            fakes: Fakes::default(),
            settings: settings
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            file: tempfile::NamedTempFile::new().unwrap(),
        }
    }

    /// One with these keys: a name, a key, and what else its section has.
    fn with_keys(keys: &[(&str, &str, &str)]) -> Self {
        let mut gateway = Self::new(&[]);
        gateway
            .settings
            .push(("KEYS_FILE", gateway.file.path().display().to_string()));
        gateway.write_keys(keys);
        gateway
    }

    fn write_keys(&mut self, keys: &[(&str, &str, &str)]) {
        let mut text = String::new();
        for (name, key, more) in keys {
            let hash: String = Sha256::digest(key)
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            text += &format!("[[key]]\nname = \"{name}\"\nsha256 = \"{hash}\"\n{more}\n");
        }
        self.write(&text);
    }

    fn write(&mut self, text: &str) {
        std::fs::write(self.file.path(), text).unwrap();
        self.file.as_file_mut().flush().unwrap();
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Reply {
        let lookup = |name: &str| {
            let found = self.settings.iter().find(|(known, _)| *known == name)?;
            Some(found.1.clone())
        };
        let config = Config::read(lookup).unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "api.example");
        if !body.is_null() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let response = router(Arc::new(self.fakes.clone()), config)
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("GET", path, headers, Value::Null).await
    }

    async fn ask(&self, headers: &[(&str, &str)]) -> Reply {
        self.send(
            "POST",
            "/process/text",
            headers,
            json!({ "text": "What did she build?" }),
        )
        .await
    }
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let gateway = Gateway::new(&[]);
    for path in [
        "/",
        "/health",
        "/content/types",
        "/nothing",
        "/audio/x",
        "/session/x",
    ] {
        let reply = gateway.get(path, &[]).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(reply.headers.contains_key("x-request-id"), "{path}");
        assert!(!reply.headers.contains_key("server"), "{path}");
    }
}

#[tokio::test]
async fn what_belongs_to_another_key_is_not_there() {
    let gateway = Gateway::with_keys(&[("a", "cq_a", ""), ("b", "cq_b", ""), ("a", "cq_a2", "")]);
    let (a, b, a2) = (
        [("x-api-key", "cq_a")],
        [("x-api-key", "cq_b")],
        [("x-api-key", "cq_a2")],
    );
    let answer = gateway.ask(&a).await.json();
    let session = format!("/session/{}", answer["session_id"].as_str().unwrap());
    let audio = format!("/audio/{}", answer["audio_file"].as_str().unwrap());
    for path in [&session, &audio] {
        assert_eq!(gateway.get(path, &a).await.status, 200, "{path}");
        assert_eq!(gateway.get(path, &a2).await.status, 200, "{path}");
        let (foreign, unknown) = (
            gateway.get(path, &b).await,
            gateway
                .get(&format!("{}0000", &path[..path.len() - 4]), &b)
                .await,
        );
        assert_eq!(foreign.status, 404, "{path}");
        assert_eq!(foreign.json()["detail"], unknown.json()["detail"]);
        assert_eq!(foreign.json()["code"], unknown.json()["code"]);
    }
    gateway
        .send("DELETE", &session, &b, Value::Null)
        .await
        .is(404, "SESSION_NOT_FOUND");
    // The same id is free for another tenant, so that trying tells nothing.
    let chosen = json!({ "session_id": "the-same-id" });
    for key in [&a, &b] {
        assert_eq!(
            gateway
                .send("POST", "/session/create", key, chosen.clone())
                .await
                .status,
            201
        );
    }
    assert_eq!(
        gateway
            .send("POST", "/session/create", &a, chosen)
            .await
            .status,
        409
    );
    let stolen = json!({ "text": "Hello?", "session_id": answer["session_id"] });
    gateway
        .send("POST", "/process/text", &b, stolen)
        .await
        .is(404, "SESSION_NOT_FOUND");
}

#[tokio::test]
async fn openai_clients_are_refused_in_their_way() {
    let gateway = Gateway::with_keys(&[("a", "cq_a", "limits = { turns = 1 }")]);
    let refused = gateway.get("/v1/models", &[]).await;
    assert_eq!(refused.status, 401);
    assert!(refused.json()["error"]["message"].is_string());
    assert_eq!(
        refused.header("www-authenticate"),
        Some("Bearer realm=\"colloquy\"")
    );
    let key = [("authorization", "Bearer cq_a")];
    assert_eq!(gateway.get("/v1/models", &key).await.status, 200);
    let chat = json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "Hello" }] });
    let ask = || gateway.send("POST", "/v1/chat/completions", &key, chat.clone());
    assert_eq!(ask().await.status, 200);
    let refused = ask().await;
    assert_eq!(refused.status, 429);
    assert!(refused.json()["error"]["code"].is_string());
    assert!(refused.headers.contains_key("retry-after"));
}
