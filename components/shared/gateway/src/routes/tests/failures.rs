//! What goes wrong behind the gateway, or in its configuration, and what clients are told of it.

use super::*;
use crate::{contract::Error, ports::StoreError};

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
