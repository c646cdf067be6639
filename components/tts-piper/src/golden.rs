//! Comparison with the original voice in onnxruntime and the original letter-to-sound network (tests/tools/golden_tts.py wrote the golden files).
//!
//! They need the converted voice (`cargo xtask models`); without it they say so and pass, unless COLLOQUY_TEST_DATA says that everything is there.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, LazyLock},
};

use serde::Deserialize;

use crate::{
    phonemes::Letters,
    speech::{Sound, Synthesizer},
};

/// Largest difference from the original, of samples between -1 and 1.
const TOLERANCE: f32 = 1e-3;

#[derive(Deserialize)]
struct Golden {
    voice: String,
    stride: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    symbols: String,
    rate: f32,
    ids: Vec<i64>,
    durations: Vec<usize>,
    samples: usize,
    rms: f64,
    every: Vec<f32>,
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn golden<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let path = repository().join("tests/golden/tts").join(name);
    serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()
}

/// The voice, loaded once for all tests.
pub(crate) fn synthesizer() -> Option<Arc<Synthesizer>> {
    static LOADED: LazyLock<Option<Arc<Synthesizer>>> = LazyLock::new(|| {
        let folder = repository().join("models/piper-en_US-joe-medium");
        match Synthesizer::open(&folder) {
            Ok(synthesizer) => Some(Arc::new(synthesizer)),
            Err(error) if std::env::var_os("COLLOQUY_TEST_DATA").is_none() => {
                println!("not run: {error} (`cargo xtask models` makes it)");
                None
            }
            Err(error) => panic!("{error}"),
        }
    });
    LOADED.clone()
}

#[test]
fn sounds_like_the_original() {
    let Some(synthesizer) = synthesizer() else {
        return;
    };
    let golden: Golden = golden("voice.json");
    assert_eq!(synthesizer.description().name, golden.voice);
    for case in golden.cases {
        let voice = synthesizer.voice();
        assert_eq!(
            voice.description().ids(&case.symbols),
            case.ids,
            "{}",
            case.symbols
        );
        let mut sound = Sound::new(voice, &case.ids, case.rate, 0).unwrap();
        assert_eq!(
            sound.encoded().durations(),
            case.durations,
            "{}",
            case.symbols
        );
        let mut audio = Vec::new();
        while let Some(chunk) = sound.next(voice).unwrap() {
            audio.extend(chunk);
        }
        assert_eq!(audio.len(), case.samples, "{}", case.symbols);
        let worst = audio
            .iter()
            .step_by(golden.stride)
            .zip(&case.every)
            .map(|(ours, theirs)| (ours - theirs).abs())
            .fold(0.0, f32::max);
        println!(
            "{}: {} samples, largest difference {worst:.1e}",
            case.symbols,
            audio.len()
        );
        assert!(worst < TOLERANCE, "{}: {worst}", case.symbols);
        let rms = (audio.iter().map(|v| f64::from(v * v)).sum::<f64>() / audio.len() as f64).sqrt();
        assert!(
            (rms - case.rms).abs() < 1e-4,
            "{}: {rms} instead of {}",
            case.symbols,
            case.rms
        );
    }
}

#[test]
fn unknown_words_sound_like_the_original_network_says() {
    let path = repository().join("models/piper-en_US-joe-medium/letters.bin");
    let bytes = match std::fs::read(&path) {
        Err(error) if std::env::var_os("COLLOQUY_TEST_DATA").is_none() => {
            return println!("not run: {}: {error}", path.display());
        }
        bytes => bytes.unwrap(),
    };
    let letters = Letters::from_bytes(&bytes).unwrap();
    for (word, ids) in golden::<HashMap<String, Vec<usize>>>("letters.json") {
        assert_eq!(letters.ids(&word), ids, "{word}");
    }
}

fn speak(synthesizer: &Arc<Synthesizer>, text: &str, rate: f32) -> Vec<Vec<i16>> {
    let mut speech = synthesizer.speak(text, None, rate).unwrap();
    let mut chunks = Vec::new();
    while let Some(chunk) = speech.next().unwrap() {
        assert!(!chunk.is_empty());
        chunks.push(chunk);
    }
    assert!(speech.next().unwrap().is_none(), "nothing after the end");
    chunks
}

#[test]
fn speech_is_lazy_reproducible_and_follows_the_rate() {
    let Some(synthesizer) = synthesizer() else {
        return;
    };
    let text = "She was born in 1906. Then she joined the Navy!";
    let chunks = speak(&synthesizer, text, 1.0);
    assert!(chunks.len() > 4, "{} chunks", chunks.len());
    let rate = synthesizer.description().sample_rate_hz as usize;
    assert!(chunks[0].len() < rate / 2, "the first chunk is short");
    let length = |chunks: &[Vec<i16>]| chunks.iter().map(Vec::len).sum::<usize>();
    assert_eq!(chunks, speak(&synthesizer, text, 1.0));
    let (normal, fast, slow) = (
        length(&chunks),
        length(&speak(&synthesizer, text, 2.0)),
        length(&speak(&synthesizer, text, 0.5)),
    );
    assert!(
        fast * 14 < normal * 10 && normal * 16 < slow * 10,
        "{fast} {normal} {slow}"
    );
    assert!((2 * rate..8 * rate).contains(&normal), "{normal} samples");
    let peak = chunks
        .iter()
        .flatten()
        .map(|s| s.unsigned_abs())
        .max()
        .unwrap();
    assert!((6_000..32_767).contains(&peak), "peak {peak}");
}

#[test]
fn the_smallest_utterances_are_spoken() {
    let Some(synthesizer) = synthesizer() else {
        return;
    };
    for text in ["I.", "No.", "5", "A"] {
        assert!(
            speak(&synthesizer, text, 2.0)
                .iter()
                .map(Vec::len)
                .sum::<usize>()
                > 4_000,
            "{text}"
        );
    }
}

#[test]
fn the_limits_of_the_contract_hold() {
    let Some(synthesizer) = synthesizer() else {
        return;
    };
    for nothing in ["", "   ", "...", "🎉 🎉", "**", "你好"] {
        assert!(speak(&synthesizer, nothing, 1.0).is_empty(), "{nothing:?}");
    }
    let refused = |text: &str, voice, rate| {
        synthesizer
            .speak(text, voice, rate)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&"é".repeat(2001), None, 1.0).contains("2001"));
    assert!(synthesizer.speak(&"é".repeat(2000), None, 1.0).is_ok());
    for rate in [0.49, 2.01, f32::NAN, f32::INFINITY, -1.0] {
        assert!(refused("hi", None, rate).contains("rate"));
    }
    assert!(refused("hi", Some("amy"), 1.0).contains("amy"));
    assert!(synthesizer.speak("hi", Some("joe"), 1.0).is_ok());
    assert!(
        synthesizer
            .speak("hi", Some("en_US-joe-medium"), 1.0)
            .is_ok()
    );
}
