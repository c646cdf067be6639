//! Interface `colloquy:pipeline/respond`.

pub use super::Degradation;
use super::{Metric, Score, Strategy, Turn};

#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub session_id: String,
    pub request_id: String,
    pub text: String,
    pub language: String,
    pub history: Vec<Turn>,
    pub max_items: u32,
    pub speak: bool,
    pub voice: Option<String>,
    pub rate: f32,
    pub strategy: Strategy,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    pub intent: String,
    pub item_type: Option<String>,
    pub confidence: f32,
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
    pub keywords: Vec<String>,
    pub metrics: Vec<Metric>,
    pub url: Option<String>,
    pub score: Score,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Items {
    pub cards: Vec<Card>,
    pub n_matching: u32,
    pub content_filter: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    pub index: u32,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    pub sequence: u32,
    pub sentence_index: u32,
    pub sample_rate_hz: u32,
    pub samples: Vec<i16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub intent_ms: u32,
    pub llm_ms: u32,
    pub llm_first_token_ms: Option<u32>,
    pub tts_ms: u32,
    pub first_audio_ms: Option<u32>,
    pub total_ms: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Intent(Classification),
    Items(Items),
    Token(String),
    Sentence(Sentence),
    Audio(Audio),
    Degraded(Degradation),
    Mentioned(Vec<String>),
    Done(Report),
}
