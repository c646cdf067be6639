//! Package `colloquy:intent`.

#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    pub kind: String,
    pub value: String,
    pub text: String,
    pub confidence: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    pub name: String,
    pub value: f32,
    pub weight: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    pub intent: String,
    pub item_type: Option<String>,
    pub entities: Vec<Entity>,
    pub keywords: Vec<String>,
    pub confidence: f32,
    pub factors: Vec<Factor>,
}
