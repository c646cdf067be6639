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
    world: "colloquy:worlds/edge-host",
    additional_derives: [PartialEq],
});
