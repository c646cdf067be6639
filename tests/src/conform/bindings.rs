//! Types of the stage contracts, for calls from outside. The only place where bindings are generated.
//!
//! They are made for a world that imports the stages, because such types can be lowered and lifted too: one set serves every stage.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "generated; the WIT files carry the documentation"
)]

wasmtime::component::bindgen!({
    path: "../wit",
    inline: "
        package colloquy:conform;
        world stages {
            import colloquy:ingest/ingest@0.1.0;
            import colloquy:vad/vad@0.1.0;
            import colloquy:asr/asr@0.2.0;
            import colloquy:intent/intent@0.1.0;
            import colloquy:content/content@0.1.0;
            import colloquy:llm/llm@0.2.0;
            import colloquy:tts/tts@0.2.0;
            import colloquy:events/events@0.3.0;
        }
    ",
    world: "colloquy:conform/stages",
    additional_derives: [PartialEq],
});
