//! An answer handed out word by word.

use std::collections::VecDeque;

use crate::limit::{Fitted, n_tokens};

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// Why this is not what was asked for; comes first.
    Degraded(String),
    /// Text to append.
    Text(String),
    /// The end.
    Finished {
        /// Sentences were left out to stay within the tokens asked for.
        shortened: bool,
        /// Tokens of the whole answer, by the usual ratio to words.
        n_tokens: u32,
    },
}

/// What is left of an answer. Each text chunk is one word with the space before it.
#[derive(Debug)]
pub struct Stream {
    degraded: Option<String>,
    words: VecDeque<String>,
    end: Option<Chunk>,
}

impl Stream {
    /// Starts to hand out an answer.
    #[must_use]
    pub fn new(answer: &Fitted) -> Self {
        let spaced = |(at, word): (usize, &str)| {
            if at == 0 {
                word.to_owned()
            } else {
                format!(" {word}")
            }
        };
        let words: VecDeque<String> = answer
            .text
            .split_whitespace()
            .enumerate()
            .map(spaced)
            .collect();
        let end = Chunk::Finished {
            shortened: answer.shortened,
            n_tokens: n_tokens(words.len()),
        };
        Self {
            degraded: None,
            words,
            end: Some(end),
        }
    }

    /// Says first why the answer is not what was asked for.
    #[must_use]
    pub fn degraded(mut self, why: String) -> Self {
        self.degraded = Some(why);
        self
    }
}

impl Iterator for Stream {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let degraded = self.degraded.take().map(Chunk::Degraded);
        degraded
            .or_else(|| self.words.pop_front().map(Chunk::Text))
            .or_else(|| self.end.take())
    }
}
