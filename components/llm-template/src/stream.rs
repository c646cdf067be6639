//! An answer handed out word by word.

use std::collections::VecDeque;

use crate::limit::{Fitted, n_tokens};

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
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
            words,
            end: Some(end),
        }
    }
}

impl Iterator for Stream {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        self.words
            .pop_front()
            .map(Chunk::Text)
            .or_else(|| self.end.take())
    }
}
