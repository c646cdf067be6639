//! The speakers, the sample content and the requests of these tests.

use std::path::{Path, PathBuf};

use llm_template::Speaker;
use llm_template::persona::Persona;
use llm_template::request::{Card, Message, Request, Role};
use llm_template::stream::Chunk;

pub(crate) fn content() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content")
}

pub(crate) fn guide() -> Speaker {
    Speaker::load(&content()).unwrap()
}

pub(crate) fn sam() -> Speaker {
    let bytes = std::fs::read(content().join("examples/persona-first-person.json")).unwrap();
    Speaker::new(Persona::from_json(&bytes).unwrap()).unwrap()
}

/// Cards of the sample content by their ids.
pub(crate) fn cards(ids: &[&str]) -> Vec<Card> {
    let base: serde_json::Value =
        serde_json::from_slice(&std::fs::read(content().join("content.json")).unwrap()).unwrap();
    let items = base["items"].as_array().unwrap();
    ids.iter()
        .map(|id| {
            let item = items
                .iter()
                .find(|item| item["id"] == *id)
                .unwrap_or_else(|| panic!("{id}"));
            let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
            let year = |key: &str| item[key].as_i64().map(|y| i32::try_from(y).unwrap());
            let list = |key: &str| {
                item[key]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|v| v.as_str().unwrap().to_owned())
                    .collect()
            };
            Card {
                id: text("id"),
                type_name: text("type"),
                title: text("title"),
                summary: text("summary"),
                details: text("details"),
                organisation: item["organisation"].as_str().map(str::to_owned),
                start_year: year("startYear"),
                end_year: year("endYear"),
                technologies: list("technologies"),
                metrics: Vec::new(),
            }
        })
        .collect()
}

pub(crate) fn request(intent: &str, question: &str, cards: Vec<Card>) -> Request {
    Request {
        messages: vec![Message {
            role: Role::User,
            content: question.to_owned(),
        }],
        n_matching: u32::try_from(cards.len()).unwrap(),
        cards,
        intent: intent.to_owned(),
        item_type: None,
        language: "en".to_owned(),
        max_tokens: 400,
    }
}

pub(crate) fn after(mut request: Request, answers: &[&str]) -> Request {
    let mut messages = Vec::new();
    for answer in answers {
        messages.push(Message {
            role: Role::User,
            content: "Earlier.".to_owned(),
        });
        messages.push(Message {
            role: Role::Assistant,
            content: (*answer).to_owned(),
        });
    }
    messages.append(&mut request.messages);
    request.messages = messages;
    request
}

pub(crate) fn say(speaker: &Speaker, request: &Request) -> String {
    let mut text = String::new();
    let mut finished = 0;
    for chunk in speaker.generate(request).unwrap() {
        match chunk {
            Chunk::Degraded(why) => panic!("{why}"),
            Chunk::Text(word) => {
                assert_eq!(finished, 0, "nothing follows the end");
                assert_eq!(
                    word.split_whitespace().count(),
                    1,
                    "{word:?} is not one word"
                );
                text.push_str(&word);
            }
            Chunk::Finished { .. } => finished += 1,
        }
    }
    assert_eq!(finished, 1);
    text
}

/// Rules that every answer keeps.
pub(crate) fn assert_speakable(text: &str, most_words: usize) {
    assert!(!text.is_empty());
    assert!(!text.contains("  ") && text.trim() == text, "{text:?}");
    for odd in ["None", "{", "}", "..", " .", " ,", "null", "()", "?.", "!."] {
        assert!(!text.contains(odd), "{odd:?} in {text:?}");
    }
    assert!(text.ends_with(['.', '?', '!']), "{text:?}");
    assert!(text.starts_with(|c: char| c.is_uppercase()), "{text:?}");
    let n = text.split_whitespace().count();
    assert!(n <= most_words, "{n} words: {text:?}");
}

pub(crate) const PROJECTS: [&str; 3] = ["cobol", "cobol-validation", "navy-standard-cobol"];
