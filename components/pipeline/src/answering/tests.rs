//! How answers go: their order, what they tell, and where they end.

use super::*;
use crate::{
    contract::{Strategy, respond::Report},
    fakes::{Fakes, Voice, voice},
};

mod asking;
mod failing;
mod voices;

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
