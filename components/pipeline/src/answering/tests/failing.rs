//! Stages that fail before or in the middle of the text.

use super::*;

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
