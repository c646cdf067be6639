//! A plain spoken answer for when the LLM stage gives none: the titles and summaries of the cards, and nothing that they do not say.

use std::{collections::VecDeque, mem};

use crate::{
    contract::llm::{Card, Chunk},
    ports::{Generation, Result},
};

/// Most cards that are read out.
const MAX_CARDS: usize = 2;

/// An answer that is already known, in the shape of one that an LLM makes.
pub struct Canned {
    pieces: VecDeque<String>,
    finished: bool,
}

impl Canned {
    /// The answer for a question of this intent and these cards.
    pub fn new(intent: &str, cards: &[Card]) -> Self {
        Self {
            pieces: pieces(intent, cards).into(),
            finished: false,
        }
    }
}

impl Generation for Canned {
    fn next(&mut self) -> Result<Option<Chunk>> {
        Ok(match self.pieces.pop_front() {
            Some(piece) => Some(Chunk::Text(piece)),
            None if mem::replace(&mut self.finished, true) => None,
            None => Some(Chunk::Finished(None)),
        })
    }
}

fn pieces(intent: &str, cards: &[Card]) -> Vec<String> {
    let plain = |text: &str| vec![text.to_owned()];
    match intent {
        "unclear" => return plain("I did not catch that. Could you say it again, please?"),
        "greeting" => return plain("Hello. What would you like to know?"),
        "thanks" => return plain("You are welcome."),
        "goodbye" => return plain("Goodbye."),
        "unsafe" => return plain("I cannot help with that."),
        _ => {}
    }
    if cards.is_empty() {
        return plain("I am sorry, I found nothing about that.");
    }
    let mut pieces = plain("Here is what I found.");
    for card in cards.iter().take(MAX_CARDS) {
        let (title, summary) = (ended(&card.title), ended(&card.summary));
        pieces.push(format!(" {title} {summary}").trim_end().to_owned());
    }
    pieces
}

/// The text with a period at its end, unless it has a terminator or is empty.
fn ended(text: &str) -> String {
    let text = text.trim();
    match text.chars().last() {
        None | Some('.' | '!' | '?' | '…') => text.to_owned(),
        Some(_) => format!("{text}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::llm_card;

    fn said(intent: &str, cards: &[Card]) -> String {
        let mut canned = Canned::new(intent, cards);
        let mut text = String::new();
        while let Some(Chunk::Text(piece)) = canned.next().unwrap() {
            text += &piece;
        }
        assert_eq!(canned.next().unwrap(), None, "nothing after the end");
        text
    }

    #[test]
    fn the_cards_are_read_out() {
        let cards = [
            llm_card("A-0", "The first compiler"),
            llm_card("FLOW-MATIC", "Words!"),
            llm_card("No", "No"),
        ];
        assert_eq!(
            said("about", &cards),
            "Here is what I found. A-0. The first compiler. FLOW-MATIC. Words!"
        );
    }

    #[test]
    fn without_cards_it_says_so() {
        assert_eq!(said("list", &[]), "I am sorry, I found nothing about that.");
        assert!(said("unclear", &[]).contains("again"));
    }
}
