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

/// The language and the voice of an answer to a German question, and what is told of it.
fn in_german(fakes: &Fakes, request: Request) -> (String, bool, Vec<String>) {
    let german = Request {
        language: "de".into(),
        ..request
    };
    let (events, error, _) = run(fakes, german);
    assert_eq!(error, None);
    assert!(matches!(events.last(), Some(Event::Done(_))));
    let degraded = events.iter().filter_map(|event| match event {
        Event::Degraded(degraded) => Some(format!("{}: {}", degraded.stage, degraded.reason)),
        _ => None,
    });
    let by_ute = fakes.journal.has(r#"say Some("de-a") She built A-0."#);
    let language = fakes.asked.borrow()[0].language.clone();
    (language, by_ute, degraded.collect())
}

#[test]
fn an_answer_that_is_heard_is_in_a_language_that_a_voice_speaks() {
    let speaking = |locales: &[&'static str]| Fakes {
        locales: locales.to_vec(),
        ..Fakes::default()
    };
    let (language, by_ute, degraded) = in_german(&speaking(&["en-GB", "de-DE"]), request());
    assert_eq!((language.as_str(), by_ute, degraded), ("de", true, vec![]));
    let (language, by_ute, degraded) = in_german(&speaking(&["und"]), request());
    assert_eq!((language.as_str(), by_ute, degraded), ("de", false, vec![]));
    let (language, _, degraded) = in_german(&speaking(&["en-GB", "fr-FR"]), request());
    assert_eq!(language, "en-GB");
    let why = r#"tts: the answer is in "en-GB", not in "de": no voice for it"#;
    assert_eq!(degraded, [why]);
}

#[test]
fn when_nobody_can_say_what_the_voices_speak_the_answer_is_english() {
    let broken = Fakes::default().broken("tts", Error::Unavailable("no model".into()));
    let (language, _, degraded) = in_german(&broken, request());
    assert_eq!(language, "en");
    assert!(
        degraded[0].starts_with(r#"tts: the answer is in "en", not in "de": it is not available"#),
        "{degraded:?}"
    );
}

#[test]
fn an_answer_in_text_only_is_in_the_language_asked_for() {
    let fakes = Fakes::default();
    let silent = Request {
        speak: false,
        ..request()
    };
    let (language, _, degraded) = in_german(&fakes, silent);
    assert_eq!((language.as_str(), degraded), ("de", vec![]));
    assert!(!fakes.journal.has("tts.voices"));
}

#[test]
fn most_turns_do_not_ask_for_the_voices() {
    for language in ["en", "en-US", "und"] {
        let fakes = Fakes::default();
        let asked = Request {
            language: language.into(),
            ..request()
        };
        run(&fakes, asked);
        assert_eq!(fakes.asked.borrow()[0].language, language);
        assert!(!fakes.journal.has("tts.voices"));
    }
}
