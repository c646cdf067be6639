use serde_json::json;

use super::*;

fn asked(messages: Value) -> Result<Asked, String> {
    let messages = serde_json::from_value(messages).map_err(|error| error.to_string())?;
    ChatRequest::asked(messages).map_err(|error| format!("{error:?}"))
}

fn turn(user: &str, assistant: &str) -> Turn {
    Turn {
        user: user.into(),
        assistant: assistant.into(),
        intent: None,
        item_ids: vec![],
        item_type: None,
    }
}

#[test]
fn the_last_message_is_the_question_and_the_others_are_turns() {
    let found = asked(json!([
        { "role": "system", "content": "You are a pirate." },
        { "role": "assistant", "content": "Welcome!" },
        { "role": "user", "content": " Who was she? " },
        { "role": "assistant", "content": "A computer scientist." },
        { "role": "assistant", "content": [{ "type": "text", "text": "And an admiral." }] },
        { "role": "user", "content": [{ "type": "text", "text": "And what" }, { "type": "text", "text": "did she build?" }] },
        { "role": "assistant", "content": null },
        { "role": "user", "content": "Well?" },
        { "role": "user", "content": "Tell me." },
    ]))
    .unwrap();
    assert_eq!(found.text, "Well?\nTell me.");
    assert_eq!(
        found.history,
        [
            turn("Who was she?", "A computer scientist.\nAnd an admiral."),
            turn("And what\ndid she build?", "")
        ]
    );
}

#[test]
fn a_recording_is_of_the_question() {
    let recording =
        json!({ "type": "input_audio", "input_audio": { "data": "AAAA", "format": "wav" } });
    let found = asked(json!([{ "role": "user", "content": [recording] }])).unwrap();
    assert_eq!(
        (found.text.as_str(), found.recording.as_deref()),
        ("", Some("AAAA"))
    );
    let earlier = asked(json!([
        { "role": "user", "content": [recording] },
        { "role": "assistant", "content": "Yes." },
        { "role": "user", "content": "And?" },
    ]));
    assert!(earlier.is_err());
    assert!(asked(json!([{ "role": "user", "content": [recording, recording] }])).is_err());
}

#[test]
fn without_a_question_there_is_no_answer() {
    assert!(asked(json!([])).is_err());
    assert!(asked(json!([{ "role": "assistant", "content": "Hello" }])).is_err());
    assert!(asked(json!([{ "role": "tool", "content": "42" }])).is_err());
    assert!(asked(json!([{ "role": "user", "content": [{ "type": "image_url" }] }])).is_err());
}

#[test]
fn what_cannot_be_done_is_refused_and_what_only_nudges_is_not() {
    let check = |extra: Value| {
        let mut body = json!({ "model": "gpt-4o", "messages": [] });
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        serde_json::from_value::<ChatRequest>(body).unwrap().check()
    };
    for fine in [
        json!({ "temperature": 1.5, "seed": 7, "max_tokens": 10, "n": 1, "tools": [], "stop": null }),
        json!({ "response_format": { "type": "text" }, "logprobs": false, "language": "de" }),
        json!({ "stream": true, "stream_options": { "include_usage": true } }),
    ] {
        assert!(check(fine.clone()).is_ok(), "{fine}");
    }
    for refused in [
        json!({ "n": 2 }),
        json!({ "tools": [{}] }),
        json!({ "functions": [{}] }),
        json!({ "stop": "." }),
        json!({ "logprobs": true }),
        json!({ "response_format": { "type": "json_object" } }),
        json!({ "language": "../x" }),
    ] {
        assert!(check(refused.clone()).is_err(), "{refused}");
    }
}
