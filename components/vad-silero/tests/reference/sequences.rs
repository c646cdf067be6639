//! Probabilities to segments and events, against the reference functions of the silero-vad package. Needs no model.

use serde::Deserialize;
use vad_silero::{
    FRAME,
    live::{Event, Live},
    options::{Options, Rules},
    segments::Segmenter,
};

use crate::common;

#[derive(Deserialize)]
struct Golden {
    steps: f32,
    alphabet: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    options: common::GoldenOptions,
    /// One character per frame, see `alphabet`.
    probabilities: String,
    samples: u64,
    segments: Vec<(u64, u64)>,
    /// Starts and stops by turns; not there where the reference's iterator lacks an option.
    events: Option<Vec<u64>>,
}

fn frames(golden: &Golden, case: &Case) -> Vec<(u64, f32)> {
    let level = |letter| golden.alphabet.find(letter).unwrap() as f32;
    let probabilities = case
        .probabilities
        .chars()
        .map(|letter| level(letter) / golden.steps);
    (0..).step_by(FRAME).zip(probabilities).collect()
}

#[test]
fn segments_are_those_of_the_reference() {
    let golden: Golden = common::golden("sequences.json");
    assert!(golden.cases.len() >= 200);
    for (number, case) in golden.cases.iter().enumerate() {
        let options = Options::from(case.options);
        let mut segmenter = Segmenter::new(options.try_into().unwrap());
        for (at, probability) in frames(&golden, case) {
            segmenter.observe(at, probability);
        }
        let segments: Vec<_> = segmenter
            .finish(case.samples)
            .iter()
            .map(|s| (s.start, s.end))
            .collect();
        assert_eq!(segments, case.segments, "case {number}, {options:?}");
    }
}

#[test]
fn events_are_those_of_the_reference() {
    let golden: Golden = common::golden("sequences.json");
    let mut compared = 0;
    for (number, case) in golden.cases.iter().enumerate() {
        let Some(expected) = &case.events else {
            continue;
        };
        let options = Options::from(case.options);
        let mut live = Live::new(options.try_into().unwrap());
        let events: Vec<_> = frames(&golden, case)
            .into_iter()
            .filter_map(|(at, p)| live.observe(at, p))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .enumerate()
            .map(|(turn, &at)| {
                if turn % 2 == 0 {
                    Event::Started(at)
                } else {
                    Event::Stopped(at)
                }
            })
            .collect();
        assert_eq!(events, expected, "case {number}, {options:?}");
        compared += 1;
    }
    assert!(compared >= 100);
}

/// Without a limit, a minimum and padding, segments are the events, the last one ended by the end of the stream.
#[test]
fn bare_segments_are_the_events() {
    let golden: Golden = common::golden("sequences.json");
    for case in &golden.cases {
        let options = Options {
            min_speech_ms: 0,
            speech_pad_ms: 0,
            max_speech_ms: None,
            ..case.options.into()
        };
        let rules = Rules::try_from(options).unwrap();
        let (mut live, mut segmenter) = (Live::new(rules), Segmenter::new(rules));
        let mut edges = Vec::new();
        for (at, probability) in frames(&golden, case) {
            segmenter.observe(at, probability);
            match live.observe(at, probability) {
                Some(Event::Started(at) | Event::Stopped(at)) => edges.push(at),
                None => {}
            }
        }
        if edges.len() % 2 == 1 {
            edges.push(case.samples);
        }
        let segments = segmenter.finish(case.samples);
        assert_eq!(
            segments
                .iter()
                .flat_map(|s| [s.start, s.end])
                .collect::<Vec<_>>(),
            edges,
            "{options:?}"
        );
    }
}

/// Whatever the input: in order, without overlap, within the stream.
#[test]
fn segments_keep_their_promises() {
    let mut dice = common::Dice(7);
    for round in 0..2000 {
        let options = Options {
            threshold: [0.01, 0.3, 0.5, 1.0][dice.below(4)],
            neg_threshold: [None, Some(0.0), Some(0.01)][dice.below(3)],
            min_speech_ms: dice.below(400) as u32,
            min_silence_ms: dice.below(400) as u32,
            speech_pad_ms: dice.below(400) as u32,
            max_speech_ms: [None, Some(900 + dice.below(2000) as u32)][dice.below(2)],
        };
        let count = dice.below(200);
        let total = ((count * FRAME).saturating_sub(dice.below(FRAME))) as u64;
        let mut segmenter = Segmenter::new(options.try_into().unwrap());
        for frame in 0..count {
            let odd = [f32::NAN, 0.0, 1.0, dice.below(1000) as f32 / 999.0][dice.below(4)];
            segmenter.observe((frame * FRAME) as u64, odd);
        }
        let segments = segmenter.finish(total);
        let edges: Vec<_> = segments.iter().flat_map(|s| [s.start, s.end]).collect();
        assert!(
            edges.is_sorted() && segments.iter().all(|s| s.start < s.end),
            "round {round}: {edges:?}"
        );
        assert!(
            edges.last().is_none_or(|&end| end <= total),
            "round {round}: {edges:?} beyond {total}"
        );
    }
}
