//! What the tests share: the golden files, the model and the recordings.

use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

use serde::{Deserialize, de::DeserializeOwned};
use vad_silero::{
    detector::Detector, live::Event, model::Silero, options::Options, segments::Segment,
};

/// Options as the golden files write them: threshold, neg-threshold, min-speech-ms, min-silence-ms, speech-pad-ms, max-speech-ms.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct GoldenOptions(f32, Option<f32>, u32, u32, u32, Option<u32>);

impl From<GoldenOptions> for Options {
    fn from(golden: GoldenOptions) -> Self {
        Self {
            threshold: golden.0,
            neg_threshold: golden.1,
            min_speech_ms: golden.2,
            min_silence_ms: golden.3,
            speech_pad_ms: golden.4,
            max_speech_ms: golden.5,
        }
    }
}

/// A golden file of this crate, written by `tests/tools/golden_vad.py`.
pub(crate) fn golden<T: DeserializeOwned>(name: &str) -> T {
    let path = root().join("tests/golden/vad").join(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The model, once `cargo xtask models` has fetched it. Tests that need it say so and stop where it is not there, except under
/// `cargo xtask test`, which fetches it: then they fail.
pub(crate) fn model() -> Option<Rc<Silero>> {
    let folder = root().join("models/silero-vad");
    match Silero::open(&folder) {
        Ok(model) => Some(Rc::new(model)),
        Err(error) if std::env::var_os("COLLOQUY_TEST_DATA").is_none() => {
            println!("not run: {error}; `cargo xtask models` fetches it");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The folder of recordings, which `cargo xtask test` fetches and names in `COLLOQUY_TEST_DATA`.
pub(crate) fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("COLLOQUY_TEST_DATA");
    if folder.is_none() {
        println!("not run: COLLOQUY_TEST_DATA is not set; `cargo xtask test` sets it");
    }
    folder.map(PathBuf::from)
}

/// A mono WAV file of 8 or 16 bits at 16 kHz: of a multiple of that rate every n-th sample is taken, as the reference does; any
/// other rate is interpolated, which is good enough for what is no speech.
pub(crate) fn read_wav(path: &Path) -> Vec<i16> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let u32_at = |at: usize| usize::from(u16_at(at)) + (usize::from(u16_at(at + 2)) << 16);
    assert_eq!(
        (&bytes[..4], &bytes[8..12]),
        (&b"RIFF"[..], &b"WAVE"[..]),
        "{}",
        path.display()
    );
    let (mut at, mut rate, mut bits) = (12, 0, 0);
    let data = loop {
        let (body, length) = (at + 8, u32_at(at + 4));
        match &bytes[at..at + 4] {
            b"fmt " => {
                assert_eq!(u16_at(body + 2), 1, "mono");
                (rate, bits) = (u32_at(body + 4), u16_at(body + 14));
            }
            b"data" => break &bytes[body..bytes.len().min(body + length)],
            _ => {}
        }
        at = body + length + length % 2;
    };
    let samples: Vec<i16> = match bits {
        8 => data
            .iter()
            .map(|&byte| (i16::from(byte) - 128) * 256)
            .collect(),
        16 => data
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect(),
        _ => panic!("{}: {bits} bits", path.display()),
    };
    if rate % 16_000 == 0 {
        return samples.into_iter().step_by(rate / 16_000).collect();
    }
    let at = |index: usize| f64::from(samples[index.min(samples.len() - 1)]);
    (0..samples.len() * 16_000 / rate)
        .map(|index| {
            let place = index as f64 * rate as f64 / 16_000.0;
            let (before, part) = (place as usize, place.fract());
            (at(before) * (1.0 - part) + at(before + 1) * part) as i16
        })
        .collect()
}

/// All that a stream has to say.
#[derive(Debug, PartialEq)]
pub(crate) struct Heard {
    pub(crate) probabilities: Vec<f32>,
    pub(crate) events: Vec<Event>,
    pub(crate) segments: Vec<Segment>,
}

/// Runs one stream, pushing as many samples at once as `chunk` says each time.
pub(crate) fn hear(
    model: &Rc<Silero>,
    options: Options,
    samples: &[i16],
    mut chunk: impl FnMut() -> usize,
) -> Heard {
    let mut detector = Detector::new(model.clone(), options.try_into().unwrap());
    let mut events = Vec::new();
    let mut rest = samples;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(chunk().min(rest.len()));
        events.extend(detector.push(now).unwrap());
        rest = later;
    }
    let segments = detector.finish().unwrap().to_vec();
    Heard {
        probabilities: detector.take_probabilities(),
        events,
        segments,
    }
}

/// A small generator of pseudo-random numbers (xorshift64*), so that a failing case can be repeated.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
