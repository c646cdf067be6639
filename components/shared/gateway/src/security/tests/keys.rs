//! Who gets in, and how far.

use super::*;

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
async fn what_runs_here_in_detail_needs_a_key() {
    let gateway = Gateway::with_keys(&[("a", "cq_a", "")]);
    gateway
        .get("/health/detailed", &[])
        .await
        .is(401, "UNAUTHORIZED");
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
