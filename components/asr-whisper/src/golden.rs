//! The whole crate on recordings of people, against the reference implementation and against what is said.
//!
//! The golden tokens are those of faster-whisper with f32 weights (`tests/tools/golden_asr.py`). In the fully padded mode ours must be
//! the same, token for token. The mode used in production encodes less; it may not make more mistakes.

mod speed;
mod strategies;

use std::ops::Range;
use std::rc::Rc;

use crate::SAMPLE_RATE;
use crate::decode::{Attempt, Primed, Prompt, generate, most_probable, prime};
use crate::error::Error;
use crate::language;
use crate::model::{Cross, FULL_FRAMES, Whisper};
use crate::testing::{self, Golden, GoldenTokens, word_errors};
use crate::transcription::{Options, Segment, Transcription};

/// What faster-whisper fills up features with. The component uses the level of silence, as openai/whisper does.
const REFERENCE_FILL: f32 = 0.0;
/// The opening of "A Tale of Two Cities" as it is read in `two_cities.wav`.
const TWO_CITIES: &str = "it was the best of times it was the worst of times it was the age of wisdom it was the age of foolishness \
    it was the epoch of belief it was the epoch of incredulity it was the season of light it was the season of darkness \
    it was the spring of hope it was the winter of despair we had everything before us we had nothing before us \
    we were all going direct to heaven we were all going direct the other way in short the period was so far like the present period \
    that some of its noisiest authorities insisted on its being received for good or for evil in the superlative degree of \
    comparison only";

fn model() -> Option<Rc<Whisper>> {
    Some(Rc::new(Whisper::load(&testing::model_folder()?).unwrap()))
}

fn transcribe(model: &Rc<Whisper>, recording: Vec<i16>, options: &Options) -> Vec<Segment> {
    let mut work = Transcription::new(Rc::clone(model), recording, &[], options).unwrap();
    let segments: Vec<_> = std::iter::from_fn(|| work.next_segment().unwrap()).collect();
    assert_eq!(work.next_segment(), Ok(None), "after the end comes nothing");
    segments
}

fn text(segments: &[Segment]) -> String {
    segments
        .iter()
        .map(|segment| segment.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The whole window as the reference encodes it.
fn encoded(model: &Whisper, file: &str) -> Cross {
    let features = model.features(&testing::recording(file).unwrap());
    model
        .encode(&features.resized(FULL_FRAMES, REFERENCE_FILL))
        .unwrap()
}

/// The decoder where the reference starts.
fn primed(model: &Whisper, cross: &Cross, timestamps: bool, expected: &GoldenTokens) -> Primed {
    let description = &model.description;
    let english = language::chosen(&description.tokens, Some("en"))
        .unwrap()
        .unwrap();
    let prompt = Prompt::new(
        &description.tokens,
        description.sizes.text_positions,
        &[],
        english.token,
        timestamps,
    );
    assert_eq!(prompt.tokens(), expected.prompt);
    prime(model, cross, &prompt).unwrap()
}

fn check(file: &str, attempt: &Attempt, primed: &Primed, expected: &GoldenTokens) {
    assert_eq!(
        attempt.tokens,
        expected.tokens,
        "{file}, {} tokens before: {:?}",
        expected.prompt.len(),
        expected.text
    );
    let (mean, no_speech) = (attempt.mean_logprob(), primed.no_speech);
    assert!(
        (mean - expected.avg_logprob).abs() < 2e-3,
        "{file}: mean {mean}, {}",
        expected.avg_logprob
    );
    assert!(
        (no_speech - expected.no_speech_prob).abs() < 2e-3,
        "{file}: {no_speech}, {}",
        expected.no_speech_prob
    );
}

fn check_greedy(model: &Whisper, golden: &Golden) {
    let cross = encoded(model, &golden.file);
    let limit = model.description.sizes.text_positions / 2;
    for (timestamps, expected) in [(true, &golden.timestamps), (false, &golden.plain)] {
        let primed = primed(model, &cross, timestamps, expected);
        let attempt = generate(model, &cross, &primed, 0.0, limit).unwrap();
        check(&golden.file, &attempt, &primed, expected);
    }
}

#[test]
fn greedy_tokens_are_those_of_the_reference() {
    let (Some(model), Some(golden)) = (model(), testing::golden_tokens()) else {
        return;
    };
    golden
        .iter()
        .for_each(|golden| check_greedy(&model, golden));
}

#[test]
fn a_multilingual_model_gives_the_tokens_and_languages_of_the_reference() {
    let Some(folder) = testing::multilingual_folder() else {
        return;
    };
    let model = Rc::new(Whisper::load(&folder).unwrap());
    let golden = testing::golden_multilingual();
    // Every third recording: the model is twice as large and the decoder the same.
    for golden in golden.iter().step_by(3) {
        check_greedy(&model, golden);
        let expected = golden.language.as_ref().unwrap();
        let tokens = model
            .description
            .tokens
            .languages
            .iter()
            .map(|(_, token)| *token);
        let (_, probability) = most_probable(&model, &encoded(&model, &golden.file), tokens)
            .unwrap()
            .unwrap();
        assert!(
            (probability - expected.probability).abs() < 2e-3,
            "{}: {probability}, {}",
            golden.file,
            expected.probability
        );
        let heard = transcribe(
            &model,
            testing::pcm(&golden.file).unwrap(),
            &Options::default(),
        );
        assert!(
            heard.iter().all(|segment| segment.language == expected.tag),
            "{heard:?}"
        );
    }
}

#[test]
fn encoding_only_the_audio_costs_no_accuracy() {
    let (Some(model), Some(golden)) = (model(), testing::golden_tokens()) else {
        return;
    };
    let (mut ours, mut reference, mut words) = (0, 0, 0);
    for Golden {
        file,
        transcript,
        timestamps,
        ..
    } in &golden
    {
        let segments = transcribe(&model, testing::pcm(file).unwrap(), &Options::default());
        let heard = text(&segments);
        let (errors, length) = word_errors(transcript, &heard);
        println!("{errors}/{length} {file}: {heard}");
        ours += errors;
        words += length;
        reference += word_errors(transcript, &timestamps.text).0;
        for segment in &segments {
            assert!(
                (0.2..=1.0).contains(&segment.confidence()),
                "{file}: confidence {}",
                segment.confidence()
            );
            assert!(
                segment.no_speech < 0.6
                    && segment.language == "en"
                    && segment.start_ms < segment.end_ms,
                "{segment:?}"
            );
        }
    }
    println!("ours {ours}, reference {reference}, of {words} words");
    assert!(
        ours <= reference + 2,
        "{ours} wrong words of {words}, the reference has {reference}"
    );
}

#[test]
fn recordings_longer_than_a_window_lose_nothing() {
    let Some(model) = model() else { return };
    let recording = testing::pcm("moonshine/two_cities.wav").unwrap();
    let milliseconds = (recording.len() / 16) as u32;
    assert!(milliseconds > 40_000);
    let segments = transcribe(&model, recording, &Options::default());
    let (errors, words) = word_errors(TWO_CITIES, &text(&segments));
    assert!(
        errors * 20 <= words,
        "{errors} wrong words of {words}: {}",
        text(&segments)
    );
    assert!(
        segments.iter().is_sorted_by(|a, b| a.end_ms <= b.start_ms),
        "segments overlap"
    );
    assert!(segments.last().unwrap().end_ms <= milliseconds);
}

#[test]
fn only_the_spans_are_heard_and_times_are_those_of_the_recording() {
    let Some(model) = model() else { return };
    let jfk = testing::pcm("pywhispercpp/jfk.wav").unwrap();
    let total = jfk.len() as u64;
    // The sentence, a minute of something else, and the sentence again.
    let mut recording = jfk.clone();
    recording.extend((0..60 * SAMPLE_RATE).map(|i| if i % 100 < 50 { 9000 } else { -9000 }));
    let again = recording.len() as u64;
    recording.extend(jfk);
    let spans = [0..total, again..again + total];
    let mut work = Transcription::new(model, recording, &spans, &Options::default()).unwrap();
    let segments: Vec<_> = std::iter::from_fn(|| work.next_segment().unwrap()).collect();
    let sentence = "and so my fellow americans ask not what your country can do for you ask what you can do for your country ";
    assert!(
        word_errors(&sentence.repeat(2), &text(&segments)).0 <= 2,
        "{}",
        text(&segments)
    );
    let inside = |ms: u32| {
        spans
            .iter()
            .any(|span| (span.start..=span.end).contains(&(u64::from(ms) * 16)))
    };
    assert!(
        segments
            .iter()
            .all(|segment| inside(segment.start_ms) && inside(segment.end_ms)),
        "{segments:#?}"
    );
    assert!(segments.iter().any(|segment| segment.start_ms > 70_000));
}

/// Five to thirty seconds of things that are not speech.
fn sounds() -> [(&'static str, Vec<i16>); 9] {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as f32 / 32_768.0 - 1.0
    };
    let seconds = |seconds: usize, f: &mut dyn FnMut(f32) -> f32| -> Vec<i16> {
        (0..seconds * SAMPLE_RATE)
            .map(|i| (f(i as f32 / SAMPLE_RATE as f32) * 32_767.0) as i16)
            .collect()
    };
    let tone = |t: f32, hertz: f32| (t * hertz * std::f32::consts::TAU).sin();
    // Half a second for each note of a tune, with overtones and a decay, as a plucked string has them.
    let tune = [262.0, 330.0, 392.0, 523.0, 440.0, 349.0, 294.0, 392.0];
    let mut pluck = |t: f32| {
        let hertz = tune[(t * 2.0) as usize % tune.len()];
        (1..6)
            .map(|k| tone(t, hertz * k as f32) / k as f32)
            .sum::<f32>()
            * (-(t % 0.5) * 4.0).exp()
            * 0.25
    };
    [
        ("silence", vec![0; 5 * SAMPLE_RATE]),
        ("a moment", vec![0; 100]),
        ("quiet noise", seconds(5, &mut |_| noise() * 0.003)),
        ("loud noise", seconds(5, &mut |_| noise() * 0.3)),
        (
            "hum",
            seconds(5, &mut |t| tone(t, 50.0) * 0.2 + tone(t, 150.0) * 0.05),
        ),
        ("a tune", seconds(8, &mut pluck)),
        ("a long tune", seconds(33, &mut pluck)),
        ("chime", testing::pcm("moonshine/success.wav").unwrap()),
        ("alarm", testing::pcm("moonshine/error.wav").unwrap()),
    ]
}

#[test]
fn sounds_without_speech_give_no_text() {
    let Some(model) = model() else { return };
    for (name, sound) in sounds() {
        assert_eq!(transcribe(&model, sound, &Options::default()), [], "{name}");
    }
}

#[test]
fn sounds_without_speech_give_no_text_in_any_language() {
    let Some(folder) = testing::multilingual_folder() else {
        return;
    };
    let model = Rc::new(Whisper::load(&folder).unwrap());
    for (name, sound) in sounds() {
        assert_eq!(transcribe(&model, sound, &Options::default()), [], "{name}");
    }
}

#[test]
fn a_prompt_teaches_spellings() {
    let Some(model) = model() else { return };
    let file = "pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0870.wav";
    let spelled = |prompt: Option<&str>| {
        let options = Options {
            prompt: prompt.map(str::to_owned),
            ..Options::default()
        };
        text(&transcribe(&model, testing::pcm(file).unwrap(), &options))
    };
    assert!(spelled(None).contains("John Dashwood"));
    let taught = spelled(Some(
        "Jon Dashwoode was the elder son. Everybody knew Jon Dashwoode.",
    ));
    assert!(taught.contains("Jon Dashwoode"), "{taught}");
}

#[test]
fn limits_and_options_are_checked_before_any_work() {
    let Some(model) = model() else { return };
    let start = |options: Options| {
        Transcription::new(Rc::clone(&model), vec![0; 1600], &[], &options).err()
    };
    let invalid = |error: Option<Error>| matches!(error, Some(Error::InvalidInput(_)));
    for temperature in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
        assert!(invalid(start(Options {
            temperature,
            ..Options::default()
        })));
    }
    assert!(invalid(start(Options {
        max_tokens: Some(0),
        ..Options::default()
    })));
    assert!(invalid(start(Options {
        prompt: Some("x".repeat(5000)),
        ..Options::default()
    })));
    assert!(matches!(
        start(Options {
            language: Some("de".into()),
            ..Options::default()
        }),
        Some(Error::Unsupported(_))
    ));
    assert!(invalid(
        Transcription::new(
            Rc::clone(&model),
            vec![0; 100],
            &[Range { start: 50, end: 40 }],
            &Options::default()
        )
        .err()
    ));
    let limited = Options {
        max_tokens: Some(5),
        ..Options::default()
    };
    let segments = transcribe(
        &model,
        testing::pcm("pywhispercpp/jfk.wav").unwrap(),
        &limited,
    );
    assert_eq!(
        segments
            .iter()
            .map(|segment| segment.tokens.len())
            .sum::<usize>(),
        4,
        "{segments:?}"
    );
}

#[test]
fn a_missing_or_damaged_model_is_unavailable() {
    let Some(good) = testing::model_folder() else {
        return;
    };
    let unavailable = |folder: &std::path::Path, name: &str| match Whisper::load(folder).err() {
        Some(Error::Unavailable(why)) => assert!(why.contains(name), "{why}"),
        other => panic!("{other:?}"),
    };
    unavailable(&good.join("nowhere"), "model.json");
    let folder = std::env::temp_dir().join(format!("asr-whisper-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(good.join("model.json"), folder.join("model.json")).unwrap();
    unavailable(&folder, "encoder.onnx");
    std::fs::write(folder.join("encoder.onnx"), b"not a graph").unwrap();
    unavailable(&folder, "encoder.onnx");
    std::fs::copy(good.join("decoder.onnx"), folder.join("encoder.onnx")).unwrap();
    unavailable(&folder, "encoder.onnx");
    std::fs::remove_dir_all(&folder).unwrap();
}
