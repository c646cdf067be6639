//! Fixtures, measures and a counting allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use colloquy_resample::Resampler;
use ingest::{Fault, Format, Limits, Recording, Rejection};

/// Limits of an ordinary upload.
pub const LIMITS: Limits = Limits {
    max_bytes: 25_000_000,
    min_duration_ms: 100,
    max_duration_ms: 30_000,
    min_sample_rate_hz: 8_000,
    max_sample_rate_hz: 192_000,
    max_channels: 2,
};

/// What decoding a recording gave.
pub type Outcome = Result<(Format, Vec<i16>), (Fault, Option<Rejection>)>;

/// Decodes a whole recording.
pub fn decode(bytes: &[u8], limits: Limits) -> Outcome {
    let mut recording = Recording::new(limits).unwrap();
    let result = run(&mut recording, bytes);
    result.map_err(|fault| (fault, recording.rejection()))
}

fn run(recording: &mut Recording, bytes: &[u8]) -> Result<(Format, Vec<i16>), Fault> {
    recording.push(bytes)?;
    let format = recording.finish()?;
    let mut samples = Vec::new();
    while let Some(chunk) = recording.pull()? {
        assert!(!chunk.is_empty() && chunk.len() <= 16_000);
        samples.extend(chunk);
    }
    assert_eq!(recording.pull()?, None);
    Ok((format, samples))
}

/// The rejection of a recording that must be refused.
pub fn refused(bytes: &[u8], limits: Limits) -> (Rejection, String) {
    match decode(bytes, limits) {
        Err((fault, Some(rejection))) => (rejection, fault.to_string()),
        other => panic!(
            "expected a rejection, got {:?}",
            other.map(|(format, samples)| (format, samples.len()))
        ),
    }
}

/// A wav file with the given fmt fields and bytes of samples.
pub fn wav(tag: u16, n_channels: u16, rate: u32, n_bits: u16, data: &[u8]) -> Vec<u8> {
    let n_frame_bytes = n_channels * n_bits.div_ceil(8);
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0");
    bytes.extend(tag.to_le_bytes());
    bytes.extend(n_channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(n_frame_bytes)).to_le_bytes());
    bytes.extend(n_frame_bytes.to_le_bytes());
    bytes.extend(n_bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// 16-bit samples as a wav file.
pub fn wav16(n_channels: u16, rate: u32, samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    wav(1, n_channels, rate, 16, &data)
}

/// A sweep from 100 Hz to 6 kHz at half of full scale.
pub fn sweep(rate: u32, seconds: f64) -> Vec<f32> {
    let n = (f64::from(rate) * seconds) as usize;
    let (low, high) = (100.0, 6_000.0);
    (0..n)
        .map(|k| {
            let t = k as f64 / f64::from(rate);
            let phase = std::f64::consts::TAU * (low * t + (high - low) * t * t / (2.0 * seconds));
            (0.5 * phase.sin()) as f32
        })
        .collect()
}

/// Samples at 16 kHz.
pub fn at_16_khz(rate: u32, samples: &[f32]) -> Vec<f32> {
    let mut out = Vec::new();
    let mut resampler = Resampler::new(rate, 16_000).unwrap();
    resampler.push(samples, &mut out).unwrap();
    resampler.finish(&mut out).unwrap();
    out
}

/// Signal-to-noise ratio in decibels of `actual` against `expected`, over what both have without `margin` samples at each end.
pub fn snr(expected: &[f32], actual: &[i16], margin: usize) -> f64 {
    let n = expected.len().min(actual.len());
    let (mut signal, mut noise) = (0.0, 1e-12);
    for index in margin..n.saturating_sub(margin) {
        let value = f64::from(expected[index]);
        signal += value * value;
        noise += (value - f64::from(actual[index]) / 32_768.0).powi(2);
    }
    10.0 * (signal / noise).log10()
}

/// A file made by `encode_fixtures.py`, and what must be said about it.
pub struct Fixture {
    pub name: String,
    pub format: Format,
    pub lossless: bool,
    pub bytes: Vec<u8>,
    /// FFmpeg's decode: mean of the channels at the rate of the file.
    pub reference: Vec<f32>,
}

/// A sweep of 4 s in every format, or none when there is no Python to encode it.
pub fn sweeps() -> Option<&'static [Fixture]> {
    static FIXTURES: OnceLock<Option<Vec<Fixture>>> = OnceLock::new();
    FIXTURES
        .get_or_init(|| {
            let source: Vec<i16> = sweep(48_000, 4.0)
                .iter()
                .map(|sample| (sample * 32_768.0).round() as i16)
                .collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("sweep.wav");
            std::fs::write(&path, wav16(1, 48_000, &source)).unwrap();
            encode(&path)
        })
        .as_deref()
}

/// President Kennedy, 11 s, in every format, or none when there is no Python or no recording.
pub fn speech() -> Option<&'static [Fixture]> {
    static FIXTURES: OnceLock<Option<Vec<Fixture>>> = OnceLock::new();
    FIXTURES
        .get_or_init(|| encode(&recording("pywhispercpp/jfk.wav")?))
        .as_deref()
}

/// A file of the fetched recordings, or none when there are none.
pub fn recording(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("COLLOQUY_TEST_DATA") else {
        println!("not run: COLLOQUY_TEST_DATA is not set; `cargo xtask test` sets it");
        return None;
    };
    let path = PathBuf::from(folder).join(name);
    assert!(
        path.is_file(),
        "COLLOQUY_TEST_DATA has no {}",
        path.display()
    );
    Some(path)
}

fn encode(source: &Path) -> Option<Vec<Fixture>> {
    let Some(python) = std::env::var_os("COLLOQUY_PYTHON") else {
        println!("not run: COLLOQUY_PYTHON is not set; `cargo xtask test` sets it");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/encode_fixtures.py");
    let folder = tempfile::tempdir().unwrap();
    let (files, decoded) = (folder.path().join("files"), folder.path().join("decoded"));
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    run(Command::new(&python).arg(&script).arg(source).arg(&files));
    run(Command::new(&python)
        .arg(&script)
        .arg("--decode")
        .arg(&files)
        .arg(&decoded));

    let manifest = std::fs::read(files.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let fixtures = manifest.as_array().unwrap().iter().map(|entry| {
        let text = |key: &str| entry[key].as_str().unwrap().to_owned();
        let name = text("file");
        let reference = std::fs::read(decoded.join(format!("{name}.f32"))).unwrap();
        Fixture {
            format: Format {
                container: text("container").leak(),
                codec: text("codec").leak(),
                sample_rate_hz: entry["sample_rate_hz"]
                    .as_u64()
                    .unwrap()
                    .try_into()
                    .unwrap(),
                n_channels: entry["n_channels"].as_u64().unwrap().try_into().unwrap(),
            },
            lossless: entry["lossless"].as_bool().unwrap(),
            bytes: std::fs::read(files.join(&name)).unwrap(),
            reference: reference
                .chunks_exact(4)
                .map(|field| f32::from_le_bytes(field.try_into().unwrap()))
                .collect(),
            name,
        }
    });
    Some(fixtures.collect())
}

/// Counts the live bytes of each thread and their peak.
struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(n: isize) {
    LIVE.set(LIVE.get() + n);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written without; it only forwards"
)]
// SAFETY: every call is forwarded unchanged to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// The most bytes that `work` had allocated at once on this thread.
pub fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, (PEAK.get() - before) as usize)
}
