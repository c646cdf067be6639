//! Choosing items: scores, filters, free search and the selection for an answer.

pub mod choose;
pub mod filter;
mod fit;
pub mod score;
mod sides;
mod spread;
mod wish;
