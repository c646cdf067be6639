//! Pages of other origins.

use super::*;

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
