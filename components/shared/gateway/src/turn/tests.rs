use super::*;
use crate::{
    contract::Error,
    fakes::{Fakes, START_MS, answer, transcript},
    ports::Turns as _,
};

fn setting(fakes: &Fakes) -> Setting {
    Setting {
        ports: Arc::new(fakes.clone()),
        config: Arc::new(Config::default()),
        session: Session::new("session-1".into(), START_MS),
        is_new: true,
        tenant: Tenant::default(),
        request_id: "r-1".into(),
        wishes: Wishes::default(),
    }
}

fn spoken(fakes: &Fakes) -> Turn {
    let options = listen::Options {
        session_id: "session-1".into(),
        request_id: "r-1".into(),
        language: None,
        prompt: None,
        max_bytes: 1,
        min_duration_ms: 1,
        max_duration_ms: 2,
        strategy: Strategy::Balanced,
        temperature: 0.0,
    };
    Turn::spoken(setting(fakes), fakes.listen(options).unwrap())
}

fn run(mut turn: Turn) -> (Vec<Event>, Option<Problem>) {
    let mut events = vec![];
    loop {
        match turn.pull() {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, None),
            Err(problem) => {
                assert_eq!(turn.pull(), Ok(None), "the turn is over");
                return (events, Some(problem));
            }
        }
    }
}

#[test]
fn both_halves_are_told_in_order_and_done_is_last() {
    let fakes = Fakes::default();
    let (events, problem) = run(spoken(&fakes));
    assert_eq!(problem, None);
    assert_eq!(events.len(), 3 + 8 + 1);
    let Some(Event::Done(document)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(document["transcription"], "What did she build?");
    assert_eq!(document["response"], "She built A-0. Then COBOL.");
    assert_eq!(document["item_type"], "project");
    assert_eq!(document["metadata"]["transcription_confidence"], 0.75);
    assert_eq!(document["stages"]["asr"], "fake-asr@1.0");
    // Four events of one half, nine of the other, 10 ms each.
    assert_eq!(document["timing"]["total_ms"], 130);
    assert_eq!(document["timing"]["asr_ms"], 3);
    assert_eq!(*fakes.dropped.lock().unwrap(), ["utterance", "answer"]);
}

#[test]
fn the_end_is_told_when_everything_is_stored() {
    let fakes = Fakes::default();
    let (events, _) = run(spoken(&fakes));
    let Some(Event::Done(document)) = events.last() else {
        panic!("{events:?}")
    };
    let config = Config::default();
    let store = Store::new(&fakes, &config);
    let crate::store::Found::Live(session) = store.session("session-1").unwrap() else {
        panic!("no session")
    };
    assert_eq!(session.turns[0].item_ids, ["a-0"]);
    let audio = store
        .audio(document["audio_file"].as_str().unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(
        audio.bytes[audio.start..],
        crate::speaking::file(Format::Wav, 22_050, &[1, -1, 1, -1]).unwrap()
    );
}

#[test]
fn a_turn_dropped_in_the_middle_leaves_no_trace() {
    let fakes = Fakes::default();
    let mut turn = spoken(&fakes);
    while !matches!(
        turn.pull().unwrap(),
        Some(Event::Respond(respond::Event::Audio(_)))
    ) {}
    drop(turn);
    assert_eq!(*fakes.dropped.lock().unwrap(), ["utterance", "answer"]);
    assert!(fakes.keys().is_empty());
}

#[test]
fn a_half_that_just_stops_is_a_failure() {
    let mut fakes = Fakes::default();
    fakes.answered.pop();
    let (_, problem) = run(spoken(&fakes));
    assert_eq!(problem.unwrap().status, 500);
    fakes.heard.pop();
    let (_, problem) = run(spoken(&fakes));
    assert_eq!(problem.unwrap().status, 500);
    assert!(fakes.keys().is_empty());
}

#[test]
fn a_stage_that_fails_is_named() {
    let fakes = Fakes {
        heard: vec![Err(Error::Deadline)],
        failed_stage: Some("asr"),
        ..Fakes::default()
    };
    let (_, problem) = run(spoken(&fakes));
    let problem = problem.unwrap();
    assert_eq!(
        (problem.code.as_str(), problem.stage.as_deref()),
        ("STAGE_TIMEOUT", Some("asr"))
    );
}

#[test]
fn silence_is_answered_and_is_no_part_of_the_conversation() {
    let mut fakes = Fakes {
        answered: answer(&["Pardon?"]),
        ..Fakes::default()
    };
    fakes.heard[2] = Ok(transcript(""));
    let (events, _) = run(spoken(&fakes));
    let Some(Event::Done(document)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(
        (&document["transcription"], &document["response"]),
        (&"".into(), &"Pardon?".into())
    );
    assert_eq!(document["language"], "und");
    let requests = fakes.requests.lock().unwrap();
    assert_eq!(
        (requests[0].text.as_str(), requests[0].language.as_str()),
        ("", "und")
    );
}

#[test]
fn a_written_question_has_a_language_only_if_somebody_says_so() {
    for (said, known) in [(None, "und"), (Some("de"), "de")] {
        let fakes = Fakes::default();
        let wishes = Wishes {
            language: said.map(str::to_owned),
            ..Wishes::default()
        };
        let (events, _) = run(Turn::written(
            Setting {
                wishes,
                ..setting(&fakes)
            },
            "Was hat sie gebaut?".into(),
        ));
        let Some(Event::Done(document)) = events.last() else {
            panic!("{events:?}")
        };
        assert_eq!(document["language"], known);
        assert_eq!(fakes.requests.lock().unwrap()[0].language, known);
    }
}

#[test]
fn wishes_reach_the_pipeline_and_a_voice_is_remembered() {
    let fakes = Fakes::default();
    let wishes = Wishes {
        language: Some("de".into()),
        voice: Some("joe".into()),
        speak: false,
        strategy: Some(Strategy::High),
        ..Wishes::default()
    };
    let (events, _) = run(Turn::written(
        Setting {
            wishes,
            ..setting(&fakes)
        },
        "Hallo".into(),
    ));
    {
        let requests = fakes.requests.lock().unwrap();
        assert_eq!(
            (requests[0].language.as_str(), requests[0].voice.as_deref()),
            ("de", Some("joe"))
        );
        assert!(!requests[0].speak);
        assert_eq!(requests[0].strategy, Strategy::High);
    }
    let Some(Event::Done(document)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(document["timing"]["asr_ms"], Value::Null);
    assert_eq!(document["strategy"], "high");
    assert_eq!(document["stages"].get("asr"), None);
    let config = Config::default();
    let found = Store::new(&fakes, &config).session("session-1").unwrap();
    let crate::store::Found::Live(session) = found else {
        panic!("no session")
    };
    run(Turn::written(
        Setting {
            session: *session,
            is_new: false,
            ..setting(&fakes)
        },
        "Und?".into(),
    ));
    let requests = fakes.requests.lock().unwrap();
    assert_eq!(requests[1].voice.as_deref(), Some("joe"));
    assert_eq!(requests[1].history[0].user, "Hallo");
}

#[test]
fn what_fell_back_is_named_once_and_a_stage_that_is_down_does_not_fail_the_turn() {
    let mut fakes = Fakes {
        ready: Err(Error::Unavailable("no voice".into())),
        ..Fakes::default()
    };
    for stage in ["tts", "tts", "llm"] {
        let degraded = respond::Degradation {
            stage: stage.into(),
            reason: "x".into(),
        };
        fakes
            .answered
            .insert(2, Ok(respond::Event::Degraded(degraded)));
    }
    fakes
        .answered
        .retain(|event| !matches!(event, Ok(respond::Event::Audio(_))));
    let (events, _) = run(spoken(&fakes));
    let Some(Event::Done(document)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(document["degraded"], serde_json::json!(["llm", "tts"]));
    assert_eq!(document["audio_file"], Value::Null);
    assert_eq!(document["stages"], serde_json::json!({}));
}

#[test]
fn audio_that_does_not_fit_one_file_is_left_out_and_told() {
    let mut fakes = Fakes::default();
    let Ok(respond::Event::Audio(audio)) = &mut fakes.answered[7] else {
        panic!("{:?}", fakes.answered)
    };
    audio.sample_rate_hz = 16_000;
    let (events, _) = run(spoken(&fakes));
    let Some(Event::Done(document)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(document["degraded"], serde_json::json!(["tts"]));
    assert!(document["audio_file"].is_string());
}

#[test]
fn without_a_place_for_audio_the_answer_is_text() {
    let fakes = Fakes {
        lost: Some("audio"),
        ..Fakes::default()
    };
    let (events, _) = run(spoken(&fakes));
    let Some(Event::Done(document)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(document["degraded"], serde_json::json!(["store"]));
    assert_eq!(document["audio_file"], Value::Null);
    assert!(
        document["response"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

#[test]
fn a_turn_shows_that_it_is_alive_before_and_after_each_wait() {
    let fakes = Fakes::default();
    let mut config = Config::default();
    // Each event takes 10 ms, and a tenth of this is as much.
    config.sessions.lease_ms = 100;
    let session = Session::new("session-1".into(), START_MS);
    Store::new(&fakes, &config).create(&session).unwrap();
    let config = Arc::new(config);
    let setting = Setting {
        config: Arc::clone(&config),
        is_new: false,
        ..setting(&fakes)
    };
    let mut turn = Turn::written(setting, "Which?".into());
    turn.begin().unwrap();
    let mut n_events = 0;
    while let Some(event) = turn.pull().unwrap() {
        n_events += 1;
        let store = Store::new(&fakes, &config);
        let lease = store.live_session("session-1").unwrap().lease;
        if matches!(event, Event::Done(_)) {
            assert_eq!(lease, None);
            break;
        }
        // A client that takes nothing for almost as long as that does not lose the session.
        let now_ms = times::to_ms(turn.ports.wall());
        assert_eq!(lease.unwrap().until_ms, now_ms + 100);
        fakes.pass_ms(99);
        let busy = store.begin("session-1", "another").unwrap_err();
        assert_eq!(busy.code.as_str(), "SESSION_BUSY");
    }
    assert_eq!(n_events, 9);
}
