//! Errors, and what clients are told of them.

use serde_json::json;

use super::*;

#[track_caller]
fn check(
    error: Error,
    stage: &str,
    rejection: Option<Rejection>,
    status: u16,
    code: &str,
) -> Problem {
    let problem = Problem::of_stage(error, Some(stage.into()), rejection);
    assert_eq!(
        (problem.status.as_u16(), problem.code.as_str()),
        (status, code)
    );
    problem
}

#[test]
fn every_error_has_its_status_and_code() {
    let text = || "x".to_owned();
    let invalid = || Error::InvalidInput(text());
    check(
        invalid(),
        "ingest",
        Some(Rejection::TooShort),
        422,
        "AUDIO_TOO_SHORT",
    );
    check(
        invalid(),
        "ingest",
        Some(Rejection::TooLong),
        422,
        "AUDIO_TOO_LONG",
    );
    check(
        invalid(),
        "ingest",
        Some(Rejection::TooLarge),
        413,
        "PAYLOAD_TOO_LARGE",
    );
    check(
        invalid(),
        "ingest",
        Some(Rejection::UnsupportedFormat),
        415,
        "AUDIO_FORMAT_UNSUPPORTED",
    );
    check(
        invalid(),
        "ingest",
        Some(Rejection::Malformed),
        422,
        "INVALID_AUDIO",
    );
    check(invalid(), "ingest", None, 422, "INVALID_AUDIO");
    check(invalid(), "intent", None, 422, "INVALID_REQUEST");
    check(
        Error::Unsupported(text()),
        "ingest",
        Some(Rejection::UnsupportedFormat),
        415,
        "AUDIO_FORMAT_UNSUPPORTED",
    );
    check(
        Error::Unsupported(text()),
        "asr",
        None,
        415,
        "INVALID_REQUEST",
    );
    let busy = check(Error::Busy(Some(1_500)), "asr", None, 503, "OVERLOADED");
    assert_eq!(busy.response("/", "r").headers()["retry-after"], "2");
    let unavailable = check(
        Error::Unavailable(text()),
        "asr",
        None,
        503,
        "STAGE_UNAVAILABLE",
    );
    assert!(
        unavailable
            .response("/", "r")
            .headers()
            .contains_key("retry-after")
    );
    assert_eq!(
        check(Error::Deadline, "asr", None, 504, "STAGE_TIMEOUT").retry,
        Retry::Yes
    );
    check(Error::Deadline, "llm", None, 504, "LLM_TIMEOUT");
    check(Error::Internal(text()), "vad", None, 500, "INTERNAL");
    check(
        Error::Internal(text()),
        "asr",
        None,
        500,
        "TRANSCRIPTION_FAILED",
    );
    check(Error::Internal(text()), "tts", None, 500, "TTS_FAILED");
}

#[test]
fn a_defect_is_not_told() {
    let problem = Problem::of_stage(
        Error::Internal("wasm backtrace".into()),
        Some("vad".into()),
        None,
    );
    assert!(!problem.document("/", "r").to_string().contains("backtrace"));
}

#[test]
fn the_document_is_complete() {
    let problem = Problem::of_stage(Error::Busy(None), Some("asr".into()), None);
    assert_eq!(
        problem.document("/process", "r-1"),
        json!({
            "type": "urn:colloquy:problem:overloaded",
            "title": "There is too much to do",
            "status": 503,
            "detail": "the asr stage has no room for more at the moment",
            "instance": "/process",
            "code": "OVERLOADED",
            "stage": "asr",
            "retryable": true,
            "retry_after_ms": 1000,
            "request_id": "r-1",
        })
    );
    let plain = Problem::invalid("x").document("/", "r");
    assert!(plain.get("stage").is_none() && plain.get("retry_after_ms").is_none());
}
