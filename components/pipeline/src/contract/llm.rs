//! Package `colloquy:llm`.

use super::{Metric, Strategy};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub content: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    pub id: String,
    pub type_name: String,
    pub title: String,
    pub summary: String,
    pub details: String,
    pub organisation: Option<String>,
    pub start_year: Option<i32>,
    pub end_year: Option<i32>,
    pub technologies: Vec<String>,
    pub metrics: Vec<Metric>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub messages: Vec<Message>,
    pub cards: Vec<Card>,
    pub n_matching: u32,
    pub intent: String,
    pub item_type: Option<String>,
    pub language: String,
    pub max_tokens: u32,
    pub temperature: f32,
    pub strategy: Strategy,
}

/// `finished` with what the turn has a use for: the ids of the cards that were talked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    Degraded(String),
    Text(String),
    Finished(Option<Vec<String>>),
}
