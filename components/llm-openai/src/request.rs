//! What is to be answered, as in the contract, and what the contract demands of it.

use colloquy_upstream::Failure;

/// Most messages of a conversation, most characters of all of them, most cards.
const MOST: (usize, usize, usize) = (200, 200_000, 50);

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions of the caller.
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
    /// First and last year.
    pub years: (Option<i32>, Option<i32>),
    /// Technologies.
    pub technologies: Vec<String>,
    /// Label and value of each figure.
    pub metrics: Vec<(String, String)>,
}

/// How much time an answer may take for its quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// A short answer by the model that is quick.
    Fast,
    /// The usual.
    #[default]
    Balanced,
    /// A richer answer by the model that is good.
    High,
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
    /// BCP 47 tag.
    pub language: String,
    /// Most tokens.
    pub max_tokens: u32,
    /// Sampling temperature.
    pub temperature: f32,
    /// Quality or speed.
    pub strategy: Strategy,
}

impl Request {
    /// The question, after a check of what the contract demands.
    ///
    /// # Errors
    /// `InvalidInput` when there is no question, no room for an answer, or a limit is passed.
    pub fn question(&self) -> Result<&str, Failure> {
        let refuse = |text: String| Err(Failure::InvalidInput(text));
        let question = match self.messages.last() {
            None => return refuse("messages: the question is missing".into()),
            Some(last) if last.role != Role::User => {
                return refuse("messages: the last one must be the user's question".into());
            }
            Some(last) => last.content.trim(),
        };
        let characters = self.messages.iter().map(|m| m.content.chars().count());
        for (what, n, most) in [
            ("messages", self.messages.len(), MOST.0),
            ("characters", characters.sum(), MOST.1),
            ("cards", self.cards.len(), MOST.2),
        ] {
            if n > most {
                return refuse(format!("{n} {what}, at most {most} are allowed"));
            }
        }
        if self.max_tokens == 0 {
            return refuse("max-tokens: an answer needs at least one token".into());
        }
        if !(0.0..=2.0).contains(&self.temperature) {
            return refuse(format!(
                "temperature {} is not between 0 and 2",
                self.temperature
            ));
        }
        Ok(question)
    }
}
