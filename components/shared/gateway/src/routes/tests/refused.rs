//! What is wrong with a request, and what its sender is told.

use super::*;
use crate::contract::{Error, listen::Rejection};

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
    let problem = post(r#" ["hello", null]"#)
        .await
        .problem(400, "INVALID_REQUEST");
    assert_eq!(problem["detail"], "the JSON body must be an object");
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
