//! An answer as the interface has it: whole, or in pieces.
//!
//! `usage` counts words, because the tokens are a matter of whatever writes the answer; it says so itself. Cards, and what else the
//! pipeline found, are in a member of our own, `colloquy`, which clients of OpenAI's leave alone.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{contract::respond, turn::Card};

/// What all pieces of an answer have in common.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: String,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct ChatCompletion {
    #[schema(example = "chatcmpl-5f0c7c0e0b7c4a6c9d2f7a1b3c4d5e6f")]
    id: String,
    /// Always `chat.completion`.
    object: &'static str,
    /// Seconds since 1970.
    created: u64,
    /// As it was asked for.
    model: String,
    /// One.
    choices: [Choice; 1],
    usage: Usage,
    colloquy: Found,
}

/// The answer's text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatChoice)]
struct Choice {
    /// Always 0.
    index: u32,
    message: Reply,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    logprobs: (),
    /// Always `stop`: an answer ends by itself.
    finish_reason: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatReply)]
struct Reply {
    /// Always `assistant`.
    role: &'static str,
    /// The text; null when it is spoken, and then in `audio`.
    content: Option<String>,
    /// Always null.
    #[schema(value_type = Option<String>)]
    refusal: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<SpokenReply>,
}

/// The answer out loud.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct SpokenReply {
    pub(super) id: String,
    /// Audio in base64.
    pub(super) data: String,
    /// What is said.
    pub(super) transcript: String,
    /// Seconds since 1970. Nothing of it is kept here.
    pub(super) expires_at: u64,
}

/// Words, in the members that OpenAI's clients look for.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = ChatUsage)]
pub(in crate::routes) struct Usage {
    /// Words of the question and of what was said before.
    pub(super) prompt_tokens: usize,
    /// Words of the answer.
    pub(super) completion_tokens: usize,
    /// Both.
    pub(super) total_tokens: usize,
    /// Always `words`.
    counted: Counted,
}

#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = ChatCounted)]
#[serde(rename_all = "lowercase")]
enum Counted {
    #[default]
    Words,
}

impl Usage {
    pub(super) fn of(prompt_words: usize, answer: &str) -> Self {
        let words = words(answer);
        Self {
            prompt_tokens: prompt_words,
            completion_tokens: words,
            total_tokens: prompt_words + words,
            counted: Counted::Words,
        }
    }
}

pub(super) fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// What the pipeline found, besides words.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = ChatFindings)]
pub(in crate::routes) struct Found {
    /// What was heard, when the question was a recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transcription: Option<String>,
    /// The kind of question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) query_intent: Option<String>,
    /// The cards, best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) items: Option<Vec<Card>>,
    /// The restriction that was applied, in words for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_filter: Option<String>,
    /// Ids of the cards that the text talks about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cards_mentioned: Option<Vec<String>>,
    /// Stages that fell back; absent when none did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) degraded: Vec<String>,
}

impl Found {
    pub(super) fn items(items: &respond::Items) -> Self {
        Self {
            items: Some(items.cards.iter().cloned().map(Card::from).collect()),
            content_filter: items.content_filter.clone(),
            ..Self::default()
        }
    }
}

impl Head {
    /// The whole answer.
    pub(super) fn whole(
        self,
        text: String,
        audio: Option<SpokenReply>,
        usage: Usage,
        colloquy: Found,
    ) -> ChatCompletion {
        let message = Reply {
            role: "assistant",
            content: audio.is_none().then_some(text),
            refusal: (),
            audio,
        };
        ChatCompletion {
            id: self.id,
            object: "chat.completion",
            created: self.created,
            model: self.model,
            choices: [Choice {
                index: 0,
                message,
                logprobs: (),
                finish_reason: "stop",
            }],
            usage,
            colloquy,
        }
    }

    /// A piece.
    pub(super) fn piece(&self, delta: Delta) -> ChatChunk {
        self.chunk(vec![PieceChoice {
            index: 0,
            delta,
            logprobs: (),
            finish_reason: None,
        }])
    }

    /// The last piece of the text.
    pub(super) fn end(&self) -> ChatChunk {
        self.chunk(vec![PieceChoice {
            index: 0,
            delta: Delta::default(),
            logprobs: (),
            finish_reason: Some("stop"),
        }])
    }

    /// The piece after the last one, which tells the usage.
    pub(super) fn usage(&self, usage: Usage) -> ChatChunk {
        ChatChunk {
            usage: Some(usage),
            ..self.chunk(Vec::new())
        }
    }

    fn chunk(&self, choices: Vec<PieceChoice>) -> ChatChunk {
        ChatChunk {
            id: self.id.clone(),
            object: "chat.completion.chunk",
            created: self.created,
            model: self.model.clone(),
            choices,
            usage: None,
            colloquy: None,
        }
    }
}

/// A piece of a streamed answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct ChatChunk {
    /// The same in every piece.
    id: String,
    /// Always `chat.completion.chunk`.
    object: &'static str,
    /// Seconds since 1970.
    created: u64,
    /// As it was asked for.
    model: String,
    /// One; none in the piece that tells the usage.
    choices: Vec<PieceChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) colloquy: Option<Found>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatPieceChoice)]
struct PieceChoice {
    /// Always 0.
    index: u32,
    delta: Delta,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    logprobs: (),
    /// `stop` in the last piece, null before.
    finish_reason: Option<&'static str>,
}

/// What a piece adds.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ChatDelta)]
pub(in crate::routes) struct Delta {
    /// `assistant`, in the first piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    /// More text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
}
