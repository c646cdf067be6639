use super::*;
use crate::{
    contract::{Strategy, Turn, respond::Report},
    fakes::{Fakes, Voice, voice},
};

fn request() -> Request {
    Request {
        session_id: "s".into(),
        request_id: "r".into(),
        text: "What did she build?".into(),
        language: "en".into(),
        history: vec![],
        max_items: 4,
        speak: true,
        voice: None,
        rate: 1.0,
        strategy: Strategy::Balanced,
    }
}

fn run(fakes: &Fakes, request: Request) -> (Vec<Event>, Option<Error>, Answer<Fakes>) {
    let mut answer = Answer::start(fakes.clone(), request).unwrap();
    let mut events = vec![];
    let error = loop {
        match answer.pull() {
            Ok(Some(event)) => events.push(event),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    (events, error, answer)
}

/// One word for each event, with what tells it apart.
fn outline(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| match event {
            Event::Intent(found) => format!("intent {}", found.intent),
            Event::Items(items) => format!("items {}", items.cards.len()),
            Event::Token(text) => format!("token {text}"),
            Event::Sentence(sentence) => format!("sentence {} {}", sentence.index, sentence.text),
            Event::Audio(audio) => format!("audio {} of {}", audio.sequence, audio.sentence_index),
            Event::Degraded(degraded) => format!("degraded {}", degraded.stage),
            Event::Mentioned(ids) => format!("mentioned {}", ids.join(" ")),
            Event::Done(_) => "done".into(),
        })
        .collect()
}

fn text(events: &[Event]) -> String {
    let tokens = events.iter().filter_map(|event| match event {
        Event::Token(text) => Some(text.as_str()),
        _ => None,
    });
    tokens.collect()
}

fn chunk(text: &str) -> Result<llm::Chunk> {
    Ok(llm::Chunk::Text(text.into()))
}

#[test]
fn events_come_in_order_and_done_is_last() {
    let fakes = Fakes::default();
    let (events, error, mut answer) = run(&fakes, request());
    assert_eq!(error, None);
    assert_eq!(
        outline(&events),
        [
            "intent about",
            "items 2",
            "token She built A-0. ",
            "token Then COBOL.",
            "sentence 0 She built A-0.",
            "audio 0 of 0",
            "audio 1 of 0",
            "sentence 1 Then COBOL.",
            "audio 2 of 1",
            "audio 3 of 1",
            "done",
        ]
    );
    assert_eq!(answer.pull(), Ok(None));
    assert_eq!(answer.pull(), Ok(None));
    assert_eq!(answer.failed_stage(), None);
    // A sentence is spoken to its end before the next one is begun, and the text waits meanwhile.
    let journal = fakes.journal.lines();
    let speaking: Vec<_> = journal
        .iter()
        .filter(|l| l.contains("tts") || l.contains("llm.drop"))
        .collect();
    assert_eq!(
        speaking,
        ["tts.open", "tts.drop", "llm.drop", "tts.open", "tts.drop"]
    );
    let Some(Event::Done(report)) = events.last() else {
        panic!("no report")
    };
    // Two calls; opening and three pulls; twice opening and three pulls. The first token needs two, two more and it.
    let expected = Report {
        intent_ms: 20,
        llm_ms: 40,
        llm_first_token_ms: Some(40),
        tts_ms: 80,
        first_audio_ms: Some(70),
        total_ms: 140,
    };
    assert_eq!(report, &expected);
}

#[test]
fn a_sentence_is_spoken_before_the_rest_of_the_text_is_there() {
    let fakes = Fakes {
        chunks: vec![
            chunk("One. Two"),
            chunk(" is more."),
            Ok(llm::Chunk::Finished(None)),
        ],
        ..Fakes::default()
    };
    let (events, ..) = run(&fakes, request());
    let outline = outline(&events);
    let at = |what: &str| outline.iter().position(|line| line == what).unwrap();
    assert!(at("audio 1 of 0") < at("token  is more."));
}

#[test]
fn what_a_stage_says_against_itself_is_told_once() {
    let mut fakes = Fakes::default();
    fakes
        .chunks
        .insert(0, Ok(llm::Chunk::Degraded("another model".into())));
    let fakes = fakes.speaking([Voice {
        degraded: Some("another voice"),
        ..voice()
    }]);
    let (events, error, _) = run(&fakes, request());
    assert_eq!(error, None);
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Degraded(told) => Some((told.stage.as_str(), told.reason.as_str())),
            _ => None,
        })
        .collect();
    // Two sentences were spoken.
    assert_eq!(told, [("llm", "another model"), ("tts", "another voice")]);
    assert_eq!(text(&events), "She built A-0. Then COBOL.");
    let published = fakes.published.borrow();
    let degraded = |event: &&events::Event| matches!(event, events::Event::StageDegraded(_));
    assert_eq!(published.iter().filter(degraded).count(), 2);
}

#[test]
fn what_the_answer_talks_about_is_told_at_the_end_if_it_was_shown() {
    let told = ["cobol", "nothing of ours", "cobol", "a-0"].map(str::to_owned);
    let mut fakes = Fakes::default();
    *fakes.chunks.last_mut().unwrap() = Ok(llm::Chunk::Finished(Some(told.into())));
    let (events, ..) = run(&fakes, request());
    let outline = outline(&events);
    let end: Vec<_> = outline.iter().rev().take(2).rev().collect();
    assert_eq!(end, ["mentioned cobol a-0", "done"]);
}

#[test]
fn it_tells_what_happened() {
    let fakes = Fakes::default();
    run(&fakes, request());
    let published = fakes.published.borrow();
    let [events::Event::ResponseGenerated(told)] = published.as_slice() else {
        panic!("{published:?}")
    };
    assert_eq!(
        (told.intent.as_str(), told.n_items, told.total_ms),
        ("about", 2, 140)
    );
    assert!(told.first_audio_ms.is_some_and(|ms| ms < told.total_ms));
    assert_eq!(
        (told.turn.session_id.as_str(), told.turn.request_id.as_str()),
        ("s", "r")
    );
}

#[test]
fn without_speech_there_is_only_text() {
    let fakes = Fakes::default();
    let (events, ..) = run(
        &fakes,
        Request {
            speak: false,
            ..request()
        },
    );
    assert!(
        !outline(&events)
            .iter()
            .any(|line| line.starts_with("audio") || line.starts_with("degraded"))
    );
    assert!(outline(&events).contains(&"sentence 1 Then COBOL.".to_owned()));
    assert!(!fakes.journal.has("tts.open"));
}

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
fn an_llm_that_fails_before_any_text_is_replaced_by_the_cards() {
    let dead = Error::Unavailable("no upstream".into());
    let cases = [
        Fakes::default().broken("llm", dead.clone()),
        Fakes {
            chunks: vec![Err(dead.clone())],
            ..Fakes::default()
        },
        Fakes {
            chunks: vec![chunk("\n"), Err(Error::Deadline)],
            ..Fakes::default()
        },
        Fakes {
            chunks: vec![Ok(llm::Chunk::Finished(None))],
            ..Fakes::default()
        },
        Fakes {
            chunks: vec![],
            ..Fakes::default()
        },
    ];
    for fakes in cases {
        let (events, error, _) = run(&fakes, request());
        assert_eq!(error, None);
        assert_eq!(
            text(&events).trim(),
            "Here is what I found. A-0. A-0 was new. COBOL. COBOL was new."
        );
        let outline = outline(&events);
        assert_eq!(
            outline
                .iter()
                .filter(|line| *line == "degraded llm")
                .count(),
            1
        );
        assert_eq!(
            outline
                .iter()
                .filter(|line| line.starts_with("sentence"))
                .count(),
            5
        );
        assert!(
            outline.iter().any(|line| line.starts_with("audio")),
            "the fallback is spoken"
        );
        assert_eq!(outline.last().map(String::as_str), Some("done"));
        let published = fakes.published.borrow();
        assert!(matches!(&published[0], events::Event::StageDegraded(told) if told.stage == "llm"));
    }
}

#[test]
fn an_llm_that_goes_away_in_the_middle_leaves_what_it_said() {
    for error in [
        Error::Deadline,
        Error::Unavailable("cut".into()),
        Error::Busy(None),
    ] {
        let fakes = Fakes {
            chunks: vec![chunk("She built A-0. Then"), Err(error)],
            ..Fakes::default()
        };
        let (events, error, _) = run(&fakes, request());
        assert_eq!(error, None);
        let outline = outline(&events);
        assert!(outline.contains(&"degraded llm".to_owned()), "{outline:?}");
        assert!(
            outline.contains(&"sentence 1 Then".to_owned()),
            "{outline:?}"
        );
        assert_eq!(outline.last().unwrap(), "done");
        assert_eq!(fakes.journal.count("llm.drop"), 1);
    }
}

#[test]
fn a_defect_in_the_middle_is_an_error() {
    let defect = Error::Internal("llm: trap".into());
    let cases = [
        (
            vec![chunk("She")],
            Error::Internal("llm: the answer ended without `finished`".into()),
        ),
        (
            vec![chunk("She"), Err(Error::Internal("trap".into()))],
            defect,
        ),
    ];
    for (chunks, expected) in cases {
        let fakes = Fakes {
            chunks,
            ..Fakes::default()
        };
        let (events, error, mut answer) = run(&fakes, request());
        assert_eq!(error, Some(expected.clone()));
        assert_eq!(answer.failed_stage(), Some("llm"));
        assert_eq!(answer.pull(), Err(expected), "again and again");
        assert!(!outline(&events).contains(&"done".to_owned()));
        assert_eq!(
            fakes.journal.count("llm.open"),
            fakes.journal.count("llm.drop")
        );
    }
}

#[test]
fn an_endless_llm_is_cut_off() {
    let fakes = Fakes {
        chunks: vec![chunk("blah blah blah blah. "); 2_000],
        ..Fakes::default()
    };
    let (events, error, _) = run(
        &fakes,
        Request {
            speak: false,
            ..request()
        },
    );
    assert_eq!(error, None);
    assert_eq!(text(&events).chars().count(), MAX_ANSWER_CHARS);
    assert!(fakes.journal.has("llm.drop"));
}

#[test]
fn intent_and_content_have_no_fallback() {
    for stage in ["intent", "content"] {
        let fakes = Fakes::default().broken(stage, Error::Unavailable("gone".into()));
        let (_, error, answer) = run(&fakes, request());
        assert_eq!(error, Some(Error::Unavailable(format!("{stage}: gone"))));
        assert_eq!(answer.failed_stage(), Some("intent"));
    }
}

#[test]
fn a_voice_that_fails_leaves_the_text() {
    let dead = || Error::Internal("trap".into());
    let cases = [
        Voice {
            opened: Err(dead()),
            ..voice()
        },
        Voice {
            audio: vec![Ok(vec![1]), Err(dead())],
            ..voice()
        },
        Voice {
            rate_hz: 0,
            ..voice()
        },
    ];
    for broken in cases {
        let fakes = Fakes::default().speaking([broken]);
        let (events, error, _) = run(&fakes, request());
        assert_eq!(error, None);
        assert_eq!(text(&events), "She built A-0. Then COBOL.");
        let outline = outline(&events);
        let at = |what: &str| outline.iter().position(|line| line == what).unwrap();
        assert!(
            at("sentence 0 She built A-0.") < at("degraded tts"),
            "{outline:?}"
        );
        assert!(
            at("degraded tts") < at("sentence 1 Then COBOL."),
            "{outline:?}"
        );
        assert_eq!(
            outline
                .iter()
                .filter(|line| *line == "degraded tts")
                .count(),
            1
        );
        assert!(
            !format!("{events:?}").contains("trap"),
            "the text of a defect stays in the log"
        );
        assert_eq!(
            fakes.journal.count("tts.open"),
            fakes.journal.count("tts.drop")
        );
    }
}

#[test]
fn an_answer_has_one_sample_rate() {
    let fakes = Fakes::default().speaking([
        voice(),
        Voice {
            rate_hz: 16_000,
            audio: vec![Ok(vec![7; 8_000]), Ok(vec![7; 8_000])],
            degraded: Some("another voice"),
            ..voice()
        },
    ]);
    let (events, ..) = run(&fakes, request());
    let audio: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Audio(audio) => Some(audio),
            _ => None,
        })
        .collect();
    assert!(audio.iter().all(|audio| audio.sample_rate_hz == 22_050));
    let second = audio.iter().filter(|audio| audio.sentence_index == 1);
    assert_eq!(
        second.map(|audio| audio.samples.len()).sum::<usize>(),
        22_050
    );
    assert!(outline(&events).contains(&"degraded tts".to_owned()));
}

#[test]
fn an_unknown_voice_is_replaced_by_the_default_one() {
    let unknown = Voice {
        opened: Err(Error::Unsupported("no voice `x`".into())),
        ..voice()
    };
    let fakes = Fakes::default().speaking([unknown, voice()]);
    let (events, ..) = run(
        &fakes,
        Request {
            voice: Some("x".into()),
            ..request()
        },
    );
    let outline = outline(&events);
    assert!(outline.contains(&"audio 3 of 1".to_owned()));
    assert_eq!(
        outline
            .iter()
            .filter(|line| *line == "degraded tts")
            .count(),
        1
    );
    let said: Vec<_> = fakes
        .journal
        .lines()
        .into_iter()
        .filter(|line| line.starts_with("say"))
        .collect();
    assert_eq!(
        said,
        [
            "say Some(\"x\") She built A-0.",
            "say None She built A-0.",
            "say None Then COBOL."
        ]
    );
}

#[test]
fn a_drop_in_the_middle_cancels_the_voice_and_the_text() {
    let fakes = Fakes {
        chunks: vec![chunk("One. Two."), chunk(" Three.")],
        ..Fakes::default()
    };
    let mut answer = Answer::start(fakes.clone(), request()).unwrap();
    while !matches!(answer.pull().unwrap(), Some(Event::Audio(_))) {}
    assert!(!fakes.journal.has("tts.drop") && !fakes.journal.has("llm.drop"));
    drop(answer);
    assert!(fakes.journal.has("tts.drop") && fakes.journal.has("llm.drop"));
    assert!(fakes.published.borrow().is_empty());
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

#[test]
fn the_half_describes_its_stages_or_says_which_is_missing() {
    let names = |stages: Vec<Stage>| stages.into_iter().map(|s| s.stage).collect::<Vec<_>>();
    assert_eq!(
        names(describe(&Fakes::default()).unwrap()),
        ["intent", "llm", "tts"]
    );
    let fakes = Fakes::default().broken("tts", Error::Unavailable("no voice".into()));
    assert_eq!(
        describe(&fakes),
        Err(Error::Unavailable("tts: no voice".into()))
    );
}
