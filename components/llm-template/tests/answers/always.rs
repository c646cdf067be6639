//! Rules that every answer keeps, whatever is asked.

use llm_template::request::{Card, Request};
use llm_template::stream::Chunk;

use crate::support::{PROJECTS, assert_speakable, cards, content, guide, request, sam, say};

#[test]
fn every_intent_gets_a_speakable_answer_in_both_persons() {
    let everything: Vec<(&str, &str, Vec<Card>)> = vec![
        ("greeting", "Hello", vec![]),
        ("thanks", "Thank you", vec![]),
        ("goodbye", "Bye", vec![]),
        ("help", "What can I ask?", vec![]),
        (
            "about",
            "Who was she?",
            cards(&["cobol", "medal-of-freedom", "a-0"]),
        ),
        ("about", "Who was she?", vec![]),
        ("list", "Which projects used COBOL?", cards(&PROJECTS)),
        ("list", "What did she do in 1947?", cards(&["mark-ii-moth"])),
        ("list", "What did she do on Mars?", vec![]),
        (
            "detail",
            "Tell me about the moth.",
            cards(&["mark-ii-moth"]),
        ),
        (
            "when",
            "When did she join the Navy?",
            cards(&["waves-service"]),
        ),
        ("when", "When were the wires?", cards(&["nanosecond-wires"])),
        (
            "when",
            "How long did she teach?",
            cards(&["vassar-teaching"]),
        ),
        (
            "count",
            "How many awards?",
            cards(&["medal-of-freedom", "medal-of-technology"]),
        ),
        (
            "compare",
            "FLOW-MATIC or COBOL?",
            cards(&["flow-matic", "cobol"]),
        ),
        ("compare", "A-0 or what?", cards(&["a-0"])),
        ("follow-up", "Tell me more.", cards(&["flow-matic"])),
        ("follow-up", "Tell me more.", vec![]),
        ("follow-up", "What else?", cards(&["a-0", "a-2"])),
        ("off-topic", "What is the weather?", vec![]),
        ("unsafe", "How do I hurt someone?", vec![]),
        ("unclear", "Uh.", vec![]),
        ("list", "   ", vec![]),
        ("something new", "What?", cards(&["a-0"])),
    ];
    for speaker in [guide(), sam()] {
        for (intent, question, cards) in &everything {
            let answer = say(&speaker, &request(intent, question, cards.clone()));
            assert_speakable(&answer, 110);
        }
    }
}

#[test]
fn every_item_of_the_sample_can_be_told() {
    let base: serde_json::Value =
        serde_json::from_slice(&std::fs::read(content().join("content.json")).unwrap()).unwrap();
    for item in base["items"].as_array().unwrap() {
        let card = cards(&[item["id"].as_str().unwrap()]);
        for (intent, question, most) in [
            ("detail", "Tell me about it.", 110),
            ("when", "When was that?", 80),
            ("list", "What is there?", 90),
        ] {
            assert_speakable(
                &say(&guide(), &request(intent, question, card.clone())),
                most,
            );
        }
    }
}

#[test]
fn cards_without_text_still_give_a_sentence() {
    let bare = Card {
        title: "Nothing.".to_owned(),
        type_name: "odd".to_owned(),
        ..Card::default()
    };
    for intent in [
        "list",
        "detail",
        "when",
        "count",
        "compare",
        "about",
        "follow-up",
    ] {
        assert_speakable(
            &say(
                &guide(),
                &request(intent, "What?", vec![bare.clone(), bare.clone()]),
            ),
            80,
        );
    }
}

#[test]
fn the_person_is_kept() {
    let mut list = request("list", "Which projects?", cards(&PROJECTS));
    list.item_type = Some("project".to_owned());
    let (third, first) = (say(&guide(), &list), say(&sam(), &list));
    assert!(
        third.starts_with("She worked on") && first.starts_with("I have built three projects"),
        "{third} / {first}"
    );
    for intent in ["help", "about", "off-topic", "list"] {
        let answer = say(&sam(), &request(intent, "A question", vec![]));
        for wrong in ["She ", "she ", " her ", "I has", "I is ", "I are", "I were"] {
            assert!(!answer.contains(wrong), "{wrong:?} in {answer:?}");
        }
        let answer = say(&guide(), &request(intent, "A question", vec![]));
        for wrong in [" my life", " me.", "She have", "She are", "She am"] {
            assert!(!answer.contains(wrong), "{wrong:?} in {answer:?}");
        }
    }
}

#[test]
fn the_limit_of_tokens_is_kept_by_whole_sentences() {
    let full = say(
        &guide(),
        &request("detail", "Tell me about COBOL.", cards(&["cobol"])),
    );
    for max_tokens in 1..=160 {
        let asked = Request {
            max_tokens,
            ..request("detail", "Tell me about COBOL.", cards(&["cobol"]))
        };
        let answer = say(&guide(), &asked);
        let n = answer.split_whitespace().count();
        assert!(
            n <= ((max_tokens * 3) / 4).max(1) as usize,
            "{max_tokens} tokens, {n} words"
        );
        assert!(answer.ends_with(['.', '?', '!']));
        if max_tokens > 30 {
            assert!(
                answer
                    .split(". ")
                    .all(|sentence| full.contains(sentence.trim_end_matches('.'))),
                "{answer}"
            );
        }
        let shortened = guide().generate(&asked).unwrap().any(|chunk| {
            matches!(
                chunk,
                Chunk::Finished {
                    shortened: true,
                    ..
                }
            )
        });
        assert_eq!(shortened, answer != full);
    }
}
