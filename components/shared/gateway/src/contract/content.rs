//! Package `colloquy:content`.

use super::{Metric, Score};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemType {
    pub name: String,
    pub title: String,
    pub n_items: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
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
    pub impact: f32,
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub item: Item,
    pub score: Score,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub type_name: Option<String>,
    pub technologies: Vec<String>,
    pub organisation: Option<String>,
    pub from_year: Option<i32>,
    pub to_year: Option<i32>,
}
