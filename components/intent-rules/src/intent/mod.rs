//! What someone wants to know: reading a question, and judging it against the rules and the turns before.

mod asides;
mod candidates;
pub mod classify;
pub mod confidence;
pub mod context;
mod counts;
pub mod features;
pub mod learned;
mod nouns;
pub mod pattern;
pub mod question;

/// An earlier turn of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turn {
    /// What was asked.
    pub user: String,
    /// What was answered.
    pub assistant: String,
    /// The intent it was given.
    pub intent: Option<String>,
    /// Items shown, in order.
    pub item_ids: Vec<String>,
    /// Their type, when they had one in common.
    pub item_type: Option<String>,
}

/// Something named in a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// `technology`, `organisation`, `year`, `year-range`, `item-type`, `item`, `ordinal` or `count`.
    pub kind: &'static str,
    /// Canonical form.
    pub value: String,
    /// The words as they were said.
    pub text: String,
    /// 0 to 1.
    pub confidence: f32,
}

/// One part of the confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// What was judged.
    pub name: &'static str,
    /// 0 to 1.
    pub value: f32,
    /// Share of the total.
    pub weight: f32,
}

/// The judgement of one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// One of [`crate::lexicon::INTENTS`].
    pub intent: &'static str,
    /// Content type asked for.
    pub item_type: Option<String>,
    /// What was named, in the order of the question; what was carried over from earlier turns comes last.
    pub entities: Vec<Entity>,
    /// Normalised content words.
    pub keywords: Vec<String>,
    /// Weighted sum of the factors.
    pub confidence: f32,
    /// Why the confidence is what it is; weights add up to 1.
    pub factors: Vec<Factor>,
}
