//! The edge host: runs the edge component for every request, and the stages it imports on threads of their own.
//!
//! In reading order: [`config`] is what an operator writes; `edge` is HTTP; `engine` is wasmtime; `stage` is pools of instances;
//! `bind` forwards the edge component's imports to them; `outbound` sends the requests that a stage may send; `store` keeps values;
//! `events`, `breakers`, `metrics` and `telemetry` tell what happened. Only `edge` knows the HTTP that comes in and only `outbound` that which goes out; only
//! these two, `engine`, `stage`, `bind` and `preinit` know wasmtime.
//! The whole public interface is [`host::Host`] and [`config::Config`]: the `colloquy` command is a thin front to them.

mod bind;
mod bindings;
mod breakers;
pub mod config;
mod edge;
mod engine;
mod events;
pub mod host;
pub mod inspect;
pub mod keys;
pub mod logging;
mod metrics;
mod outbound;
pub mod preinit;
pub mod ready;
mod stage;
mod store;
mod telemetry;
