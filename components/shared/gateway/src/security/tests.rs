//! The guard over the whole router.

use std::{io::Write as _, sync::Arc};

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use crate::{config::Config, fakes::Fakes, ports::StoreError, routes::router};

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
async fn without_keys_everything_is_open() {
    let gateway = Gateway::new(&[]);
    assert_eq!(gateway.get("/content/types", &[]).await.status, 200);
    // A client with a key for another place is not turned away.
    let sent = [("authorization", "Bearer sk-whatever")];
    assert_eq!(gateway.get("/content/types", &sent).await.status, 200);
}

#[tokio::test]
async fn with_keys_nothing_but_health_and_pages_is_open() {
    let gateway = Gateway::with_keys(&[("kiosk", "cq_one", "")]);
    for path in [
        "/content/types",
        "/session/12345678",
        "/audio/x",
        "/nothing",
        "/health/detailed",
        "/metrics",
        "/v1/models",
    ] {
        let reply = gateway.get(path, &[]).await;
        assert_eq!(reply.status, 401, "{path}");
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Bearer realm=\"colloquy\""),
            "{path}"
        );
    }
    gateway.ask(&[]).await.is(401, "UNAUTHORIZED");
    gateway
        .send("POST", "/health", &[], Value::Null)
        .await
        .is(401, "UNAUTHORIZED");
    for sent in [
        ("authorization", "Bearer cq_two"),
        ("authorization", "Bearer"),
        ("authorization", "Bearer "),
        ("authorization", "Basic Y3Ffb25l"),
        ("authorization", "cq_one"),
        ("x-api-key", "cq_on"),
        ("x-api-key", ""),
    ] {
        gateway
            .get("/content/types", &[sent])
            .await
            .is(401, "UNAUTHORIZED");
    }
    for sent in [
        ("authorization", "Bearer cq_one"),
        ("authorization", "bearer  cq_one"),
        ("x-api-key", "cq_one"),
    ] {
        assert_eq!(
            gateway.get("/content/types", &[sent]).await.status,
            200,
            "{sent:?}"
        );
    }
    assert_eq!(gateway.get("/health", &[]).await.status, 200);
    assert_eq!(
        gateway.get("/", &[("accept", "text/html")]).await.status,
        200
    );
}

#[tokio::test]
async fn strangers_are_not_told_what_runs_here() {
    let gateway = Gateway::with_keys(&[("kiosk", "cq_one", "")]);
    for path in ["/", "/health"] {
        let reply = gateway.get(path, &[]).await;
        assert_eq!(
            (reply.status, &reply.json()["stages"]),
            (200, &Value::Null),
            "{path}"
        );
        assert_eq!(reply.json()["version"], Value::Null);
        let known = gateway.get(path, &[("x-api-key", "cq_one")]).await;
        assert!(known.json()["stages"].is_array(), "{path}");
    }
}

#[tokio::test]
async fn keys_change_with_the_file() {
    let mut gateway = Gateway::with_keys(&[("kiosk", "cq_one", "")]);
    let (one, two) = ([("x-api-key", "cq_one")], [("x-api-key", "cq_two")]);
    gateway.write_keys(&[("kiosk", "cq_one", ""), ("kiosk", "cq_two", "")]);
    assert_eq!(gateway.get("/content/types", &one).await.status, 200);
    assert_eq!(gateway.get("/content/types", &two).await.status, 200);
    gateway.write_keys(&[("kiosk", "cq_two", "")]);
    gateway
        .get("/content/types", &one)
        .await
        .is(401, "UNAUTHORIZED");
    assert_eq!(gateway.get("/content/types", &two).await.status, 200);
}

#[tokio::test]
async fn a_broken_file_lets_nobody_in() {
    let mut gateway = Gateway::with_keys(&[("kiosk", "cq_one", "")]);
    let key = [("x-api-key", "cq_one")];
    for broken in ["[[key]]\nname = \"kiosk\"", "\u{0}", "key = []\n[[key]]"] {
        gateway.write(broken);
        let reply = gateway.get("/content/types", &key).await;
        reply.is(503, "STAGE_UNAVAILABLE");
        assert!(reply.headers.contains_key("retry-after"));
        let shown = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(
            !shown.contains(&gateway.file.path().display().to_string()),
            "{shown}"
        );
        gateway
            .get("/health", &[])
            .await
            .is(503, "STAGE_UNAVAILABLE");
        assert_eq!(
            gateway.get("/", &[("accept", "text/html")]).await.status,
            200
        );
    }
    // No keys at all: the door is shut, and nothing is broken.
    gateway.write("");
    gateway
        .get("/content/types", &key)
        .await
        .is(401, "UNAUTHORIZED");
    gateway.settings = vec![("KEYS_FILE", "/nowhere/keys.toml".to_owned())];
    gateway
        .get("/content/types", &key)
        .await
        .is(503, "STAGE_UNAVAILABLE");
}

#[tokio::test]
async fn a_key_ends_and_opens_only_its_routes() {
    let gateway = Gateway::with_keys(&[
        ("old", "cq_old", "expires = 1970-01-01T00:00:00Z"),
        ("reader", "cq_reader", "routes = [\"/content\"]"),
    ]);
    gateway
        .get("/content/types", &[("x-api-key", "cq_old")])
        .await
        .is(401, "UNAUTHORIZED");
    let reader = [("x-api-key", "cq_reader")];
    assert_eq!(gateway.get("/content/types", &reader).await.status, 200);
    gateway.ask(&reader).await.is(403, "FORBIDDEN");
    gateway
        .get("/content/../process", &reader)
        .await
        .is(404, "NOT_FOUND");
    gateway
        .get("/session/12345678", &reader)
        .await
        .is(403, "FORBIDDEN");
}

#[tokio::test]
async fn limits_are_told_and_hold_for_each_address() {
    let gateway = Gateway::new(&[("PEER_HEADER", "x-peer"), ("RATE_TURNS", "2")]);
    let (one, two) = ([("x-peer", "192.0.2.1")], [("x-peer", "192.0.2.2")]);
    let first = gateway.ask(&one).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(first.header("x-ratelimit-remaining"), Some("1"));
    assert!(first.headers.contains_key("x-ratelimit-reset"));
    assert_eq!(gateway.ask(&one).await.status, 200);
    let third = gateway.ask(&one).await;
    third.is(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(third.json()["retryable"], true);
    assert_eq!(third.header("x-ratelimit-remaining"), Some("0"));
    let wait: u64 = third.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=120).contains(&wait), "{wait}");
    assert_eq!(gateway.ask(&two).await.status, 200);
    // Another kind has its own; what is free has none.
    assert_eq!(
        gateway
            .get("/content/types", &one)
            .await
            .header("x-ratelimit-limit"),
        Some("200")
    );
    assert_eq!(
        gateway
            .get("/health", &one)
            .await
            .header("x-ratelimit-limit"),
        None
    );
    gateway.fakes.pass_ms(wait * 1_000);
    assert_eq!(gateway.ask(&one).await.status, 200);
}

#[tokio::test]
async fn a_key_has_its_own_limit_wherever_it_is_used() {
    let gateway = Gateway::with_keys(&[("a", "cq_a", "limits = { turns = 1 }"), ("b", "cq_b", "")]);
    let a = [("x-api-key", "cq_a")];
    assert_eq!(gateway.ask(&a).await.status, 200);
    gateway.ask(&a).await.is(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(
        gateway
            .ask(&[("x-api-key", "cq_b")])
            .await
            .header("x-ratelimit-limit"),
        Some("60")
    );
}

#[tokio::test]
async fn without_a_store_configuration_decides() {
    for (setting, status) in [("allow", 200), ("refuse", 503)] {
        let mut gateway = Gateway::new(&[("PEER_HEADER", "x-peer"), ("RATE_UNCOUNTED", setting)]);
        gateway.fakes.store = Err(StoreError("it is down".into()));
        let reply = gateway
            .get("/content/types", &[("x-peer", "192.0.2.1")])
            .await;
        assert_eq!(reply.status, status, "{setting}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_need_to_be_listed() {
    let closed = Gateway::new(&[]);
    let listed = Gateway::new(&[("CORS_ORIGINS", "https://app.example")]);
    let any = Gateway::new(&[("CORS_ORIGINS", "*")]);
    let preflight = |origin| {
        vec![
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ]
    };
    let (app, evil) = (
        preflight("https://app.example"),
        preflight("https://evil.example"),
    );
    for (gateway, asked, allowed) in [
        (&closed, &app, None),
        (&listed, &app, Some("https://app.example")),
        (&listed, &evil, None),
        (&any, &evil, Some("*")),
    ] {
        let reply = gateway
            .send("OPTIONS", "/process", asked, Value::Null)
            .await;
        assert_eq!(
            reply.header("access-control-allow-origin"),
            allowed,
            "{asked:?}"
        );
        assert_eq!(reply.header("access-control-allow-credentials"), None);
        assert_eq!(reply.status, if allowed.is_some() { 204 } else { 403 });
        if allowed.is_some() {
            let headers = reply.header("access-control-allow-headers");
            assert_eq!(headers, Some("authorization,content-type"));
            assert!(
                reply
                    .header("access-control-allow-methods")
                    .unwrap()
                    .contains("DELETE")
            );
        }
        let asked = gateway.ask(&asked[..1]).await;
        assert_eq!(asked.header("access-control-allow-origin"), allowed);
        assert_eq!(asked.status, if allowed.is_some() { 200 } else { 403 });
    }
    let vary = |reply: &Reply| {
        reply
            .headers
            .get_all("vary")
            .iter()
            .any(|value| value == "origin")
    };
    assert!(vary(&listed.get("/content/types", &[]).await));
    assert!(!vary(&closed.get("/content/types", &[]).await));
    // An error is readable for the page, too.
    let missing = listed.get("/nothing", &app[..1]).await;
    missing.is(404, "NOT_FOUND");
    assert_eq!(
        missing.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    // The page that the gateway serves itself.
    assert_eq!(
        closed
            .ask(&[("origin", "https://api.example")])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_preflight_needs_no_key() {
    let mut gateway = Gateway::with_keys(&[("a", "cq_a", "")]);
    gateway
        .settings
        .push(("CORS_ORIGINS", "https://app.example".to_owned()));
    let asked = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "POST"),
    ];
    assert_eq!(
        gateway
            .send("OPTIONS", "/process", &asked, Value::Null)
            .await
            .status,
        204
    );
    let refused = gateway.ask(&asked[..1]).await;
    refused.is(401, "UNAUTHORIZED");
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("https://app.example")
    );
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

#[tokio::test]
async fn what_runs_here_in_detail_needs_a_key() {
    let gateway = Gateway::with_keys(&[("a", "cq_a", "")]);
    gateway
        .get("/health/detailed", &[])
        .await
        .is(401, "UNAUTHORIZED");
}
