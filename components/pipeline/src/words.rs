//! Small pieces of text that both halves share: joined segments, named errors, filters in words, trimmed history.

use crate::{
    contract::{Error, Info, Stage, Turn, content::Filter, llm},
    ports::Result,
};

/// Most earlier turns that are looked at. More would not change an answer, but cost an LLM its first token.
pub const MAX_HISTORY: usize = 6;

/// Most characters of an earlier question or answer that an LLM is reminded of.
pub const MAX_HISTORY_CHARS: usize = 1_000;

/// Puts the stage in front of an error's text, so that a reader knows whose it is.
pub(crate) fn named(stage: &str, error: Error) -> Error {
    let named = |text: String| format!("{stage}: {text}");
    match error {
        Error::InvalidInput(text) => Error::InvalidInput(named(text)),
        Error::Unsupported(text) => Error::Unsupported(named(text)),
        Error::Unavailable(text) => Error::Unavailable(named(text)),
        Error::Internal(text) => Error::Internal(named(text)),
        Error::Busy(_) | Error::Deadline => error,
    }
}

/// The description of a stage as the pipeline gives it.
pub(crate) fn stage(name: &str, info: Result<Info>) -> Result<Stage> {
    let info = info.map_err(|error| named(name, error))?;
    Ok(Stage {
        stage: name.to_owned(),
        name: info.name,
        version: info.version,
        model: info.model,
        languages: info.languages,
    })
}

/// An error in words for `degraded`. The text of a defect stays in the log.
pub(crate) fn reason(error: &Error) -> String {
    match error {
        Error::InvalidInput(text) => format!("it refused its input: {text}"),
        Error::Unsupported(text) => format!("unsupported: {text}"),
        Error::Busy(_) => "it is busy".to_owned(),
        Error::Deadline => "it took too long".to_owned(),
        Error::Unavailable(text) => format!("it is not available: {text}"),
        Error::Internal(_) => "it failed".to_owned(),
    }
}

/// Pieces of text with one space between them, without empty ones.
pub(crate) fn joined<'a>(pieces: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for piece in pieces.map(str::trim).filter(|piece| !piece.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(piece);
    }
    text
}

/// A filter in words for a person, none when it restricts nothing.
pub(crate) fn in_words(filter: &Filter) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(name) = &filter.type_name {
        parts.push(format!("type: {name}"));
    }
    if !filter.technologies.is_empty() {
        parts.push(format!("technology: {}", filter.technologies.join(", ")));
    }
    if let Some(name) = &filter.organisation {
        parts.push(format!("organisation: {name}"));
    }
    match (filter.from_year, filter.to_year) {
        (Some(from), Some(to)) if from == to => parts.push(format!("year: {from}")),
        (Some(from), Some(to)) => parts.push(format!("years: {from} to {to}")),
        (Some(from), None) => parts.push(format!("since {from}")),
        (None, Some(to)) => parts.push(format!("until {to}")),
        (None, None) => {}
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The latest turns, oldest first.
pub(crate) fn recent(history: &[Turn]) -> &[Turn] {
    let first = history.len().saturating_sub(MAX_HISTORY);
    history.get(first..).unwrap_or_default()
}

/// The conversation for the LLM: earlier turns, then the question. The system message is the LLM stage's own matter.
pub(crate) fn messages(history: &[Turn], question: &str) -> Vec<llm::Message> {
    let message = |role, content: &str| llm::Message {
        role,
        content: clipped(content).to_owned(),
    };
    let mut messages = Vec::with_capacity(history.len() * 2 + 1);
    for turn in history {
        messages.push(message(llm::Role::User, &turn.user));
        messages.push(message(llm::Role::Assistant, &turn.assistant));
    }
    messages.push(llm::Message {
        role: llm::Role::User,
        content: question.to_owned(),
    });
    messages
}

/// At most [`MAX_HISTORY_CHARS`] characters from the start.
fn clipped(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_HISTORY_CHARS);
    end.map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_reads_as_words() {
        assert_eq!(in_words(&Filter::default()), None);
        let filter = Filter {
            type_name: Some("project".into()),
            technologies: vec!["COBOL".into(), "FLOW-MATIC".into()],
            organisation: Some("US Navy".into()),
            from_year: Some(1943),
            to_year: Some(1946),
        };
        let words = "type: project; technology: COBOL, FLOW-MATIC; organisation: US Navy; years: 1943 to 1946";
        assert_eq!(in_words(&filter).as_deref(), Some(words));
        let year = |from_year, to_year| {
            in_words(&Filter {
                from_year,
                to_year,
                ..Filter::default()
            })
        };
        assert_eq!(year(Some(1952), Some(1952)).as_deref(), Some("year: 1952"));
        assert_eq!(year(Some(1952), None).as_deref(), Some("since 1952"));
        assert_eq!(year(None, Some(1952)).as_deref(), Some("until 1952"));
    }

    #[test]
    fn pieces_are_joined_without_gaps() {
        assert_eq!(
            joined([" Hello ", "", "  ", "world."].into_iter()),
            "Hello world."
        );
        assert_eq!(joined([].into_iter()), "");
    }

    #[test]
    fn the_llm_sees_few_and_short_turns_and_the_whole_question() {
        let turn = |n: usize| Turn {
            user: format!("question {n}"),
            assistant: "ö".repeat(2_000),
            intent: None,
            item_ids: vec![],
            item_type: None,
        };
        let history: Vec<_> = (0..9).map(turn).collect();
        let question = "x".repeat(1_500);
        let messages = messages(recent(&history), &question);
        assert_eq!(messages.len(), 2 * MAX_HISTORY + 1);
        assert_eq!(messages[0].content, "question 3");
        assert_eq!(messages[1].content.chars().count(), MAX_HISTORY_CHARS);
        assert_eq!(messages[12].content, question);
        assert_eq!(messages[12].role, llm::Role::User);
    }

    #[test]
    fn a_defect_is_not_told() {
        let secret = Error::Internal("wasm backtrace".into());
        assert_eq!(reason(&secret), "it failed");
    }
}
