use super::*;

#[tokio::test]
async fn a_conversation_goes_on() {
    let fakes = Fakes::default();
    let reply = chat(
        &fakes,
        json!({ "model": "fake-llm", "temperature": 0.2, "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Who was she?" },
            { "role": "assistant", "content": "An admiral." },
            { "role": "user", "content": [{ "type": "text", "text": "What did she build?" }] },
        ]}),
    )
    .await;
    let answer = reply.json();
    assert_eq!(reply.status, 200, "{answer}");
    assert_eq!(
        answer["choices"],
        json!([{
            "index": 0,
            "message": { "role": "assistant", "content": "She built A-0. Then COBOL.", "refusal": null },
            "logprobs": null,
            "finish_reason": "stop",
        }])
    );
    assert_eq!(
        (&answer["object"], &answer["model"], &answer["created"]),
        (
            &json!("chat.completion"),
            &json!("fake-llm"),
            &json!(fakes::START_MS / 1_000)
        )
    );
    assert_eq!(
        answer["usage"],
        json!({ "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14, "counted": "words" })
    );
    assert_eq!(answer["colloquy"]["items"][0]["id"], "a-0");
    assert_eq!(answer["colloquy"]["query_intent"], "about");
    let requests = fakes.requests.lock().unwrap();
    assert_eq!(
        (
            requests[0].text.as_str(),
            requests[0].speak,
            requests[0].history.len()
        ),
        ("What did she build?", false, 1)
    );
    assert!(matches!(
        fakes.published.lock().unwrap()[..],
        [Event::TurnStarted(_)]
    ));
    assert!(fakes.keys().is_empty(), "nothing is kept");
}

#[tokio::test]
async fn an_answer_comes_piece_by_piece() {
    let fakes = Fakes::default();
    let reply = chat(
        &fakes,
        question(json!({ "stream": true, "stream_options": { "include_usage": true } })),
    )
    .await;
    let mut events = reply.events();
    assert_eq!(events.pop().as_deref(), Some("[DONE]"));
    let pieces: Vec<Value> = events
        .iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect();
    assert!(
        pieces
            .iter()
            .all(|piece| piece["object"] == "chat.completion.chunk"
                && piece["id"] == pieces[0]["id"])
    );
    assert_eq!(
        pieces[0]["choices"][0]["delta"],
        json!({ "role": "assistant", "content": "" })
    );
    assert_eq!(pieces[1]["colloquy"]["items"][0]["id"], "a-0");
    let text: String = pieces
        .iter()
        .filter_map(|piece| piece["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "She built A-0. Then COBOL.");
    let [.., end, usage] = &pieces[..] else {
        panic!("{pieces:?}")
    };
    assert_eq!(end["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        (&usage["choices"], &usage["usage"]["completion_tokens"]),
        (&json!([]), &json!(5))
    );

    let reply = chat(&fakes, question(json!({ "stream": true }))).await;
    assert!(!reply.text.contains("\"usage\""));
}

#[tokio::test]
async fn an_answer_that_breaks_off_says_so() {
    let mut fakes = Fakes::default();
    fakes.answered.truncate(4);
    fakes.answered.push(Err(Error::Internal("x".into())));
    let events = chat(&fakes, question(json!({ "stream": true })))
        .await
        .events();
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!(
        last["error"]["type"], "server_error",
        "no [DONE] after that: {events:?}"
    );
    chat(&fakes, question(json!({})))
        .await
        .error(500, json!(null), "internal");
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_the_answer() {
    let fakes = Fakes::default();
    let router: Router = router(Arc::new(fakes.clone()), Config::default());
    let request =
        HttpRequest::post("/v1/chat/completions").header("content-type", "application/json");
    let body = question(json!({ "stream": true })).to_string();
    let response = router
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(fakes.dropped.lock().unwrap().is_empty());
    drop(response);
    assert_eq!(*fakes.dropped.lock().unwrap(), ["answer"]);
}

#[tokio::test]
async fn a_question_can_be_a_recording_and_the_answer_be_spoken() {
    let fakes = Fakes::default();
    let recording =
        json!({ "type": "input_audio", "input_audio": { "data": "UklGRg==", "format": "wav" } });
    let reply = chat(
        &fakes,
        question(json!({
            "messages": [{ "role": "user", "content": [recording] }],
            "modalities": ["text", "audio"], "audio": { "voice": "alloy", "format": "wav" },
        })),
    )
    .await;
    let answer = reply.json();
    assert_eq!(
        answer["colloquy"]["transcription"], "What did she build?",
        "{answer}"
    );
    let message = &answer["choices"][0]["message"];
    assert_eq!(
        (&message["content"], &message["audio"]["transcript"]),
        (&json!(null), &json!("She built A-0. Then COBOL."))
    );
    assert!(
        message["audio"]["data"]
            .as_str()
            .unwrap()
            .starts_with("UklGR")
    );
    assert_eq!(fakes.utterances.lock().unwrap()[0].1, b"RIFF");
    let request = &fakes.requests.lock().unwrap()[0];
    assert_eq!(
        (
            request.speak,
            request.voice.as_deref(),
            request.language.as_str()
        ),
        (true, None, "en")
    );
}

#[tokio::test]
async fn what_chat_cannot_do_is_named() {
    let fakes = Fakes::default();
    let refused = |extra: Value| {
        let fakes = fakes.clone();
        async move { chat(&fakes, question(extra)).await }
    };
    refused(json!({ "n": 2 }))
        .await
        .error(400, json!("n"), "unsupported_value");
    refused(json!({ "model": null }))
        .await
        .error(400, json!("model"), "invalid_request");
    refused(json!({ "model": "gpt-0" }))
        .await
        .error(404, json!("model"), "model_not_found");
    refused(json!({ "messages": [] }))
        .await
        .error(400, json!("messages"), "invalid_request");
    refused(json!({ "messages": [{ "role": "user", "content": " " }] }))
        .await
        .error(400, json!("messages"), "invalid_request");
    let long = "x".repeat(2_001);
    refused(json!({ "messages": [{ "role": "user", "content": long }] }))
        .await
        .error(400, json!("messages"), "invalid_request");
    refused(json!({ "modalities": ["video"] })).await.error(
        400,
        json!("modalities"),
        "unsupported_value",
    );
    refused(json!({ "modalities": ["audio"] }))
        .await
        .error(400, json!("audio"), "invalid_request");
    refused(json!({ "messages": "hello" }))
        .await
        .error(400, json!(null), "invalid_request");
    let recording =
        json!({ "type": "input_audio", "input_audio": { "data": "*", "format": "wav" } });
    refused(json!({ "messages": [{ "role": "user", "content": [recording] }] }))
        .await
        .error(400, json!("messages"), "invalid_request");
    assert!(fakes.requests.lock().unwrap().is_empty());
}
