//! The public HTTP interface, to be served from inside a component.
//!
//! [`router`] is an axum router over the [`ports`]: the two halves of the turn, the content base, key-value stores, a clock. In a
//! component the imports stand behind them (`imported`), in tests fakes do. Only this crate knows the public routes, documents and codes.
//!
//! The entries are components of their own, thin ones: `gateway` for WASI 0.2, `gateway-spin` for 0.3. Two entries in one component
//! would be exported both, and a host takes the one it finds.
//!
//! Reading order: [`config`] (every setting), [`routes`] (every route), [`turn`] (a turn, one event at a time), [`store`] (sessions and
//! audio), [`problem`] (where errors become HTTP).

mod app;
pub mod config;
pub mod contract;
pub mod envelope;
pub mod ids;
pub mod ports;
pub mod problem;
pub mod range;
pub mod routes;
pub mod security;
pub mod session;
mod speaking;
pub mod store;
pub mod tenant;
pub mod times;
pub mod turn;

pub use routes::router;

#[cfg(target_family = "wasm")]
mod imports;
#[cfg(target_family = "wasm")]
pub use imports::imported;

#[cfg(test)]
mod fakes;
