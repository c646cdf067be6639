//! One event of a chat stream, or a whole answer, in the dialects of OpenAI, Groq, llama.cpp, Ollama, vLLM and their like.
//!
//! Thoughts that come in fields of their own (`reasoning`, `reasoning_content`) are not text. Fields that nobody knows are ignored.

use colloquy_upstream::sse::Event;
use serde_json::Value;

/// Why an answer is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The model was done.
    Stop,
    /// There was no more room.
    Length,
    /// A filter of the server.
    Filtered,
}

/// Tokens as the server counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Of the prompt.
    pub prompt: Option<u32>,
    /// Of the answer, without thoughts.
    pub answer: Option<u32>,
    /// Of thoughts, as far as they are told apart.
    pub thoughts: u32,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text to append.
    Text(String),
    /// Why it is over; text does not follow.
    Finish(Finish),
    /// How much it was.
    Tokens(Tokens),
    /// The server says that nothing follows.
    Done,
    /// The server failed in mid-stream; what it says, for the log.
    Failed(String),
}

/// What came is no part of a chat answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("something other than a chat answer")]
pub struct NoChat;

/// Reads an event of a stream.
///
/// # Errors
/// [`NoChat`] when its data is neither `[DONE]` nor a JSON object.
pub fn event(event: &Event) -> Result<Vec<Part>, NoChat> {
    let data = event.data.trim();
    match data {
        "" => Ok(Vec::new()),
        "[DONE]" => Ok(vec![Part::Done]),
        _ if event.name == "error" => Ok(vec![Part::Failed(data.to_owned())]),
        _ => parts(data.as_bytes(), "delta"),
    }
}

/// Reads a whole answer of a server that does not stream.
///
/// # Errors
/// [`NoChat`] when it is none.
pub fn whole(body: &[u8]) -> Result<Vec<Part>, NoChat> {
    let mut parts = parts(body, "message")?;
    let is_answer = |part: &Part| !matches!(part, Part::Tokens(_));
    if !parts.iter().any(is_answer) {
        return Err(NoChat);
    }
    parts.push(Part::Done);
    Ok(parts)
}

fn parts(json: &[u8], field: &str) -> Result<Vec<Part>, NoChat> {
    let value: Value = serde_json::from_slice(json).map_err(|_| NoChat)?;
    let object = value.as_object().ok_or(NoChat)?;
    let errors = [object.get("error"), value.pointer("/x_groq/error")];
    if let Some(error) = errors.into_iter().flatten().find(|error| !error.is_null()) {
        return Ok(vec![Part::Failed(error.to_string())]);
    }
    // vLLM, before it took OpenAI's error object.
    if object.get("object").and_then(Value::as_str) == Some("error") {
        return Ok(vec![Part::Failed(value.to_string())]);
    }
    let mut parts = Vec::new();
    let choices = object.get("choices").and_then(Value::as_array);
    for choice in choices.into_iter().flatten() {
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
        if index != 0 {
            continue;
        }
        let text = choice.get(field).map(text).unwrap_or_default();
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        let finish = choice.get("finish_reason").and_then(Value::as_str);
        parts.extend(finish.and_then(reason).map(Part::Finish));
    }
    // Groq had its own place for it before it took OpenAI's.
    let usage = [object.get("usage"), value.pointer("/x_groq/usage")];
    let usage = usage.into_iter().flatten().find(|usage| usage.is_object());
    parts.extend(usage.map(|usage| Part::Tokens(tokens(usage))));
    Ok(parts)
}

/// The text of a delta or message: a string, or parts of which some are text (Mistral), or a refusal in the model's own words.
fn text(message: &Value) -> String {
    let content = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter(|part| part.get("type").and_then(Value::as_str) == Some("text"))
            .filter_map(|part| part.get("text").and_then(Value::as_str))
            .collect(),
        _ => String::new(),
    };
    let refusal = message.get("refusal").and_then(Value::as_str);
    content + refusal.unwrap_or_default()
}

fn reason(reason: &str) -> Option<Finish> {
    Some(match reason {
        "" => return None,
        "length" | "max_tokens" | "max_output_tokens" => Finish::Length,
        "content_filter" | "safety" | "recitation" => Finish::Filtered,
        // `stop`, `eos`, `stop_sequence`, `tool_calls`: whatever it is, the model came to an end.
        _ => Finish::Stop,
    })
}

fn tokens(usage: &Value) -> Tokens {
    let number = |place: &str| {
        let number = usage.pointer(place)?.as_u64()?;
        Some(u32::try_from(number).unwrap_or(u32::MAX))
    };
    let thoughts = number("/completion_tokens_details/reasoning_tokens").unwrap_or(0);
    Tokens {
        prompt: number("/prompt_tokens"),
        answer: number("/completion_tokens").map(|all| all.saturating_sub(thoughts)),
        thoughts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &str) -> Result<Vec<Part>, NoChat> {
        event(&Event {
            name: String::new(),
            data: data.into(),
        })
    }

    fn text(text: &str) -> Vec<Part> {
        vec![Part::Text(text.into())]
    }

    #[test]
    fn text_comes_in_several_forms() {
        for (data, parts) in [
            (
                r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}"#,
                text("Hi"),
            ),
            (
                r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":"x"},{"type":"text","text":"Hi"}]}}]}"#,
                text("Hi"),
            ),
            (
                r#"{"choices":[{"delta":{"content":null,"refusal":"No."}}]}"#,
                text("No."),
            ),
            (
                r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#,
                vec![],
            ),
            (
                r#"{"choices":[{"delta":{"role":"assistant","content":""}}],"usage":null}"#,
                vec![],
            ),
            (r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#, vec![]),
            (
                r#"{"choices":[{"delta":{"reasoning_content":"hm","content":null}}]}"#,
                vec![],
            ),
            (
                r#"{"choices":[{"index":1,"delta":{"content":"another"}}]}"#,
                vec![],
            ),
            (r#"{"choices":[],"prompt_filter_results":[]}"#, vec![]),
            ("", vec![]),
            ("[DONE]", vec![Part::Done]),
        ] {
            assert_eq!(read(data), Ok(parts), "{data}");
        }
        for data in ["[1]", "x", "\"text\"", "{", "[DONE"] {
            assert_eq!(read(data), Err(NoChat), "{data}");
        }
    }

    #[test]
    fn ends_are_told_apart() {
        for (word, finish) in [
            ("stop", Finish::Stop),
            ("eos", Finish::Stop),
            ("length", Finish::Length),
            ("content_filter", Finish::Filtered),
        ] {
            let data = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{word}"}}]}}"#);
            assert_eq!(read(&data), Ok(vec![Part::Finish(finish)]));
        }
    }

    #[test]
    fn usage_is_without_thoughts() {
        let usage = r#"{"prompt_tokens":10,"completion_tokens":30,"completion_tokens_details":{"reasoning_tokens":20}}"#;
        let tokens = Part::Tokens(Tokens {
            prompt: Some(10),
            answer: Some(10),
            thoughts: 20,
        });
        for data in [
            format!(r#"{{"choices":[],"usage":{usage}}}"#),
            format!(r#"{{"choices":[],"x_groq":{{"usage":{usage}}}}}"#),
        ] {
            assert_eq!(read(&data), Ok(vec![tokens.clone()]));
        }
    }

    #[test]
    fn errors_come_in_several_forms() {
        for data in [
            r#"{"error":{"message":"overloaded","code":500}}"#,
            r#"{"error":"overloaded"}"#,
            r#"{"object":"error","message":"overloaded","code":500}"#,
            r#"{"choices":[],"x_groq":{"error":"overloaded"}}"#,
        ] {
            assert!(
                matches!(&read(data).unwrap()[..], [Part::Failed(said)] if said.contains("overloaded")),
                "{data}"
            );
        }
        let named = Event {
            name: "error".into(),
            data: "overloaded".into(),
        };
        assert_eq!(event(&named), Ok(vec![Part::Failed("overloaded".into())]));
    }

    #[test]
    fn a_whole_answer_is_one_too() {
        let body = br#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi."},
            "finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
        let parts = whole(body).unwrap();
        assert_eq!(parts[0], Part::Text("Hi.".into()));
        assert_eq!(parts[1], Part::Finish(Finish::Stop));
        assert_eq!(parts[3], Part::Done);
        for body in ["{}", "[]", r#"{"choices":[]}"#, r#"{"message":"hello"}"#] {
            assert_eq!(whole(body.as_bytes()), Err(NoChat), "{body}");
        }
    }
}
