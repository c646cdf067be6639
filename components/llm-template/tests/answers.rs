//! Answers as a listener hears them: rules that every answer keeps, and a dozen answers word for word (`answers.txt`).
//!
//! After a wanted change, `UPDATE_ANSWERS=1` rewrites the snapshot; the difference is to be read aloud before it is committed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use llm_template::Speaker;
use llm_template::error::Error;
use llm_template::persona::Persona;
use llm_template::request::{Card, Message, Request, Role};
use llm_template::stream::Chunk;

fn content() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content")
}

fn guide() -> Speaker {
    Speaker::load(&content()).unwrap()
}

fn sam() -> Speaker {
    let bytes = std::fs::read(content().join("examples/persona-first-person.json")).unwrap();
    Speaker::new(Persona::from_json(&bytes).unwrap()).unwrap()
}

/// Cards of the sample content by their ids.
fn cards(ids: &[&str]) -> Vec<Card> {
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

fn request(intent: &str, question: &str, cards: Vec<Card>) -> Request {
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

fn after(mut request: Request, answers: &[&str]) -> Request {
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

fn say(speaker: &Speaker, request: &Request) -> String {
    let mut text = String::new();
    let mut finished = 0;
    for chunk in speaker.generate(request).unwrap() {
        match chunk {
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
fn assert_speakable(text: &str, most_words: usize) {
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

const PROJECTS: [&str; 3] = ["cobol", "cobol-validation", "navy-standard-cobol"];

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
fn lists_say_how_many_and_name_the_titles() {
    let mut list = request("list", "Which projects used COBOL?", cards(&PROJECTS));
    list.item_type = Some("project".to_owned());
    let answer = say(&guide(), &list);
    assert!(
        answer.starts_with("She worked on three projects that fit"),
        "{answer}"
    );
    for title in [
        "the birth of COBOL",
        "Tests for COBOL compilers",
        "Standard COBOL for the Navy",
    ] {
        assert!(
            answer.to_lowercase().contains(&title.to_lowercase()),
            "{title}: {answer}"
        );
    }
    list.n_matching = 7;
    assert!(say(&guide(), &list).starts_with("She worked on seven projects that fit"));
    let mut count = request(
        "count",
        "How many awards did she get?",
        cards(&["medal-of-freedom", "medal-of-technology"]),
    );
    count.n_matching = 8;
    count.item_type = Some("award".to_owned());
    assert!(
        say(&guide(), &count).starts_with("She received eight honours that fit, "),
        "{}",
        say(&guide(), &count)
    );
    // Items of several types have no noun in common.
    let mixed = say(
        &guide(),
        &request(
            "list",
            "What about 1952?",
            cards(&["a-0", "education-of-a-computer"]),
        ),
    );
    assert!(
        mixed.starts_with("I know of two things that fit"),
        "{mixed}"
    );
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
fn dates_are_said_as_people_say_them() {
    let when = |id: &str, question: &str| say(&guide(), &request("when", question, cards(&[id])));
    assert!(when("a-2", "When was A-2?").contains(" in 1953."));
    assert!(when("vassar-teaching", "When did she teach?").contains(" from 1931 to 1943."));
    assert!(
        when("vassar-teaching", "How long did she teach?").contains("That makes twelve years.")
    );
    let unknown = when("nanosecond-wires", "When was that?");
    assert!(
        unknown.starts_with("I cannot name") || unknown.starts_with("I have no date"),
        "{unknown}"
    );
    let mut open = request("when", "When?", cards(&["a-2"]));
    open.cards[0].end_year = None;
    assert!(say(&guide(), &open).contains(" since 1953."));
}

#[test]
fn openings_and_questions_vary_and_never_come_twice_in_a_row() {
    let mut before = String::new();
    let mut openings = std::collections::HashSet::new();
    for i in 0..40 {
        let asked = request(
            "detail",
            &format!("Tell me about the moth, please, number {i}."),
            cards(&["mark-ii-moth"]),
        );
        let asked = if before.is_empty() {
            asked
        } else {
            after(asked, &[&before])
        };
        let answer = say(&guide(), &asked);
        let (opening, closing) = (
            answer.split(['.', '?']).next().unwrap().to_owned(),
            answer.rsplit(". ").next().unwrap().to_owned(),
        );
        assert!(!before.starts_with(&opening), "{opening:?} twice");
        assert!(!before.ends_with(&closing), "{closing:?} twice");
        openings.insert(opening.clone());
        before = format!("{opening}. Something. {closing}");
    }
    assert!(openings.len() >= 4, "{openings:?}");
    let once = request(
        "detail",
        "Tell me about the moth.",
        cards(&["mark-ii-moth"]),
    );
    assert_eq!(say(&guide(), &once), say(&guide(), &once));
}

#[test]
fn a_follow_up_goes_on_where_the_answer_before_ended() {
    let short = Request {
        max_tokens: 60,
        ..request(
            "detail",
            "Tell me about FLOW-MATIC.",
            cards(&["flow-matic"]),
        )
    };
    let first = say(&guide(), &short);
    let more = say(
        &guide(),
        &after(
            request("follow-up", "Tell me more.", cards(&["flow-matic"])),
            &[&first],
        ),
    );
    assert!(!more.contains("FLOW-MATIC, begun in 1955"), "{more}");
    assert!(
        more.contains("FLOW-MATIC became the main model for COBOL."),
        "{more}"
    );
    let all = say(
        &guide(),
        &after(
            request("follow-up", "And?", cards(&["flow-matic"])),
            &[&first, &more],
        ),
    );
    assert!(
        all.contains("all I know about FLOW-MATIC")
            || all.contains("no more that I could tell about FLOW-MATIC"),
        "{all}"
    );
    let next = say(
        &guide(),
        &after(
            Request {
                n_matching: 1,
                ..request("follow-up", "And?", cards(&["flow-matic", "cobol"]))
            },
            &[&first, &more],
        ),
    );
    assert!(next.contains("COBOL was specified"), "{next}");
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

#[test]
fn requests_that_break_the_contract_are_refused() {
    let good = request("list", "What?", vec![]);
    let refused = |request: &Request| guide().generate(request).err();
    assert!(matches!(
        refused(&Request {
            messages: vec![],
            ..good.clone()
        }),
        Some(Error::InvalidInput(_))
    ));
    assert!(matches!(
        refused(&Request {
            max_tokens: 0,
            ..good.clone()
        }),
        Some(Error::InvalidInput(_))
    ));
    assert!(matches!(
        refused(&Request {
            cards: vec![Card::default(); 51],
            ..good.clone()
        }),
        Some(Error::InvalidInput(_))
    ));
    assert!(matches!(
        refused(&Request {
            language: "de-CH".to_owned(),
            ..good.clone()
        }),
        Some(Error::Unsupported(_))
    ));
    let mut last = good.clone();
    last.messages.push(Message {
        role: Role::Assistant,
        content: "Yes.".to_owned(),
    });
    assert!(matches!(refused(&last), Some(Error::InvalidInput(_))));
    for language in ["en", "en-GB", "und", ""] {
        assert_eq!(
            refused(&Request {
                language: language.to_owned(),
                ..good.clone()
            }),
            None
        );
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

/// A change to a persona file.
type Change<'c> = &'c dyn Fn(&mut serde_json::Value);

#[test]
fn mistakes_in_a_persona_are_named_with_their_path() {
    let good: serde_json::Value =
        serde_json::from_slice(&std::fs::read(content().join("persona.json")).unwrap()).unwrap();
    let wrong = |change: Change<'_>| {
        let mut value = good.clone();
        change(&mut value);
        Persona::from_json(value.to_string().as_bytes())
            .unwrap_err()
            .to_string()
    };
    let cases: [(Change<'_>, &str); 8] = [
        (
            &|v| drop(v.as_object_mut().unwrap().remove("greetings")),
            "missing field `greetings`",
        ),
        (
            &|v| v["person"] = "second".into(),
            "person: unknown variant `second`",
        ),
        (
            &|v| v["greetings"][1] = 7.into(),
            "greetings[1]: invalid type",
        ),
        (
            &|v| v["greetings"][1] = "Hello {nmae}.".into(),
            "greetings[1]: unknown placeholder {nmae}",
        ),
        (&|v| v["help"][0] = "Help".into(), "help[0]: must end with"),
        (
            &|v| v["thanks"] = serde_json::json!([]),
            "thanks: 0 phrases",
        ),
        (
            &|v| v["subject"]["pronoum"] = "she".into(),
            "unknown field `pronoum`",
        ),
        (
            &|v| v["unsafe"][0] = "x".repeat(601).into(),
            "unsafe[0]: 601 characters",
        ),
    ];
    for (change, expected) in cases {
        let message = wrong(change);
        assert!(
            message.contains(expected),
            "{expected:?} not in {message:?}"
        );
    }
    assert!(Speaker::load(Path::new("/nowhere")).is_err());
    assert!(Persona::from_json(b"{").is_err());
}

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
    let tell = |(who, speaker, request): &(&str, Speaker, Request)| {
        let question = request.messages.last().map_or("", |m| m.content.as_str());
        format!(
            "[{who}, {}] {question}\n{}\n",
            request.intent,
            say(speaker, request)
        )
    };
    asked.iter().map(tell).collect::<Vec<_>>().join("\n")
}

#[test]
fn answers_sound_as_they_were_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers.txt");
    let now = spoken();
    if std::env::var_os("UPDATE_ANSWERS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        now, reviewed,
        "answers changed; read them, then run with UPDATE_ANSWERS=1"
    );
}
