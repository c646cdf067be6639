use super::*;
use crate::contract::{
    Strategy,
    events::{self, AudioProcessed, TranscriptReady},
    listen::{Report, Segment, Transcript},
};
use crate::fakes::{Fakes, segment};

fn options() -> Options {
    Options {
        session_id: "s".into(),
        request_id: "r".into(),
        language: Some("en".into()),
        prompt: None,
        max_bytes: 1_000_000,
        min_duration_ms: 100,
        max_duration_ms: 30_000,
        strategy: Strategy::Balanced,
        temperature: 0.2,
    }
}

fn open(fakes: &Fakes) -> Utterance<Fakes> {
    Utterance::open(fakes.clone(), options()).unwrap()
}

/// Pushes, finishes and pulls everything up to the end or the first failure.
fn hear(fakes: &Fakes) -> (Vec<Event>, Option<Error>, Utterance<Fakes>) {
    let mut utterance = open(fakes);
    let mut events = vec![];
    let error = (|| {
        utterance.push(vec![1, 2, 3])?;
        utterance.finish()?;
        while let Some(event) = utterance.pull()? {
            events.push(event);
        }
        Ok(())
    })();
    (events, error.err(), utterance)
}

/// A segment of the fakes, as others get it.
fn heard(text: &str) -> Segment {
    let asr::Segment {
        start_ms,
        end_ms,
        tokens,
        avg_logprob,
        no_speech_prob,
        temperature,
        ..
    } = segment(text);
    Segment {
        start_ms,
        end_ms,
        text: text.into(),
        tokens,
        avg_logprob,
        no_speech_prob,
        temperature,
    }
}

fn transcript(events: &[Event]) -> &Transcript {
    let found = events.iter().find_map(|event| match event {
        Event::Transcript(transcript) => Some(transcript),
        _ => None,
    });
    found.expect("a transcript")
}

#[test]
fn another_recogniser_is_told_before_the_transcript() {
    let fakes = Fakes {
        heard_by_another: Some("asr-remote is not available"),
        ..Fakes::default()
    };
    let (events, error, _) = hear(&fakes);
    assert_eq!(error, None);
    let at = |wanted: fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let told = at(|event| matches!(event, Event::Degraded(told) if told.stage == "asr"));
    assert_eq!(told + 1, at(|event| matches!(event, Event::Transcript(_))));
    let published = fakes.published.borrow();
    let degraded = |event: &events::Event| matches!(event, events::Event::StageDegraded(_));
    assert!(published.iter().any(degraded));
}

#[test]
fn events_come_in_order_and_done_is_last() {
    let fakes = Fakes {
        segments: vec![
            Ok(segment("What did")),
            Ok(segment("she")),
            Ok(segment(" build? ")),
        ],
        ..Fakes::default()
    };
    let (events, error, mut utterance) = hear(&fakes);
    assert_eq!(error, None);
    assert_eq!(
        events,
        [
            Event::SpeechStarted(100),
            Event::SpeechStopped(1_250),
            Event::Partial("What did".into()),
            Event::Partial("What did she".into()),
            Event::Transcript(Transcript {
                text: "What did she build?".into(),
                language: "en".into(),
                confidence: 0.8,
                duration_ms: 1_500,
                speech_ms: 1_150,
                segments: ["What did", "she", "build?"].map(heard).into(),
            }),
            // Opening, one push, the end, and three pulls; opening, two pushes and the end; opening and four pulls: 10 ms each.
            Event::Done(Report {
                ingest_ms: 60,
                vad_ms: 40,
                asr_ms: 50,
                format: "webm/opus".into()
            }),
        ]
    );
    assert_eq!(utterance.pull(), Ok(None));
    assert_eq!(utterance.pull(), Ok(None));
    assert_eq!(utterance.failed_stage(), None);
    let given = &fakes.given.borrow()[0];
    assert_eq!(
        (given.language.as_deref(), given.temperature),
        (Some("en"), 0.2)
    );
    for stage in ["ingest", "vad", "asr"] {
        assert_eq!(fakes.journal.count(&format!("{stage}.drop")), 1, "{stage}");
    }
}

#[test]
fn no_stage_is_held_while_the_next_one_works() {
    let fakes = Fakes::default();
    hear(&fakes);
    let journal = fakes.journal.lines();
    let at = |what: &str| journal.iter().position(|line| line == what).unwrap();
    assert!(at("ingest.drop") < at("vad.finish"), "{journal:?}");
    assert!(at("vad.drop") < at("asr.open"), "{journal:?}");
}

#[test]
fn it_tells_what_happened_without_the_text() {
    let fakes = Fakes::default();
    hear(&fakes);
    let turn = events::Turn {
        session_id: "s".into(),
        request_id: "r".into(),
    };
    assert_eq!(
        *fakes.published.borrow(),
        [
            events::Event::AudioProcessed(AudioProcessed {
                turn: turn.clone(),
                duration_ms: 1_500,
                speech_ms: 1_150,
                took_ms: 100,
            }),
            events::Event::TranscriptReady(TranscriptReady {
                turn,
                language: "en".into(),
                confidence: 0.8,
                n_characters: 19
            }),
        ]
    );
}

#[test]
fn silence_is_an_empty_transcript_and_never_reaches_the_recogniser() {
    let fakes = Fakes {
        heard: vec![],
        speech: Ok(vec![]),
        ..Fakes::default()
    };
    let (events, error, _) = hear(&fakes);
    assert_eq!(error, None);
    assert_eq!(events.len(), 2);
    let silence = Transcript {
        text: String::new(),
        language: "und".into(),
        confidence: 0.0,
        duration_ms: 1_500,
        speech_ms: 0,
        segments: vec![],
    };
    assert_eq!(transcript(&events), &silence);
    assert!(!fakes.journal.has("asr.open"));
}

#[test]
fn speech_without_words_is_an_empty_transcript() {
    for segments in [vec![], vec![Ok(segment(" "))]] {
        let fakes = Fakes {
            segments,
            ..Fakes::default()
        };
        let (events, ..) = hear(&fakes);
        let found = transcript(&events);
        assert_eq!(
            (
                found.text.as_str(),
                found.language.as_str(),
                found.confidence
            ),
            ("", "und", 0.0)
        );
    }
}

#[test]
fn speech_that_reaches_the_end_stops_there() {
    let fakes = Fakes {
        heard: vec![Ok(vec![vad::Event::SpeechStarted(1_600)])],
        ..Fakes::default()
    };
    let (events, ..) = hear(&fakes);
    assert_eq!(
        events[..2],
        [Event::SpeechStarted(100), Event::SpeechStopped(1_500)]
    );
}

#[test]
fn language_and_confidence_follow_the_longer_text() {
    let mut short = segment("Oui.");
    short.language = "fr".into();
    short.confidence = 0.0;
    let fakes = Fakes {
        segments: vec![Ok(short), Ok(segment("And then sixteen."))],
        ..Fakes::default()
    };
    let (events, ..) = hear(&fakes);
    let found = transcript(&events);
    assert_eq!(found.language, "en");
    assert!((found.confidence - 0.8 * 17.0 / 21.0).abs() < 1e-6);
}

#[test]
fn each_stage_fails_with_its_name_for_ever_and_lets_go_of_all_work() {
    let gone = || Err(Error::Unavailable("gone".into()));
    let cases = [
        (
            "ingest",
            Fakes {
                push: gone(),
                ..Fakes::default()
            },
        ),
        (
            "ingest",
            Fakes {
                finish: gone(),
                ..Fakes::default()
            },
        ),
        (
            "ingest",
            Fakes {
                samples: vec![Ok(vec![0; 16_000]), gone().map(|()| vec![])],
                ..Fakes::default()
            },
        ),
        (
            "vad",
            Fakes {
                heard: vec![gone().map(|()| vec![])],
                ..Fakes::default()
            },
        ),
        (
            "vad",
            Fakes {
                speech: gone().map(|()| vec![]),
                ..Fakes::default()
            },
        ),
        (
            "vad",
            Fakes::default().broken("vad", Error::Unavailable("gone".into())),
        ),
        (
            "asr",
            Fakes::default().broken("asr", Error::Unavailable("gone".into())),
        ),
        (
            "asr",
            Fakes {
                segments: vec![Ok(segment("What")), Err(Error::Unavailable("gone".into()))],
                ..Fakes::default()
            },
        ),
    ];
    for (stage, fakes) in cases {
        let (events, error, mut utterance) = hear(&fakes);
        let expected = Error::Unavailable(format!("{stage}: gone"));
        assert_eq!(error, Some(expected.clone()));
        assert!(!events.iter().any(|event| matches!(event, Event::Done(_))));
        assert_eq!(utterance.failed_stage(), Some(stage));
        assert_eq!(utterance.rejection(), None);
        for _ in 0..2 {
            assert_eq!(utterance.pull(), Err(expected.clone()));
            assert_eq!(utterance.push(vec![]), Err(expected.clone()));
            assert_eq!(utterance.finish(), Err(expected.clone()));
        }
        for stage in ["ingest", "vad", "asr"] {
            let (opened, dropped) = (format!("{stage}.open"), format!("{stage}.drop"));
            if fakes.broken.iter().all(|(broken, _)| *broken != stage) {
                assert_eq!(
                    fakes.journal.count(&opened),
                    fakes.journal.count(&dropped),
                    "{stage}"
                );
            }
        }
    }
}

#[test]
fn a_rejected_recording_says_why() {
    for error in [
        Error::InvalidInput("x".into()),
        Error::Unsupported("x".into()),
    ] {
        let fakes = Fakes {
            push: Err(error),
            rejection: Some(Rejection::TooLarge),
            ..Fakes::default()
        };
        let (_, error, utterance) = hear(&fakes);
        assert!(error.is_some());
        assert_eq!(utterance.rejection(), Some(Rejection::TooLarge));
        assert_eq!(utterance.failed_stage(), Some("ingest"));
    }
}

#[test]
fn a_decoder_that_ignores_the_limit_is_stopped() {
    let fakes = Fakes {
        samples: vec![Ok(vec![0; 16_000]); 40],
        heard: vec![],
        ..Fakes::default()
    };
    let (_, error, utterance) = hear(&fakes);
    assert!(matches!(error, Some(Error::Internal(_))));
    assert_eq!(utterance.failed_stage(), Some("ingest"));
}

#[test]
fn nothing_is_heard_before_the_end_of_the_input() {
    let fakes = Fakes::default();
    let mut utterance = open(&fakes);
    assert_eq!(utterance.pull(), Ok(None));
    utterance.push(vec![1]).unwrap();
    assert_eq!(utterance.pull(), Ok(None));
    utterance.finish().unwrap();
    assert_eq!(utterance.pull(), Ok(Some(Event::SpeechStarted(100))));
}

#[test]
fn breaking_the_contract_is_nobodys_failure() {
    let mut utterance = open(&Fakes::default());
    utterance.finish().unwrap();
    assert!(matches!(
        utterance.push(vec![1]),
        Err(Error::InvalidInput(_))
    ));
    assert_eq!(utterance.failed_stage(), None);
    let mut utterance = open(&Fakes::default());
    utterance.finish().unwrap();
    assert!(matches!(utterance.finish(), Err(Error::InvalidInput(_))));
    assert!(utterance.pull().is_err());
}

#[test]
fn a_drop_in_the_middle_cancels() {
    let fakes = Fakes {
        segments: vec![Ok(segment("a")), Ok(segment("b")), Ok(segment("c"))],
        ..Fakes::default()
    };
    let mut utterance = open(&fakes);
    utterance.finish().unwrap();
    while !matches!(utterance.pull().unwrap(), Some(Event::Partial(_))) {}
    assert!(!fakes.journal.has("asr.drop"));
    drop(utterance);
    assert!(fakes.journal.has("asr.drop"));
    assert!(
        !fakes
            .published
            .borrow()
            .iter()
            .any(|event| matches!(event, events::Event::TranscriptReady(_)))
    );
}

#[test]
fn the_half_describes_its_stages_or_says_which_is_missing() {
    let names = |stages: Vec<Stage>| stages.into_iter().map(|s| s.stage).collect::<Vec<_>>();
    assert_eq!(
        names(describe(&Fakes::default()).unwrap()),
        ["ingest", "vad", "asr"]
    );
    let fakes = Fakes::default().broken("vad", Error::Unavailable("no model".into()));
    assert_eq!(
        describe(&fakes),
        Err(Error::Unavailable("vad: no model".into()))
    );
}
