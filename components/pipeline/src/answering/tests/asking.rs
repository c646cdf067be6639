//! What the stages are asked, and which requests reach none of them.

use super::*;
use crate::contract::Turn;

#[test]
fn cards_are_limited_but_an_answer_always_has_something_to_draw_on() {
    let fakes = Fakes::default();
    let (events, ..) = run(
        &fakes,
        Request {
            max_items: 0,
            ..request()
        },
    );
    assert_eq!(outline(&events)[1], "items 0");
    assert_eq!(fakes.asked.borrow()[0].cards.len(), 1);
    let Event::Items(items) = &events[1] else {
        panic!("no items")
    };
    assert_eq!(
        (items.n_matching, items.content_filter.as_deref()),
        (9, Some("since 1952"))
    );
}

#[test]
fn follow_ups_know_the_items_seen_last_and_the_llm_the_conversation() {
    let turn = |user: &str, ids: &[&str]| Turn {
        user: user.into(),
        assistant: "ok".into(),
        intent: None,
        item_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        item_type: None,
    };
    let fakes = Fakes::default();
    let history = vec![
        turn("one", &["x"]),
        turn("two", &["y", "z"]),
        turn("thanks", &[]),
    ];
    run(
        &fakes,
        Request {
            history,
            ..request()
        },
    );
    assert_eq!(fakes.selected.borrow()[0].previous_item_ids, ["y", "z"]);
    let asked = fakes.asked.borrow();
    let said: Vec<_> = asked[0]
        .messages
        .iter()
        .map(|message| message.content.as_str())
        .collect();
    assert_eq!(
        said,
        [
            "one",
            "ok",
            "two",
            "ok",
            "thanks",
            "ok",
            "What did she build?"
        ]
    );
}

#[test]
fn requests_out_of_range_are_refused() {
    let cases = [
        Request {
            max_items: 5,
            ..request()
        },
        Request {
            text: "x".repeat(4_001),
            ..request()
        },
        Request {
            rate: 0.4,
            ..request()
        },
        Request {
            rate: f32::NAN,
            ..request()
        },
    ];
    for request in cases {
        let refused = Answer::start(Fakes::default(), request);
        assert!(matches!(refused.err(), Some(Error::InvalidInput(_))));
    }
}

#[test]
fn nobody_spoke_is_a_turn_like_any_other() {
    let fakes = Fakes {
        intent: "unclear",
        hits: vec![],
        ..Fakes::default()
    };
    let (events, error, _) = run(
        &fakes,
        Request {
            text: String::new(),
            ..request()
        },
    );
    assert_eq!(error, None);
    assert_eq!(outline(&events)[0], "intent unclear");
    assert_eq!(fakes.asked.borrow()[0].messages[0].content, "");
    assert_eq!(fakes.asked.borrow()[0].intent, "unclear");
}
