//! The generated bindings, with the types of [`crate::contract`] in the place of generated ones. Only `component.rs` uses them.
#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "colloquy:worlds/gateway",
    generate_all,
    with: {
        "colloquy:content/content@0.1.0/error": crate::contract::Error,
        "colloquy:content/content@0.1.0/item-type": crate::contract::content::ItemType,
        "colloquy:content/content@0.1.0/metric": crate::contract::Metric,
        "colloquy:content/content@0.1.0/item": crate::contract::content::Item,
        "colloquy:content/content@0.1.0/score": crate::contract::Score,
        "colloquy:content/content@0.1.0/hit": crate::contract::content::Hit,
        "colloquy:content/content@0.1.0/filter": crate::contract::content::Filter,
        "colloquy:events/events@0.1.0/turn": crate::contract::events::Turn,
        "colloquy:events/events@0.1.0/transcript-ready": crate::contract::events::TranscriptReady,
        "colloquy:events/events@0.1.0/audio-processed": crate::contract::events::AudioProcessed,
        "colloquy:events/events@0.1.0/response-generated": crate::contract::events::ResponseGenerated,
        "colloquy:events/events@0.1.0/stage-degraded": crate::contract::events::StageDegraded,
        "colloquy:events/events@0.1.0/session-ended": crate::contract::events::SessionEnded,
        "colloquy:events/events@0.1.0/event": crate::contract::events::Event,
        "colloquy:pipeline/listen@0.1.0/error": crate::contract::Error,
        "colloquy:pipeline/listen@0.1.0/stage": crate::contract::Stage,
        "colloquy:pipeline/listen@0.1.0/options": crate::contract::listen::Options,
        "colloquy:pipeline/listen@0.1.0/transcript": crate::contract::listen::Transcript,
        "colloquy:pipeline/listen@0.1.0/report": crate::contract::listen::Report,
        "colloquy:pipeline/listen@0.1.0/event": crate::contract::listen::Event,
        "colloquy:pipeline/respond@0.1.0/error": crate::contract::Error,
        "colloquy:pipeline/respond@0.1.0/stage": crate::contract::Stage,
        "colloquy:pipeline/respond@0.1.0/turn": crate::contract::Turn,
        "colloquy:pipeline/respond@0.1.0/request": crate::contract::respond::Request,
        "colloquy:pipeline/respond@0.1.0/classification": crate::contract::respond::Classification,
        "colloquy:pipeline/respond@0.1.0/metric": crate::contract::Metric,
        "colloquy:pipeline/respond@0.1.0/score": crate::contract::Score,
        "colloquy:pipeline/respond@0.1.0/card": crate::contract::respond::Card,
        "colloquy:pipeline/respond@0.1.0/items": crate::contract::respond::Items,
        "colloquy:pipeline/respond@0.1.0/sentence": crate::contract::respond::Sentence,
        "colloquy:pipeline/respond@0.1.0/audio": crate::contract::respond::Audio,
        "colloquy:pipeline/respond@0.1.0/degradation": crate::contract::respond::Degradation,
        "colloquy:pipeline/respond@0.1.0/report": crate::contract::respond::Report,
        "colloquy:pipeline/respond@0.1.0/event": crate::contract::respond::Event,
    },
});

pub(super) use wstd::__internal::wasip2;

use super::Component;
wasip2::http::proxy::export!(Component with_types_in wasip2);
