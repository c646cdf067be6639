//! Glue between the contract and the plain modules: conversion only.

use std::io::Write;

use crate::event::{BreakerState, Event, Removal, Turn};
use bindings::exports::colloquy::events::events as w;

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "colloquy:worlds/events-sink",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

struct Component;

impl w::Guest for Component {
    fn publish(event: w::Event) {
        // In one piece, so that lines of several instances do not mix. An event that nobody can take is dropped.
        let _ = std::io::stderr().write_all(crate::line::line(event.into()).as_bytes());
    }
}

impl From<w::Turn> for Turn {
    fn from(turn: w::Turn) -> Self {
        Self {
            session_id: turn.session_id,
            request_id: turn.request_id,
        }
    }
}

fn state(state: w::BreakerState) -> BreakerState {
    match state {
        w::BreakerState::Closed => BreakerState::Closed,
        w::BreakerState::Open => BreakerState::Open,
        w::BreakerState::HalfOpen => BreakerState::HalfOpen,
    }
}

impl From<w::Event> for Event {
    fn from(event: w::Event) -> Self {
        match event {
            w::Event::TurnStarted(turn) => Self::TurnStarted { turn: turn.into() },
            w::Event::AudioProcessed(it) => Self::AudioProcessed {
                turn: it.turn.into(),
                duration_ms: it.duration_ms,
                speech_ms: it.speech_ms,
                took_ms: it.took_ms,
            },
            w::Event::TranscriptReady(it) => Self::TranscriptReady {
                turn: it.turn.into(),
                language: it.language,
                confidence: it.confidence,
                n_characters: it.n_characters,
            },
            w::Event::ResponseGenerated(it) => Self::ResponseGenerated {
                turn: it.turn.into(),
                intent: it.intent,
                n_items: it.n_items,
                item_type: it.item_type,
                first_audio_ms: it.first_audio_ms,
                total_ms: it.total_ms,
            },
            w::Event::StageDegraded(it) => Self::StageDegraded {
                turn: it.turn.into(),
                stage: it.stage,
                reason: it.reason,
            },
            w::Event::SessionEnded(it) => Self::SessionEnded {
                session_id: it.session_id,
                n_turns: it.n_turns,
                duration_ms: it.duration_ms,
            },
            w::Event::BreakerChanged(it) => Self::BreakerChanged {
                upstream: it.upstream,
                before: state(it.before),
                now: state(it.now),
                n_failures: it.n_failures,
            },
            w::Event::AudioStored(it) => Self::AudioStored {
                session_id: it.session_id,
                n_bytes: it.n_bytes,
            },
            w::Event::AudioRemoved(it) => Self::AudioRemoved {
                session_id: it.session_id,
                n_bytes: it.n_bytes,
                reason: match it.reason {
                    w::Removal::Expired => Removal::Expired,
                    w::Removal::SessionEnded => Removal::SessionEnded,
                    w::Removal::Evicted => Removal::Evicted,
                },
                was_served: it.was_served,
            },
            w::Event::Swept(it) => Self::Swept {
                n_sessions: it.n_sessions,
                n_audio: it.n_audio,
                is_complete: it.is_complete,
                took_ms: it.took_ms,
            },
        }
    }
}
