//! Words: splitting, stemming, spelling distance, numbers and years of English text. Nothing here knows the content base.

pub mod numbers;
pub mod similar;
pub mod stem;
pub mod tokens;
mod year_words;
pub mod years;

pub use stem::stem;
pub use tokens::{Token, tokenize};
