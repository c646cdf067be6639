//! The body of `POST /v1/chat/completions`, and what it means here: a question with what was said before.
//!
//! Parameters that would change what the answer is, and that nothing here can do, are refused; those that only nudge it are ignored.

use colloquy_encode::Format;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::{error::ApiError, speech::OPENAI_VOICES};
use crate::{contract::Turn, ids};

/// What to answer.
///
/// Ignored, like any member that is not named here: `temperature`, `top_p`, `max_tokens`, `max_completion_tokens`, `presence_penalty`,
/// `frequency_penalty`, `seed`, `user`, `metadata`, `store`, `service_tier`, `reasoning_effort`, `verbosity`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(title = "ChatRequest", example = json!({
    "model": "gpt-4o-mini",
    "messages": [{ "role": "user", "content": "What did she build?" }],
}))]
pub(in crate::routes) struct ChatRequest {
    /// An id of `/v1/models` or one of the usual names.
    #[schema(value_type = String)]
    pub(super) model: Option<String>,
    /// What was said so far. The last message is the user's; it is the question. Messages of `system` and `developer` are ignored: who
    /// speaks here, and about what, is the service's own matter.
    #[schema(min_items = 1)]
    pub(super) messages: Vec<Message>,
    /// Whether to send the answer piece by piece.
    pub(super) stream: Option<bool>,
    /// Without effect on an answer that is not streamed.
    pub(super) stream_options: Option<StreamOptions>,
    /// 1.
    #[schema(minimum = 1, maximum = 1)]
    pub(super) n: Option<u32>,
    /// `text`, and `audio` too for an answer that is spoken.
    pub(super) modalities: Option<Vec<String>>,
    /// How it is spoken.
    pub(super) audio: Option<AudioOptions>,
    /// Not of OpenAI: BCP 47 tag of the language to answer in; without it, that of the question.
    #[schema(pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$")]
    pub(super) language: Option<String>,
    /// `{"type": "text"}` only.
    #[schema(value_type = Option<Object>)]
    pub(super) response_format: Option<Value>,
    /// None.
    #[schema(value_type = Option<Vec<Object>>, max_items = 0)]
    pub(super) tools: Option<Value>,
    /// None.
    #[schema(value_type = Option<Vec<Object>>, max_items = 0)]
    pub(super) functions: Option<Value>,
    /// Nothing to stop at.
    #[schema(value_type = Option<Vec<String>>, max_items = 0)]
    pub(super) stop: Option<Value>,
    /// False.
    pub(super) logprobs: Option<bool>,
}

/// Of a streamed answer.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatStreamOptions)]
pub(in crate::routes) struct StreamOptions {
    /// Whether a last piece tells the usage.
    pub(super) include_usage: Option<bool>,
}

/// Of a spoken answer.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatAudioOptions)]
pub(in crate::routes) struct AudioOptions {
    /// Name of a voice; names of OpenAI's voices mean the default one.
    pub(super) voice: Option<String>,
    pub(super) format: Sound,
}

/// How a spoken answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ChatSound)]
#[serde(rename_all = "lowercase")]
pub(in crate::routes) enum Sound {
    Wav,
    Flac,
    Mp3,
    Opus,
    Pcm16,
}

impl Sound {
    /// What it is called elsewhere.
    pub(super) const fn format(self) -> Format {
        match self {
            Self::Wav => Format::Wav,
            Self::Flac => Format::Flac,
            Self::Mp3 => Format::Mp3,
            Self::Opus => Format::Opus,
            Self::Pcm16 => Format::Pcm,
        }
    }
}

/// The voice that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Voice {
    /// None for the default one.
    pub(super) name: Option<String>,
    pub(super) format: Sound,
}

/// Something that was said.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatMessage)]
pub(in crate::routes) struct Message {
    pub(super) role: Role,
    pub(super) content: Option<Content>,
}

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ChatRole)]
#[serde(rename_all = "lowercase")]
pub(in crate::routes) enum Role {
    System,
    Developer,
    User,
    Assistant,
}

/// What was said.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatContent)]
#[serde(untagged)]
pub(in crate::routes) enum Content {
    Text(String),
    Parts(Vec<Part>),
}

/// A part of a message.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatPart)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::routes) enum Part {
    Text {
        text: String,
    },
    /// A recording of the question; in the last message only.
    InputAudio {
        input_audio: InputAudio,
    },
    /// What an assistant would not say.
    Refusal {
        refusal: String,
    },
}

/// A recording.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatInputAudio)]
pub(in crate::routes) struct InputAudio {
    /// In base64.
    pub(super) data: String,
    /// Such as `wav`; what it is, is found out from the recording.
    #[expect(
        dead_code,
        reason = "of the interface; the recording itself is looked at"
    )]
    pub(super) format: Option<String>,
}

/// A question as the pipeline takes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) text: String,
    /// A recording in base64 that belongs to the question.
    pub(super) recording: Option<String>,
    pub(super) history: Vec<Turn>,
}

impl ChatRequest {
    /// Refuses what cannot be done.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let unsupported = |param, text: &str| Err(ApiError::unsupported(param, text));
        let is_empty = |value: &Option<Value>| match value {
            None | Some(Value::Null) => true,
            Some(Value::Array(list)) => list.is_empty(),
            Some(_) => false,
        };
        if self.n.is_some_and(|n| n != 1) {
            return unsupported("n", "there is one answer: `n` can be 1 only");
        }
        if !is_empty(&self.tools) || !is_empty(&self.functions) {
            return unsupported("tools", "answers call no tools");
        }
        if !is_empty(&self.stop) {
            return unsupported("stop", "an answer ends by itself: `stop` cannot be set");
        }
        if self.logprobs == Some(true) {
            return unsupported("logprobs", "there are no log-probabilities of an answer");
        }
        if let Some(format) = self
            .response_format
            .as_ref()
            .filter(|value| !value.is_null())
            && format.get("type").and_then(Value::as_str) != Some("text")
        {
            return unsupported(
                "response_format",
                "an answer is text: `type` can be text only",
            );
        }
        if let Some(language) = &self.language
            && !ids::is_language(language)
        {
            return Err(ApiError::invalid(
                "language",
                "`language` must be a language tag such as `en` or `en-US`",
            ));
        }
        Ok(())
    }

    /// How the answer is to be spoken; none for text only.
    pub(super) fn voice(&self) -> Result<Option<Voice>, ApiError> {
        let modalities = self.modalities.as_deref().unwrap_or_default();
        if let Some(other) = modalities
            .iter()
            .find(|name| !matches!(name.as_str(), "text" | "audio"))
        {
            let text = format!(
                "an answer can be text and audio, not `{}`",
                other.escape_debug()
            );
            return Err(ApiError::unsupported("modalities", text));
        }
        if !modalities.iter().any(|name| name == "audio") {
            return Ok(None);
        }
        let Some(audio) = &self.audio else {
            return Err(ApiError::invalid(
                "audio",
                "`audio` must say how the answer is to be spoken",
            ));
        };
        if self.stream == Some(true) {
            return Err(ApiError::unsupported(
                "modalities",
                "a streamed answer is text only",
            ));
        }
        let name = audio
            .voice
            .clone()
            .filter(|name| !OPENAI_VOICES.contains(&name.as_str()));
        if name.as_deref().is_some_and(|name| !ids::is_voice(name)) {
            return Err(ApiError::invalid(
                "audio",
                "`voice` must be the name of a voice",
            ));
        }
        Ok(Some(Voice {
            name,
            format: audio.format,
        }))
    }

    /// The question and what was said before.
    pub(super) fn asked(messages: Vec<Message>) -> Result<Asked, ApiError> {
        let mut asked = Asked {
            text: String::new(),
            recording: None,
            history: Vec::new(),
        };
        if messages.last().is_none_or(|last| last.role != Role::User) {
            return Err(ApiError::invalid(
                "messages",
                "the last message must be the user's: it is the question",
            ));
        }
        let n_messages = messages.len();
        for (index, message) in messages.into_iter().enumerate() {
            let (text, recording) = said(message.content)?;
            let is_last = index + 1 == n_messages;
            if recording.is_some() && !is_last {
                return Err(ApiError::unsupported(
                    "messages",
                    "only the last message can have a recording",
                ));
            }
            match message.role {
                Role::System | Role::Developer => {}
                // What a user says in two messages is one question.
                Role::User => join(&mut asked.text, &text),
                Role::Assistant => asked.answer(&text),
            }
            asked.recording = recording;
        }
        Ok(asked)
    }
}

impl Asked {
    /// Closes a turn of the history. What is said before any question, or again after an answer, adds to what was said, or is nothing.
    fn answer(&mut self, text: &str) {
        let user = std::mem::take(&mut self.text);
        match self.history.last_mut() {
            Some(last) if user.is_empty() => join(&mut last.assistant, text),
            None if user.is_empty() => {}
            _ => self.history.push(Turn {
                user,
                assistant: text.to_owned(),
                intent: None,
                item_ids: Vec::new(),
                item_type: None,
            }),
        }
    }
}

fn join(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push('\n');
    }
    text.push_str(more);
}

/// The text and the recording of a message.
fn said(content: Option<Content>) -> Result<(String, Option<String>), ApiError> {
    let mut text = String::new();
    let mut recording = None;
    match content {
        None => {}
        Some(Content::Text(whole)) => whole.trim().clone_into(&mut text),
        Some(Content::Parts(parts)) => {
            for part in parts {
                match part {
                    Part::Text { text: part } | Part::Refusal { refusal: part } => {
                        join(&mut text, part.trim());
                    }
                    Part::InputAudio { input_audio } => {
                        if recording.replace(input_audio.data).is_some() {
                            return Err(ApiError::unsupported(
                                "messages",
                                "a message can have one recording",
                            ));
                        }
                    }
                }
            }
        }
    }
    Ok((text, recording))
}

#[cfg(test)]
mod tests;
