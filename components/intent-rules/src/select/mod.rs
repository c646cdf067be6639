//! Choosing items: scores, filters, free search and the selection for an answer.

pub mod choose;
pub mod filter;
pub mod score;
mod spread;
mod wish;
