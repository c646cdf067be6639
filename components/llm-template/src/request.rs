//! What an answer is made from, as in the contract.

use crate::error::Error;

/// Most messages of a conversation.
pub const MAX_MESSAGES: usize = 200;
/// Most characters of all messages together.
pub const MAX_CHARACTERS: usize = 200_000;
/// Most cards.
pub const MAX_CARDS: usize = 50;

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions; not used by templates.
    System,
    /// The person who asks.
    User,
    /// An earlier answer.
    Assistant,
}

/// One message of the conversation.
#[derive(Debug, Clone)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
}

/// An item that the answer may draw on.
#[derive(Debug, Clone, Default)]
pub struct Card {
    /// Its id.
    pub id: String,
    /// Its type.
    pub type_name: String,
    /// Heading.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// More sentences; may be empty.
    pub details: String,
    /// Where.
    pub organisation: Option<String>,
    /// First year.
    pub start_year: Option<i32>,
    /// Last year.
    pub end_year: Option<i32>,
    /// Technologies.
    pub technologies: Vec<String>,
    /// Label and value of each figure.
    pub metrics: Vec<(String, String)>,
}

/// What to answer.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Oldest first, the question last.
    pub messages: Vec<Message>,
    /// Best first.
    pub cards: Vec<Card>,
    /// How many items fit in all.
    pub n_matching: u32,
    /// Intent of the question.
    pub intent: String,
    /// Item type asked for.
    pub item_type: Option<String>,
    /// BCP 47 tag of the language of the answer.
    pub language: String,
    /// Most tokens.
    pub max_tokens: u32,
}

impl Request {
    /// Checks what the contract demands.
    ///
    /// # Errors
    /// `invalid-input` when there is no question, no room for an answer, or a limit is passed.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |text: String| Err(Error::InvalidInput(text));
        match self.messages.last() {
            None => return refuse("messages: the question is missing".to_owned()),
            Some(last) if last.role != Role::User => {
                return refuse("messages: the last one must be the user's question".to_owned());
            }
            Some(_) => {}
        }
        if self.messages.len() > MAX_MESSAGES {
            return refuse(format!(
                "messages: {} of them, at most {MAX_MESSAGES} are allowed",
                self.messages.len()
            ));
        }
        let n_characters: usize = self
            .messages
            .iter()
            .map(|m| m.content.chars().count())
            .sum();
        if n_characters > MAX_CHARACTERS {
            return refuse(format!(
                "messages: {n_characters} characters, at most {MAX_CHARACTERS} are allowed"
            ));
        }
        if self.cards.len() > MAX_CARDS {
            return refuse(format!(
                "cards: {} of them, at most {MAX_CARDS} are allowed",
                self.cards.len()
            ));
        }
        if self.max_tokens == 0 {
            return refuse("max-tokens: an answer needs at least one token".to_owned());
        }
        Ok(())
    }

    /// The question.
    #[must_use]
    pub fn question(&self) -> &str {
        self.messages
            .last()
            .map_or("", |message| message.content.trim())
    }

    /// How many items fit; never fewer than there are cards.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.n_matching
            .max(u32::try_from(self.cards.len()).unwrap_or(u32::MAX))
    }

    /// The earlier answers, latest first.
    pub fn answers(&self) -> impl Iterator<Item = &str> {
        self.messages
            .iter()
            .rev()
            .filter(|message| message.role == Role::Assistant)
            .map(|message| message.content.as_str())
    }
}
