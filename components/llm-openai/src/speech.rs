//! Text for the ear out of what a model writes, while it writes it.
//!
//! Four filters in a row: [`thinking`] takes out thoughts, [`trailer`] withholds the line of items, [`plain`] takes out markup and
//! emoji, [`length`] sees that it ends. Each holds back only what it cannot decide yet.
//!
//! Invariant: the result does not depend on where the text is cut (tested over all cuts).

mod length;
mod plain;
mod thinking;
mod trailer;

use length::Length;
use plain::Plain;
use thinking::Thinking;
use trailer::Trailer;

/// The four filters.
#[derive(Debug)]
pub struct Speech {
    thinking: Thinking,
    trailer: Trailer,
    plain: Plain,
    length: Length,
}

impl Speech {
    /// For an answer of about this many characters at most; `ids` in brackets are references, not text.
    #[must_use]
    pub fn new(characters: usize, ids: Vec<String>) -> Self {
        Self {
            thinking: Thinking::default(),
            trailer: Trailer::default(),
            plain: Plain::new(ids),
            length: Length::new(characters),
        }
    }

    /// Takes text and gives what can be said now.
    pub fn push(&mut self, text: &str) -> String {
        let text = self.thinking.push(text);
        let text = self.trailer.push(&text);
        let text = self.plain.push(&text);
        self.length.push(&text)
    }

    /// The rest. `cut` says that the model had no more room.
    pub fn end(&mut self, cut: bool) -> String {
        let rest = self.thinking.end();
        let mut text = self.trailer.push(&rest);
        text.push_str(&self.trailer.end(cut));
        let mut text = self.plain.push(&text);
        text.push_str(&self.plain.end());
        self.length.push(&text)
    }

    /// Whether there has been as much as may be; everything after it is left out.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.length.is_full()
    }

    /// The line of items without its label, if it is complete. Known after [`Self::end`].
    #[must_use]
    pub fn items(&self) -> Option<&str> {
        self.trailer.line()
    }
}

#[cfg(test)]
mod tests;
