//! The public HTTP interface, served from inside a component.
//!
//! [`router`] is an axum router over the [`ports`]: the two halves of the turn, the content base, key-value stores, a clock. In a
//! component the imports stand behind them, in tests fakes do. Only this crate knows the public routes, documents and codes.
//!
//! Reading order: [`config`] (every setting), [`routes`] (every route), [`turn`] (a turn, one event at a time), [`store`] (sessions and
//! audio), [`problem`] (where errors become HTTP).

pub mod config;
pub mod contract;
pub mod envelope;
pub mod ids;
pub mod ports;
pub mod problem;
pub mod range;
pub mod routes;
pub mod session;
pub mod store;
pub mod times;
pub mod turn;
pub mod wav;

pub use routes::router;

#[cfg(target_family = "wasm")]
mod component;

#[cfg(test)]
mod fakes;
