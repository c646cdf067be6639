//! Interface `colloquy:pipeline/speak`.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    pub name: String,
    pub display_name: String,
    pub gender: String,
    pub locale: String,
    pub engine: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub request_id: String,
    pub text: String,
    pub voice: Option<String>,
    pub rate: f32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    pub sample_rate_hz: u32,
    pub samples: Vec<i16>,
}
