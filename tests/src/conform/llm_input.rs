//! Requests for the checks of `colloquy:llm`.

use super::bindings::colloquy::llm::llm::{Card, Message, Metric, Request, Role, Strategy};

pub(super) fn message(role: Role, content: &str) -> Message {
    Message {
        role,
        content: content.into(),
    }
}

/// A question with two cards, as the pipeline sends it.
pub(super) fn usual() -> Request {
    Request {
        messages: vec![
            message(Role::System, "You are a guide in a museum."),
            message(Role::User, "What did she build?"),
        ],
        cards: vec![
            card("a-0", "The A-0 system"),
            card("flow-matic", "FLOW-MATIC"),
        ],
        n_matching: 3,
        intent: "list".into(),
        item_type: Some("project".into()),
        language: "en".into(),
        max_tokens: 220,
        temperature: 0.0,
        strategy: Strategy::Balanced,
    }
}

pub(super) fn card(id: &str, title: &str) -> Card {
    Card {
        id: id.into(),
        type_name: "project".into(),
        title: title.into(),
        summary: format!("She built {title} with her team."),
        details: String::new(),
        organisation: Some("Remington Rand".into()),
        start_year: Some(1951),
        end_year: Some(1952),
        technologies: vec!["UNIVAC I".into()],
        metrics: vec![Metric {
            label: "lines of code".into(),
            value: "2,000".into(),
        }],
    }
}
