//! What the emulator sends as a chat server, what it must have been asked, and a turn as a client sees it.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::Host;
use colloquy_tests::upstream::{Received, Reply, Way};
use serde_json::{Value, json};

use super::QUESTION;

pub(super) fn event(delta: &Value, finish: Option<&str>) -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "usual",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
    });
    format!("data: {chunk}\n\n")
}

/// The first event of a stream, and one for each of these texts.
pub(super) fn beginning(texts: &[&str]) -> String {
    let texts = texts
        .iter()
        .map(|text| event(&json!({ "content": text }), None));
    event(&json!({ "role": "assistant", "content": "" }), None) + &texts.collect::<String>()
}

/// A stream as OpenAI sends it.
pub(crate) fn stream(texts: &[&str]) -> String {
    let usage = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "usual", "choices": [],
        "usage": { "prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366 },
    });
    beginning(texts)
        + &event(&json!({}), Some("stop"))
        + &format!("data: {usage}\n\ndata: [DONE]\n\n")
}

pub(crate) fn streamed(body: impl Into<Vec<u8>>, way: Way) -> Reply {
    Reply::ok("text/event-stream", body, way)
}

/// The JSON of a request, checked.
pub(super) fn asked(request: &Received) -> Result<Value> {
    ensure!(
        request.method == "POST" && request.path == "/v1/chat/completions",
        "{request:?}"
    );
    ensure!(
        request.header("content-type")? == Some("application/json"),
        "content type"
    );
    let asked: Value = serde_json::from_slice(&request.body)?;
    for name in asked.as_object().context("an object")?.keys() {
        let known = [
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_tokens",
            "temperature",
        ];
        ensure!(
            known.contains(&name.as_str()),
            "{name} is no field of the interface"
        );
    }
    ensure!(asked["stream"] == true, "{asked}");
    ensure!(
        asked["stream_options"] == json!({ "include_usage": true }),
        "{asked}"
    );
    let messages = asked["messages"].as_array().context("messages")?;
    for (at, message) in messages.iter().enumerate() {
        // The rules, then the visitor and the guide in turn.
        let role = match at {
            0 => "system",
            _ if at % 2 == 1 => "user",
            _ => "assistant",
        };
        ensure!(message["role"] == role, "{asked}");
        ensure!(
            message["content"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{asked}"
        );
    }
    ensure!(messages.len() % 2 == 0, "{asked}");
    Ok(asked)
}

/// A turn as events: `each` sees every one by name and data, and says whether to go on.
pub(super) fn events(
    host: &Host,
    mut each: impl FnMut(&str, &Value) -> Result<bool>,
) -> Result<Option<Value>> {
    let body = json!({ "text": QUESTION });
    let request = host.client.post(format!("{}/process/text", host.url));
    let request = request.header("accept", "text/event-stream").json(&body);
    let request = request.timeout(Duration::from_secs(600));
    let mut name = String::new();
    for line in BufReader::new(request.send()?).lines() {
        let line = line?;
        if let Some(event) = line.strip_prefix("event: ") {
            event.clone_into(&mut name);
        }
        if let Some(data) = line.strip_prefix("data: ") {
            let data: Value = serde_json::from_str(data)?;
            ensure!(name != "error", "{data}");
            if !each(&name, &data)? {
                return Ok(None);
            }
            if name == "done" {
                return Ok(Some(data));
            }
        }
    }
    anyhow::bail!("the last event is {name}")
}
