//! What a stream promises besides its numbers: its end, its limits, its independence.

use vad_silero::{
    FRAME,
    detector::{Detector, DetectorError, MAX_PUSH},
    options::{Options, Rules},
};

use crate::common;

fn rules() -> Rules {
    Options::default().try_into().unwrap()
}

#[test]
fn an_empty_stream_has_nothing() {
    let Some(model) = common::model() else { return };
    let mut detector = Detector::new(model, rules());
    assert!(detector.push(&[]).unwrap().is_empty());
    assert!(detector.finish().unwrap().is_empty());
    assert!(detector.take_probabilities().is_empty());
}

#[test]
fn after_the_end_there_is_only_the_result() {
    let Some(model) = common::model() else { return };
    let mut detector = Detector::new(model, rules());
    detector.push(&[100; 700]).unwrap();
    assert_eq!(detector.take_probabilities().len(), 1);
    let first = detector.finish().unwrap().to_vec();
    assert_eq!(
        detector.take_probabilities().len(),
        1,
        "the frame that was filled up"
    );
    assert!(matches!(detector.push(&[0]), Err(DetectorError::Finished)));
    assert_eq!(detector.finish().unwrap(), first);
    assert!(detector.take_probabilities().is_empty());
}

#[test]
fn a_push_that_is_too_long_is_refused_and_changes_nothing() {
    let Some(model) = common::model() else { return };
    let mut detector = Detector::new(model, rules());
    let error = detector.push(&vec![0; MAX_PUSH + 1]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "9600001 samples in one push, at most 9600000 are possible"
    );
    detector.finish().unwrap();
    assert!(detector.take_probabilities().is_empty());
}

#[test]
fn streams_of_one_model_do_not_hear_each_other() {
    let Some(model) = common::model() else { return };
    let mut dice = common::Dice(5);
    let noise: Vec<i16> = (0..32 * FRAME).map(|_| dice.below(20_000) as i16).collect();
    let alone = common::hear(&model, Options::default(), &noise, || 4 * FRAME);

    let (mut one, mut other) = (
        Detector::new(model.clone(), rules()),
        Detector::new(model, rules()),
    );
    for part in noise.chunks(4 * FRAME) {
        one.push(part).unwrap();
        other.push(&vec![0; 4 * FRAME]).unwrap();
    }
    assert_eq!(one.take_probabilities(), alone.probabilities);
    assert_ne!(other.take_probabilities(), alone.probabilities);
}
