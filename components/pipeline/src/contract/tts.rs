//! Package `colloquy:tts`.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    pub name: String,
    pub display_name: String,
    pub gender: String,
    pub locale: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub voice: Option<String>,
    pub rate: f32,
}
