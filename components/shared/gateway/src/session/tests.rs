use super::*;

fn exchange(n: u64, user_input: &str) -> Exchange {
    Exchange {
        at_ms: n,
        user_input: user_input.into(),
        ai_response: format!("answer {n}"),
        intent: Some("about".into()),
        item_ids: vec![format!("item-{n}")],
        item_type: None,
    }
}

#[test]
fn old_turns_are_forgotten_but_counted() {
    let limits = Sessions::default();
    let mut session = Session::new("session-1".into(), 0);
    for n in 1..=30 {
        let question = if n == 29 { "" } else { "question" };
        session.record(exchange(n, question), 1_500, &limits);
    }
    assert_eq!((session.turns.len(), session.turns[0].at_ms), (20, 11));
    assert_eq!((session.n_turns, session.last_activity_ms), (30, 30));
    let history = session.history(&limits);
    let ids: Vec<_> = history
        .iter()
        .map(|turn| turn.item_ids[0].as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "item-24", "item-25", "item-26", "item-27", "item-28", "item-30"
        ]
    );
    let document = session.document(1_000);
    assert_eq!(document["metadata"]["total_interactions"], 30);
    assert_eq!(document["metadata"]["average_response_time"], 1.5);
    assert_eq!(document["expires_at"], "1970-01-01T00:00:01.030Z");
}

#[test]
fn the_text_of_a_session_has_a_limit_too() {
    let limits = Sessions {
        bytes: 100,
        context_bytes: 60,
        ..Sessions::default()
    };
    let mut session = Session::new("session-1".into(), 0);
    for n in 1..=9 {
        // 8 of the question, 8 of the answer, 6 of the item.
        session.record(exchange(n, "question"), 0, &limits);
    }
    let kept: Vec<_> = session.turns.iter().map(|turn| turn.at_ms).collect();
    assert_eq!(kept, [6, 7, 8, 9]);
    let history = session.history(&limits);
    assert_eq!(history.len(), 2);
    assert_eq!(history[0].assistant, "answer 8");

    // The latest turn stays, whatever its size.
    session.record(exchange(10, &"é".repeat(80)), 0, &limits);
    let [turn] = &session.turns[..] else {
        panic!("{:?}", session.turns)
    };
    assert_eq!(
        (turn.user_input.as_str(), turn.ai_response.as_str()),
        (&*"é".repeat(46), "")
    );
    assert!(session.history(&limits).is_empty(), "it does not fit");
}

#[test]
fn what_is_stored_comes_back() {
    let mut session = Session::new("session-1".into(), 7);
    session.record(exchange(8, "hello"), 20, &Sessions::default());
    let bytes = serde_json::to_vec(&session).unwrap();
    assert_eq!(Session::from_bytes(&bytes), Some(session));
    assert_eq!(Session::from_bytes(b"{}"), None);
    let newer = String::from_utf8(bytes)
        .unwrap()
        .replace("\"v\":1", "\"v\":2");
    assert_eq!(Session::from_bytes(newer.as_bytes()), None);
}

#[test]
fn a_session_that_an_older_gateway_has_stored_is_read() {
    let old = br#"{"v":1,"session_id":"session-1","created_at_ms":1,"last_activity_ms":2,"preferred_voice":null,"metadata":{},
        "n_turns":0,"answering_ms":0,"turns":[],"audio":[{"id":"a","expires_at_ms":3}]}"#;
    let session = Session::from_bytes(old).unwrap();
    assert_eq!((session.born, session.audio[0].n_bytes), (0, 0));
    assert!(!session.has_turn(0));
}

#[test]
fn what_a_client_attaches_does_not_stand_in_for_what_is_counted() {
    let mut session = Session::new("session-1".into(), 0);
    for name in ["total_interactions", "preferred_voice", "seat"] {
        session.metadata.insert(name.into(), 7.into());
    }
    assert_eq!(
        session.document(1_000)["metadata"],
        serde_json::json!({
            "total_interactions": 0, "average_response_time": 0.0, "preferred_voice": null, "seat": 7,
        })
    );
}
