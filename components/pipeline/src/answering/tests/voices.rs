//! The voice of an answer: none, a broken one, another one.

use super::*;

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
