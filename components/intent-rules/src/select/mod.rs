//! Choosing items: scores, filters, free search and the selection for an answer.

mod asked;
mod best;
pub mod choose;
pub mod filter;
mod fit;
mod request;
pub mod score;
mod sides;
mod spread;
mod wish;
