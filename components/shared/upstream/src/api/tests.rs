//! Every refusal is told apart, and no key is told.

use std::time::Duration;

use super::*;
use crate::transport::Source;

/// A body that is there already.
struct There(Option<Vec<u8>>);

impl Source for There {
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.0.take().filter(|bytes| !bytes.is_empty()))
    }
}

/// Answers everything with this, and checks the request.
struct Answer(u16, &'static [(&'static str, &'static str)], &'static str);

impl Transport for Answer {
    fn post(&self, request: &Request<'_>) -> Result<Response, Failure> {
        assert_eq!(request.path, "/openai/v1/audio/speech");
        assert!(
            request
                .headers
                .contains(&("authorization", "Bearer sk-secret"))
        );
        assert!(
            request
                .headers
                .contains(&("content-type", "application/json"))
        );
        assert_eq!(request.body, b"{}");
        let headers = self.1.iter();
        Ok(Response {
            status: self.0,
            headers: headers
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            body: Box::new(There(Some(self.2.into()))),
        })
    }
}

pub(super) fn api() -> Api {
    let limit = Duration::from_secs(1);
    Api {
        name: "the server",
        base: BaseUrl::parse("https://example.com/openai/v1").unwrap(),
        key: Key::new("sk-secret"),
        model: "m".into(),
        limits: Limits {
            head: limit,
            pause: limit,
            total: None,
        },
        policy: Policy {
            retries: 0,
            n_failures: 1000,
            ..Policy::default()
        },
    }
}

fn ask(answer: &Answer) -> Result<Vec<u8>, Failure> {
    api()
        .post(
            answer,
            "/v1/audio/speech",
            "application/json",
            "audio/wav",
            b"{}",
        )?
        .whole(1000)
}

#[test]
fn success_is_the_body() {
    assert_eq!(ask(&Answer(200, &[], "hello")).unwrap(), b"hello");
    assert_eq!(ask(&Answer(204, &[], "")).unwrap(), b"");
}

#[test]
fn each_status_means_something() {
    let unavailable = |text: &str| Failure::Unavailable(format!("the server {text}"));
    let unsupported =
        Failure::Unsupported("the server does not have this language, voice or format".into());
    for (status, body, expected) in [
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided: sk-secret"}}"#,
            unavailable("refused the key"),
        ),
        (403, "", unavailable("refused the key")),
        (
            302,
            "",
            unavailable("redirects; its address must be the final one"),
        ),
        (
            404,
            "<html>",
            unavailable("has no such route; its address may be wrong"),
        ),
        (
            404,
            r#"{"error":{"code":"model_not_found"}}"#,
            unavailable("does not have the model that is configured"),
        ),
        (
            400,
            r#"{"error":{"param":"model"}}"#,
            unavailable("does not have the model that is configured"),
        ),
        (400, r#"{"error":{"param":"voice"}}"#, unsupported.clone()),
        (
            422,
            r#"{"detail":{"error":{"param":"language"}}}"#,
            unsupported,
        ),
        (
            400,
            r#"{"error":"no"}"#,
            Failure::InvalidInput("the server refused the request (400)".into()),
        ),
        (
            422,
            "[1]",
            Failure::InvalidInput("the server refused the request (422)".into()),
        ),
        (
            413,
            "",
            Failure::InvalidInput("the server takes no request of this size".into()),
        ),
        (
            415,
            "",
            Failure::Unsupported("the server does not take this format".into()),
        ),
        (429, "", Failure::Busy(None)),
        (
            429,
            r#"{"error":{"type":"insufficient_quota"}}"#,
            unavailable("says that the account's quota is used up"),
        ),
        (500, "", unavailable("failed (500)")),
        (503, "", unavailable("failed (503)")),
        (418, "", unavailable("answered with status 418")),
    ] {
        assert_eq!(
            ask(&Answer(status, &[], body)),
            Err(expected),
            "{status} {body}"
        );
    }
}

#[test]
fn the_server_says_how_long_to_wait() {
    for (headers, expected) in [
        (&[("retry-after", "7")][..], Some(7000)),
        (&[("retry-after", "0.5")], Some(500)),
        (
            &[("retry-after-ms", "120"), ("retry-after", "1")],
            Some(120),
        ),
        (&[("retry-after", "99999999999")], Some(600_000)),
        (&[("retry-after", "-1")], None),
        (&[("retry-after", "NaN")], None),
        (&[("retry-after", "soon")], None),
        (&[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")], Some(0)),
    ] {
        assert_eq!(
            ask(&Answer(429, headers, "")),
            Err(Failure::Busy(expected)),
            "{headers:?}"
        );
    }
}

#[test]
fn an_answer_has_a_limit() {
    struct Endless;
    impl Source for Endless {
        fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
            Ok(Some(vec![0; 300]))
        }
    }
    let endless = Response {
        status: 200,
        headers: Vec::new(),
        body: Box::new(Endless),
    };
    assert!(matches!(endless.whole(1000), Err(Failure::Unavailable(_))));
}
