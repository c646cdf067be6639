//! The only place where bindings are generated: everything the edge component imports from us, and what stages may import.
//!
//! The types made here serve twice. They are what the proxies in [`crate::bind`] receive from the edge component, and, because they
//! can be lifted and lowered, what the stages' own exports are called with. No second set of bindings, no conversions.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    reason = "generated; the WIT files carry the documentation"
)]

wasmtime::component::bindgen!({
    path: "../wit",
    inline: "
        package colloquy:host-imports;
        world edge-host {
            include colloquy:worlds/edge-host@0.1.0;
            include colloquy:worlds/upstream@0.1.0;
        }
    ",
    world: "colloquy:host-imports/edge-host",
    imports: { default: async | trappable },
    require_store_data_send: true,
    with: {
        "colloquy:ingest/ingest.decoder": crate::bind::ingest::Decoder,
        "colloquy:vad/vad.detector": crate::bind::vad::Detector,
        "colloquy:asr/asr.transcription": crate::bind::asr::Transcription,
        "colloquy:llm/llm.generation": crate::bind::llm::Generation,
        "colloquy:tts/tts.speech": crate::bind::tts::Speech,
        "wasi:keyvalue/store.bucket": crate::bind::keyvalue::Bucket,
        "wasi:keyvalue/atomics.cas": crate::bind::keyvalue::Cas,
    },
});
