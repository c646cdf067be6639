//! Events as JSON, as docs/events.md describes them: one flat object, names as in the contract with underscores.
//!
//! Nothing of what was said is in it, because nothing of that is in an event.

use serde_json::{Map, Value, json};

use super::{Event, Happened};
use crate::bindings::colloquy::events::events::Turn;

/// Characters of a text that a component chose.
const MAX_TEXT: usize = 300;

/// The document of an event.
pub(super) fn document(happened: &Happened) -> Value {
    let mut document = Map::new();
    let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
    put("type", happened.event.kind().into());
    let time = humantime::format_rfc3339_millis(happened.at);
    put("time", time.to_string().into());
    let fields = fields(&happened.event);
    if let Value::Object(fields) = fields {
        document.extend(fields);
    }
    Value::Object(document)
}

fn fields(event: &Event) -> Value {
    let with = |turn: &Turn, fields: Value| {
        let mut all = Map::new();
        all.insert("session_id".to_owned(), text(&turn.session_id));
        all.insert("request_id".to_owned(), text(&turn.request_id));
        if let Value::Object(fields) = fields {
            all.extend(fields);
        }
        Value::Object(all)
    };
    match event {
        Event::TurnStarted(turn) => with(turn, json!({})),
        Event::AudioProcessed(it) => with(
            &it.turn,
            json!({ "duration_ms": it.duration_ms, "speech_ms": it.speech_ms, "took_ms": it.took_ms }),
        ),
        Event::TranscriptReady(it) => with(
            &it.turn,
            json!({
                "language": text(&it.language),
                "confidence": it.confidence,
                "n_characters": it.n_characters,
            }),
        ),
        Event::ResponseGenerated(it) => with(
            &it.turn,
            json!({
                "intent": text(&it.intent),
                "n_items": it.n_items,
                "item_type": it.item_type.as_deref().map(text),
                "first_audio_ms": it.first_audio_ms,
                "total_ms": it.total_ms,
            }),
        ),
        Event::StageDegraded(it) => with(
            &it.turn,
            json!({ "stage": text(&it.stage), "reason": text(&it.reason) }),
        ),
        Event::SessionEnded(it) => json!({
            "session_id": text(&it.session_id),
            "n_turns": it.n_turns,
            "duration_ms": it.duration_ms,
        }),
        Event::BreakerChanged(it) => json!({
            "upstream": text(&it.upstream),
            "before": it.before.name(),
            "now": it.now.name(),
            "n_failures": it.n_failures,
        }),
        Event::AudioStored(it) => json!({
            "session_id": text(&it.session_id),
            "n_bytes": it.n_bytes,
        }),
        Event::AudioRemoved(it) => json!({
            "session_id": text(&it.session_id),
            "n_bytes": it.n_bytes,
            "reason": it.reason.name(),
            "was_served": it.was_served,
        }),
        Event::Swept(it) => json!({
            "n_sessions": it.n_sessions,
            "n_audio": it.n_audio,
            "is_complete": it.is_complete,
            "took_ms": it.took_ms,
        }),
    }
}

fn text(text: &str) -> Value {
    text.chars().take(MAX_TEXT).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::bindings::colloquy::events::events;

    fn check(event: Event, expected: &Value) {
        let at = UNIX_EPOCH + Duration::from_millis(1_790_000_000_123);
        assert_eq!(document(&Happened { at, event }), *expected);
    }

    #[test]
    fn every_event_is_as_documented() {
        let turn = || events::Turn {
            session_id: "s-1".into(),
            request_id: "r-1".into(),
        };
        let time = "2026-09-21T14:13:20.123Z";
        check(
            Event::TurnStarted(turn()),
            &json!({ "type": "turn-started", "time": time, "session_id": "s-1", "request_id": "r-1" }),
        );
        check(
            Event::AudioProcessed(events::AudioProcessed {
                turn: turn(),
                duration_ms: 1200,
                speech_ms: 900,
                took_ms: 30,
            }),
            &json!({ "type": "audio-processed", "time": time, "session_id": "s-1", "request_id": "r-1", "duration_ms": 1200, "speech_ms": 900, "took_ms": 30 }),
        );
        check(
            Event::TranscriptReady(events::TranscriptReady {
                turn: turn(),
                language: "en".into(),
                confidence: 0.5,
                n_characters: 42,
            }),
            &json!({ "type": "transcript-ready", "time": time, "session_id": "s-1", "request_id": "r-1", "language": "en", "confidence": 0.5, "n_characters": 42 }),
        );
        check(
            Event::ResponseGenerated(events::ResponseGenerated {
                turn: turn(),
                intent: "list-projects".into(),
                n_items: 3,
                item_type: Some("project".into()),
                first_audio_ms: Some(350),
                total_ms: 800,
            }),
            &json!({ "type": "response-generated", "time": time, "session_id": "s-1", "request_id": "r-1", "intent": "list-projects", "n_items": 3, "item_type": "project", "first_audio_ms": 350, "total_ms": 800 }),
        );
        check(
            Event::StageDegraded(events::StageDegraded {
                turn: turn(),
                stage: "tts".into(),
                reason: "é".repeat(MAX_TEXT + 1),
            }),
            &json!({ "type": "stage-degraded", "time": time, "session_id": "s-1", "request_id": "r-1", "stage": "tts", "reason": "é".repeat(MAX_TEXT) }),
        );
        check(
            Event::SessionEnded(events::SessionEnded {
                session_id: "s-1".into(),
                n_turns: 2,
                duration_ms: 60_000,
            }),
            &json!({ "type": "session-ended", "time": time, "session_id": "s-1", "n_turns": 2, "duration_ms": 60_000 }),
        );
        check(
            Event::BreakerChanged(events::BreakerChanged {
                upstream: "https://api.example.com".into(),
                before: events::BreakerState::Closed,
                now: events::BreakerState::HalfOpen,
                n_failures: 5,
            }),
            &json!({ "type": "breaker-changed", "time": time, "upstream": "https://api.example.com", "before": "closed", "now": "half-open", "n_failures": 5 }),
        );
        check(
            Event::AudioStored(events::AudioStored {
                session_id: "s-1".into(),
                n_bytes: 48_044,
            }),
            &json!({ "type": "audio-stored", "time": time, "session_id": "s-1", "n_bytes": 48_044 }),
        );
        check(
            Event::AudioRemoved(events::AudioRemoved {
                session_id: "s-1".into(),
                n_bytes: 48_044,
                reason: events::Removal::Expired,
                was_served: false,
            }),
            &json!({ "type": "audio-removed", "time": time, "session_id": "s-1", "n_bytes": 48_044, "reason": "expired", "was_served": false }),
        );
        check(
            Event::Swept(events::Swept {
                n_sessions: 1,
                n_audio: 2,
                is_complete: false,
                took_ms: 3,
            }),
            &json!({ "type": "swept", "time": time, "n_sessions": 1, "n_audio": 2, "is_complete": false, "took_ms": 3 }),
        );
    }
}
