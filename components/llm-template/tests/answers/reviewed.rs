//! A dozen answers word for word (`answers.txt`).
//!
//! After a wanted change, `UPDATE_ANSWERS=1` rewrites the snapshot; the difference is to be read aloud before it is committed.

use std::path::Path;

use llm_template::Speaker;
use llm_template::request::Request;

use crate::support::{PROJECTS, cards, guide, request, sam, say};

/// The answers to be read aloud.
fn spoken() -> String {
    let project = |request: Request| Request {
        item_type: Some("project".to_owned()),
        ..request
    };
    let asked: Vec<(&str, Speaker, Request)> = vec![
        ("guide", guide(), request("greeting", "Hello!", vec![])),
        (
            "guide",
            guide(),
            request(
                "about",
                "Who was Grace Hopper?",
                cards(&["cobol", "a-0", "medal-of-freedom"]),
            ),
        ),
        (
            "guide",
            guide(),
            project(request(
                "list",
                "Which projects used COBOL?",
                cards(&PROJECTS),
            )),
        ),
        (
            "guide",
            guide(),
            Request {
                n_matching: 14,
                ..request(
                    "list",
                    "What did she do in the forties?",
                    cards(&[
                        "mark-ii-moth",
                        "manual-ascc",
                        "waves-service",
                        "harvard-lab",
                    ]),
                )
            },
        ),
        (
            "guide",
            guide(),
            request(
                "detail",
                "Tell me about the moth.",
                cards(&["mark-ii-moth"]),
            ),
        ),
        (
            "guide",
            guide(),
            request(
                "when",
                "When did she join the Navy?",
                cards(&["waves-service"]),
            ),
        ),
        (
            "guide",
            guide(),
            request(
                "when",
                "How long did she teach at Vassar?",
                cards(&["vassar-teaching"]),
            ),
        ),
        (
            "guide",
            guide(),
            Request {
                n_matching: 8,
                item_type: Some("award".to_owned()),
                ..request(
                    "count",
                    "How many awards did she receive?",
                    cards(&["medal-of-freedom", "medal-of-technology", "uss-hopper"]),
                )
            },
        ),
        (
            "guide",
            guide(),
            request(
                "compare",
                "What is the difference between FLOW-MATIC and COBOL?",
                cards(&["flow-matic", "cobol"]),
            ),
        ),
        (
            "guide",
            guide(),
            request("list", "Which projects did she build on Mars?", vec![]),
        ),
        (
            "guide",
            guide(),
            request("off-topic", "What is the weather like?", vec![]),
        ),
        ("guide", guide(), request("unclear", "", vec![])),
        (
            "guide",
            guide(),
            request("help", "What can I ask you?", vec![]),
        ),
        (
            "first person",
            sam(),
            request("about", "Who are you?", vec![]),
        ),
        (
            "first person",
            sam(),
            request("list", "Have you ever flown a plane?", vec![]),
        ),
    ];
    let tell = |(who, speaker, request): &(&str, Speaker, Request)| told(who, speaker, request);
    asked.iter().map(tell).collect::<Vec<_>>().join("\n")
}

/// A question and its answer, to be read aloud.
pub(crate) fn told(who: &str, speaker: &Speaker, request: &Request) -> String {
    let question = request.messages.last().map_or("", |m| m.content.as_str());
    let answer = say(speaker, request);
    format!("[{who}, {}] {question}\n{answer}\n", request.intent)
}

/// Compares answers with those that were reviewed.
pub(crate) fn assert_reviewed(file: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/answers")
        .join(file);
    if std::env::var_os("UPDATE_ANSWERS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        now, reviewed,
        "answers changed; read them, then run with UPDATE_ANSWERS=1"
    );
}

#[test]
fn answers_sound_as_they_were_reviewed() {
    assert_reviewed("answers.txt", &spoken());
}
