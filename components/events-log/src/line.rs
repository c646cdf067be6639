//! One event as one line of JSON.
//!
//! A line is a line whatever is in the event: control characters are escaped, those that JSON lets through included (DEL, C1, the two
//! line separators of Unicode), so that nothing in an event can forge a line or steer a terminal. Long texts are cut.

use std::fmt::Write;

use crate::event::{Event, Turn};

/// Longest text of a field in characters; more is cut and ends in `...`.
pub const MAX_TEXT: usize = 500;

/// The line, with its line feed.
#[must_use]
pub fn line(mut event: Event) -> String {
    for text in texts(&mut event) {
        cut(text);
    }
    // Numbers and texts only, so there is nothing to fail; the contract says that an event is dropped then.
    let json = serde_json::to_string(&event).unwrap_or_default();
    let mut line = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        // Outside texts JSON has no such characters, and all of them are in the first plane.
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            // Writing to a string does not fail.
            let _ = write!(line, "\\u{:04x}", u32::from(character));
        } else {
            line.push(character);
        }
    }
    line.push('\n');
    line
}

fn texts(event: &mut Event) -> Vec<&mut String> {
    let (turn, more) = match event {
        Event::TurnStarted { turn } | Event::AudioProcessed { turn, .. } => (turn, vec![]),
        Event::TranscriptReady { turn, language, .. } => (turn, vec![language]),
        Event::ResponseGenerated {
            turn,
            intent,
            item_type,
            ..
        } => {
            let mut more = vec![intent];
            more.extend(item_type);
            (turn, more)
        }
        Event::StageDegraded {
            turn,
            stage,
            reason,
        } => (turn, vec![stage, reason]),
        Event::SessionEnded { session_id, .. }
        | Event::AudioStored { session_id, .. }
        | Event::AudioRemoved { session_id, .. } => return vec![session_id],
        Event::Swept { .. } => return vec![],
        Event::BreakerChanged { upstream, .. } => return vec![upstream],
    };
    let Turn {
        session_id,
        request_id,
    } = turn;
    more.into_iter().chain([session_id, request_id]).collect()
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
        text.push_str("...");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{BreakerState, Removal};

    fn turn(session_id: &str) -> Turn {
        Turn {
            session_id: session_id.to_owned(),
            request_id: "r1".to_owned(),
        }
    }

    #[test]
    fn every_event_is_one_flat_object() {
        let turn = || turn("s1");
        let check = |event, expected: &str| assert_eq!(line(event), format!("{expected}\n"));
        check(
            Event::BreakerChanged {
                upstream: "https://api.example.com".to_owned(),
                before: BreakerState::Open,
                now: BreakerState::HalfOpen,
                n_failures: 5,
            },
            r#"{"event":"breaker-changed","upstream":"https://api.example.com","before":"open","now":"half-open","n_failures":5}"#,
        );
        check(
            Event::TurnStarted { turn: turn() },
            r#"{"event":"turn-started","session_id":"s1","request_id":"r1"}"#,
        );
        check(
            Event::AudioProcessed {
                turn: turn(),
                duration_ms: 11_000,
                speech_ms: 8_500,
                took_ms: 40,
            },
            r#"{"event":"audio-processed","session_id":"s1","request_id":"r1","duration_ms":11000,"speech_ms":8500,"took_ms":40}"#,
        );
        check(
            Event::TranscriptReady {
                turn: turn(),
                language: "en".to_owned(),
                confidence: 0.5,
                n_characters: 12,
            },
            r#"{"event":"transcript-ready","session_id":"s1","request_id":"r1","language":"en","confidence":0.5,"n_characters":12}"#,
        );
        check(
            Event::ResponseGenerated {
                turn: turn(),
                intent: "career".to_owned(),
                n_items: 4,
                item_type: Some("role".to_owned()),
                first_audio_ms: None,
                total_ms: 900,
            },
            r#"{"event":"response-generated","session_id":"s1","request_id":"r1","intent":"career","n_items":4,"item_type":"role","first_audio_ms":null,"total_ms":900}"#,
        );
        check(
            Event::StageDegraded {
                turn: turn(),
                stage: "llm".to_owned(),
                reason: "unavailable".to_owned(),
            },
            r#"{"event":"stage-degraded","session_id":"s1","request_id":"r1","stage":"llm","reason":"unavailable"}"#,
        );
        check(
            Event::SessionEnded {
                session_id: "s1".to_owned(),
                n_turns: 3,
                duration_ms: 60_000,
            },
            r#"{"event":"session-ended","session_id":"s1","n_turns":3,"duration_ms":60000}"#,
        );
        check(
            Event::AudioStored {
                session_id: "s1".to_owned(),
                n_bytes: 48_044,
            },
            r#"{"event":"audio-stored","session_id":"s1","n_bytes":48044}"#,
        );
        check(
            Event::AudioRemoved {
                session_id: "s1".to_owned(),
                n_bytes: 48_044,
                reason: Removal::SessionEnded,
                was_served: true,
            },
            r#"{"event":"audio-removed","session_id":"s1","n_bytes":48044,"reason":"session-ended","was_served":true}"#,
        );
        check(
            Event::Swept {
                n_sessions: 1,
                n_audio: 2,
                is_complete: true,
                took_ms: 3,
            },
            r#"{"event":"swept","n_sessions":1,"n_audio":2,"is_complete":true,"took_ms":3}"#,
        );
    }

    #[test]
    fn nothing_forges_a_line() {
        let hostile = "a\nb\r\u{1b}[2J\u{7f}\u{9b}31m\u{2028}c\"}";
        let line = line(Event::TurnStarted {
            turn: turn(hostile),
        });
        let text = line.strip_suffix('\n').unwrap();
        assert!(
            !text
                .chars()
                .any(|c| c.is_control() || c == '\u{2028}' || c == '\u{2029}'),
            "{text:?}"
        );
        let parsed: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(parsed["session_id"], hostile);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let line = line(Event::SessionEnded {
            session_id: "é".repeat(MAX_TEXT + 1),
            n_turns: 0,
            duration_ms: 0,
        });
        let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed["session_id"], format!("{}...", "é".repeat(MAX_TEXT)));
        assert!(line.len() < 2_000);
    }

    #[test]
    fn what_is_not_a_number_is_null() {
        let line = line(Event::TranscriptReady {
            turn: turn("s1"),
            language: String::new(),
            confidence: f32::NAN,
            n_characters: 0,
        });
        assert!(line.contains(r#""confidence":null"#), "{line}");
    }
}
