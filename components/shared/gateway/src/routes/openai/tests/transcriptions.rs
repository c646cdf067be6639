use super::*;

#[tokio::test]
async fn a_recording_becomes_text() {
    let fakes = Fakes::default();
    let reply = transcribe(&fakes, &[("model", "whisper-1"), ("file", "RIFF bytes")]).await;
    assert_eq!(
        (reply.status, reply.json()),
        (
            200,
            json!({ "text": "What did she build?", "usage": { "type": "duration", "seconds": 1.0 } })
        )
    );
    let heard = fakes.utterances.lock().unwrap();
    assert_eq!(heard[0].1, b"RIFF bytes");
    assert_eq!(*fakes.dropped.lock().unwrap(), ["utterance"]);
}

#[tokio::test]
async fn how_it_is_to_be_heard_may_come_after_the_recording() {
    let fakes = Fakes::default();
    let fields = [
        ("file", "RIFF bytes"),
        ("model", "fake-asr"),
        ("language", "en"),
        ("prompt", "Names: Grace Hopper."),
        ("temperature", "0.5"),
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "segment"),
        ("user", "someone"),
    ];
    let reply = transcribe(&fakes, &fields).await;
    assert_eq!(
        (reply.status, &reply.json()["language"]),
        (200, &json!("english"))
    );
    let heard = fakes.utterances.lock().unwrap();
    let (options, bytes) = heard.last().unwrap();
    assert_eq!((heard.len(), bytes.as_slice()), (1, &b"RIFF bytes"[..]));
    assert_eq!(
        (
            options.language.as_deref(),
            options.prompt.as_deref(),
            options.temperature
        ),
        (Some("en"), Some("Names: Grace Hopper."), 0.5)
    );
}

#[tokio::test]
async fn what_a_form_lacks_or_cannot_have_is_named() {
    let fakes = Fakes::default();
    let with = |name: &'static str, value: &'static str| {
        let fakes = fakes.clone();
        async move {
            let fields = [("file", "RIFF"), ("model", "whisper-1"), (name, value)];
            transcribe(&fakes, &fields).await
        }
    };
    let missing = transcribe(&fakes, &[("file", "RIFF")]).await;
    missing.error(400, json!("model"), "invalid_request");
    let missing = transcribe(&fakes, &[("model", "whisper-1")]).await;
    missing.error(400, json!("file"), "invalid_request");
    with("model", "whisper-9")
        .await
        .error(404, json!("model"), "model_not_found");
    with("file", "RIFF")
        .await
        .error(400, json!("file"), "invalid_request");
    with("response_format", "docx")
        .await
        .error(400, json!("response_format"), "invalid_request");
    with("temperature", "hot")
        .await
        .error(400, json!("temperature"), "invalid_request");
    with("language", "../x")
        .await
        .error(400, json!("language"), "invalid_request");
    with("timestamp_granularities[]", "word").await.error(
        400,
        json!("timestamp_granularities"),
        "unsupported_value",
    );
    with("include[]", "logprobs")
        .await
        .error(400, json!("include"), "unsupported_value");
    let both = [
        ("file", "RIFF"),
        ("model", "whisper-1"),
        ("stream", "true"),
        ("response_format", "srt"),
    ];
    transcribe(&fakes, &both)
        .await
        .error(400, json!("stream"), "unsupported_value");
    let wrong = post(&fakes, "/v1/audio/transcriptions", "application/json", "{}").await;
    wrong.error(400, json!(null), "invalid_request");
}

#[tokio::test]
async fn a_recording_that_is_refused_is_a_bad_request() {
    let fakes = Fakes {
        finish: Err(Error::InvalidInput("0.05 s".into())),
        rejection: Some(listen::Rejection::TooShort),
        failed_stage: Some("ingest"),
        ..Fakes::default()
    };
    let reply = transcribe(&fakes, &[("model", "whisper-1"), ("file", "RIFF")]).await;
    reply.error(400, json!(null), "audio_too_short");
}

#[tokio::test]
async fn a_streamed_transcript_takes_nothing_back() {
    let mut fakes = Fakes::default();
    let stream = [("model", "whisper-1"), ("file", "RIFF"), ("stream", "true")];
    fakes.heard.splice(
        0..0,
        ["What did", "What did she", "What dead"]
            .map(|text| Ok(listen::Event::Partial(text.into()))),
    );
    let events = transcribe(&fakes, &stream).await.events();
    assert_eq!(
        events,
        [
            r#"{"type":"transcript.text.delta","delta":"What did"}"#,
            r#"{"type":"transcript.text.delta","delta":" she"}"#,
            r#"{"type":"transcript.text.delta","delta":" build?"}"#,
            r#"{"type":"transcript.text.done","text":"What did she build?"}"#,
        ]
    );

    fakes.heard.truncate(1);
    fakes.heard.push(Err(Error::Deadline));
    let events = transcribe(&fakes, &stream).await.events();
    assert_eq!(events.len(), 2);
    let error: Value = serde_json::from_str(&events[1]).unwrap();
    assert_eq!(error["error"]["type"], "server_error");

    fakes.heard = vec![Err(Error::Deadline)];
    let reply = transcribe(&fakes, &stream).await;
    reply.error(504, json!(null), "stage_timeout");
}
