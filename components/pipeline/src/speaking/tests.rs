use super::*;
use crate::fakes::{Fakes, Voice as FakeVoice, voice};

fn request(text: &str) -> Request {
    Request {
        request_id: "r".into(),
        text: text.into(),
        voice: None,
        rate: 1.0,
    }
}

fn run(talk: &mut Talk<Fakes>) -> (Vec<Audio>, Option<Error>) {
    let mut audio = vec![];
    loop {
        match talk.pull() {
            Ok(Some(piece)) => audio.push(piece),
            Ok(None) => return (audio, None),
            Err(error) => return (audio, Some(error)),
        }
    }
}

fn said(fakes: &Fakes) -> Vec<String> {
    let lines = fakes.journal.lines().into_iter();
    lines.filter(|line| line.starts_with("say")).collect()
}

#[test]
fn sentences_are_spoken_one_after_the_other() {
    let fakes = Fakes::default();
    let mut talk = Talk::start(fakes.clone(), request("One is here. Two follows!")).unwrap();
    assert!(
        said(&fakes).is_empty(),
        "nothing is said before it is asked for"
    );
    assert_eq!(talk.pull().unwrap().unwrap().samples, [7; 4]);
    assert_eq!(said(&fakes), ["say None One is here."]);
    let (rest, error) = run(&mut talk);
    assert_eq!((rest.len(), error), (3, None));
    assert_eq!(
        said(&fakes),
        ["say None One is here.", "say None Two follows!"]
    );
    let synthesis = ["tts.open", "tts.drop", "tts.open", "tts.drop"];
    let journal = fakes.journal.lines();
    let order: Vec<_> = journal
        .iter()
        .filter(|line| synthesis.contains(&line.as_str()))
        .collect();
    assert_eq!(order, synthesis);
    assert_eq!((talk.pull(), talk.pull()), (Ok(None), Ok(None)));
    assert_eq!((talk.engine(), talk.degraded()), ("fake-tts".into(), None));
}

#[test]
fn nothing_to_say_gives_no_audio() {
    for text in ["", "  \n", "... !?"] {
        let fakes = Fakes::default();
        let mut talk = Talk::start(fakes.clone(), request(text)).unwrap();
        assert_eq!(talk.pull(), Ok(None));
        assert!(said(&fakes).is_empty());
    }
}

#[test]
fn no_piece_is_too_long_for_a_stage() {
    let fakes = Fakes::default();
    let text = "endless ".repeat(MAX_TEXT_CHARS / 8);
    let mut talk = Talk::start(fakes.clone(), request(&text)).unwrap();
    run(&mut talk);
    let said = said(&fakes);
    assert!(said.len() > 20 && said.iter().all(|line| line.chars().count() < MAX_TTS_CHARS));
    let words: usize = said
        .iter()
        .map(|line| line.matches("endless").count())
        .sum();
    assert_eq!(words, MAX_TEXT_CHARS / 8, "nothing is left out");
}

#[test]
fn speech_has_one_sample_rate_and_tells_once_who_took_over() {
    let other = FakeVoice {
        rate_hz: 16_000,
        audio: vec![Ok(vec![7; 8_000]), Ok(vec![7; 8_000])],
        degraded: Some("another voice"),
        ..voice()
    };
    let fakes = Fakes::default().speaking([voice(), other]);
    let mut talk = Talk::start(fakes.clone(), request("One. Two. Three.")).unwrap();
    let (audio, error) = run(&mut talk);
    assert_eq!(error, None);
    assert!(audio.iter().all(|piece| piece.sample_rate_hz == 22_050));
    let n_samples: usize = audio.iter().map(|piece| piece.samples.len()).sum();
    assert_eq!(n_samples, 6 + 2 * 22_050);
    assert_eq!(talk.degraded().as_deref(), Some("another voice"));
    let published = fakes.published.borrow();
    assert!(
        matches!(published.as_slice(), [events::Event::StageDegraded(it)] if it.stage == "tts" && it.turn.request_id == "r")
    );
}

#[test]
fn a_failure_is_repeated_and_drops_the_synthesis() {
    let fakes = Fakes::default().speaking([
        voice(),
        FakeVoice {
            audio: vec![Ok(vec![1]), Err(Error::Deadline)],
            ..voice()
        },
    ]);
    let mut talk = Talk::start(fakes.clone(), request("One. Two.")).unwrap();
    let (audio, error) = run(&mut talk);
    assert_eq!((audio.len(), error), (3, Some(Error::Deadline)));
    assert_eq!(talk.pull(), Err(Error::Deadline));
    assert_eq!(
        fakes.journal.count("tts.open"),
        fakes.journal.count("tts.drop")
    );
}

#[test]
fn an_unknown_voice_is_an_error() {
    let fakes = Fakes::default().speaking([FakeVoice {
        opened: Err(Error::Unsupported("no voice `x`".into())),
        ..voice()
    }]);
    let wished = Request {
        voice: Some("x".into()),
        ..request("One.")
    };
    let mut talk = Talk::start(fakes.clone(), wished).unwrap();
    let unknown = Error::Unsupported("tts: no voice `x`".into());
    assert_eq!(run(&mut talk), (vec![], Some(unknown)));
    assert_eq!(said(&fakes), ["say Some(\"x\") One."]);
}

#[test]
fn a_drop_in_the_middle_cancels() {
    let fakes = Fakes::default();
    let mut talk = Talk::start(fakes.clone(), request("One. Two.")).unwrap();
    talk.pull().unwrap();
    assert!(!fakes.journal.has("tts.drop"));
    drop(talk);
    assert!(fakes.journal.has("tts.drop"));
}

#[test]
fn requests_out_of_range_are_refused() {
    let refused = |request| {
        let talk = Talk::start(Fakes::default(), request);
        assert!(matches!(talk.err(), Some(Error::InvalidInput(_))));
    };
    refused(request(&"x".repeat(MAX_TEXT_CHARS + 1)));
    for rate in [0.4, 2.1, f32::NAN] {
        refused(Request {
            rate,
            ..request("One.")
        });
    }
}

#[test]
fn voices_carry_their_engine() {
    let found = voices(&Fakes::default()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].name.as_str(), found[0].engine.as_str()),
        ("en-a", "fake-tts")
    );
    let broken = Fakes::default().broken("tts", Error::Unavailable("no model".into()));
    assert_eq!(
        voices(&broken),
        Err(Error::Unavailable("tts: no model".into()))
    );
}
