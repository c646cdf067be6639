//! Recordings to probabilities and segments, against the reference model in onnxruntime and the reference algorithm.

use serde::Deserialize;
use vad_silero::{FRAME, detector::MAX_PUSH, options::Options};

use crate::common;

#[derive(Deserialize)]
struct Golden {
    options: Vec<common::GoldenOptions>,
    recordings: Vec<Recording>,
}

#[derive(Deserialize)]
struct Recording {
    file: String,
    samples: usize,
    /// Rounded to six digits.
    probabilities: Vec<f32>,
    /// For each of the options.
    segments: Vec<Vec<(u64, u64)>>,
}

/// The difference that another order of summation and the rounding of the golden file may make. Measured: 2e-6.
const TOLERANCE: f32 = 1e-5;

#[test]
fn probabilities_and_segments_are_those_of_the_reference() {
    let (Some(folder), Some(model)) = (common::recordings(), common::model()) else {
        return;
    };
    let golden: Golden = common::golden("recordings.json");
    let mut largest = 0.0_f32;
    for recording in &golden.recordings {
        let samples = common::read_wav(&folder.join(&recording.file));
        assert_eq!(samples.len(), recording.samples, "{}", recording.file);
        for (&options, expected) in golden.options.iter().zip(&recording.segments) {
            let heard = common::hear(&model, options.into(), &samples, || MAX_PUSH);
            assert_eq!(
                heard.probabilities.len(),
                recording.probabilities.len(),
                "{}",
                recording.file
            );
            for (&ours, &theirs) in heard.probabilities.iter().zip(&recording.probabilities) {
                largest = largest.max((ours - theirs).abs());
            }
            let segments: Vec<_> = heard.segments.iter().map(|s| (s.start, s.end)).collect();
            assert_eq!(&segments, expected, "{} {options:?}", recording.file);
        }
    }
    println!("largest difference of a probability: {largest:e}");
    assert!(largest < TOLERANCE, "{largest}");
}

#[test]
fn any_chunking_gives_the_same_result() {
    let Some(model) = common::model() else { return };
    // Speech where it is there, else noise that grows and fades: the property does not depend on what is said.
    let mut dice = common::Dice(11);
    let samples = match common::recordings() {
        Some(folder) => common::read_wav(&folder.join("pywhispercpp/jfk.wav")),
        None => (0..80_000)
            .map(|at| (dice.below(20_000) as f32 * (at as f32 / 5000.0).sin()) as i16)
            .collect(),
    };
    let options = Options {
        max_speech_ms: Some(2500),
        ..Options::default()
    };
    let whole = common::hear(&model, options, &samples, || MAX_PUSH);
    assert_eq!(whole.probabilities.len(), samples.len().div_ceil(FRAME));

    let fixed = [160, 511, 512, 513, 576, 1600, 16_000, 16_384, 16_385].map(|size| vec![size]);
    let random = (0..8).map(|_| (0..50).map(|_| dice.below(2500)).collect());
    for sizes in fixed.into_iter().chain(random) {
        let mut next = sizes.iter().cycle().copied();
        let parts = common::hear(&model, options, &samples, || next.next().unwrap());
        let largest = parts
            .probabilities
            .iter()
            .zip(&whole.probabilities)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(largest < TOLERANCE, "{largest} with {sizes:?}");
        assert_eq!(parts.probabilities.len(), whole.probabilities.len());
        assert_eq!(parts.events, whole.events, "{sizes:?}");
        assert_eq!(parts.segments, whole.segments, "{sizes:?}");
    }
}

#[test]
fn what_is_no_speech_gives_none() {
    let Some(model) = common::model() else { return };
    let mut dice = common::Dice(3);
    let seconds = |at: usize| at as f32 / 16_000.0;
    let tone = |at: usize, hertz: f32| (seconds(at) * hertz * std::f32::consts::TAU).sin();
    // A chord of three plucked notes that changes twice a second.
    let music = |at: usize| {
        let root = [220.0, 246.9, 196.0, 164.8][at / 8000 % 4];
        let decay = (-6.0 * seconds(at % 8000)).exp();
        ([1.0, 1.26, 1.5, 2.0]
            .iter()
            .map(|ratio| tone(at, root * ratio))
            .sum::<f32>()
            * decay
            * 6000.0) as i16
    };
    let ten_seconds = 0..160_000;
    let mut sounds: Vec<(&str, Vec<i16>)> = vec![
        ("silence", vec![0; 160_000]),
        (
            "noise",
            ten_seconds
                .clone()
                .map(|_| dice.below(8000) as i16 - 4000)
                .collect(),
        ),
        (
            "faint noise",
            ten_seconds
                .clone()
                .map(|_| dice.below(40) as i16 - 20)
                .collect(),
        ),
        (
            "clipped noise",
            ten_seconds
                .clone()
                .map(|_| [i16::MIN, i16::MAX][dice.below(2)])
                .collect(),
        ),
        (
            "hum",
            ten_seconds
                .clone()
                .map(|at| ((tone(at, 50.0) + tone(at, 150.0)) * 6000.0) as i16)
                .collect(),
        ),
        ("chords", ten_seconds.map(music).collect()),
    ];
    if let Some(folder) = common::recordings() {
        for file in [
            "moonshine/success.wav",
            "moonshine/error.wav",
            "music/house_lo.wav",
        ] {
            sounds.push((file, common::read_wav(&folder.join(file))));
        }
    }
    for (name, samples) in sounds {
        let heard = common::hear(&model, Options::default(), &samples, || MAX_PUSH);
        let highest = heard.probabilities.iter().copied().fold(0.0, f32::max);
        assert!(
            heard.segments.is_empty() && heard.events.is_empty(),
            "{name}: {:?}, {highest}",
            heard.segments
        );
        println!("{name}: highest probability {highest}");
    }
}
