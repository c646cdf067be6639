//! How things are said: numbers, dates, openings, and what follows an answer.

use llm_template::request::Request;

use crate::support::{PROJECTS, after, cards, guide, request, say};

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
