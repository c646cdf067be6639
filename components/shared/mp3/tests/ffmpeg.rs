//! Decoded mp3 against FFmpeg: files of every kind, encoded by LAME at test time (`tests/tools/encode_speech.py`), decoded by both.
//!
//! Needs the Python named in `COLLOQUY_PYTHON`; `cargo xtask test` sets it, and without it the test prints so and passes.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may fail in any way it likes"
)]

use std::path::Path;
use std::process::Command;

use colloquy_mp3::{BadMp3, Mp3, Step};

const RATE_HZ: u32 = 48_000;

/// Two seconds that sound a little like speech: a gliding voice with pauses and sharp beginnings, and some hiss.
fn write_source(path: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    let mut noise = 1_u32;
    let mut phase = 0.0;
    for n in 0..2 * RATE_HZ {
        let t = f64::from(n) / f64::from(RATE_HZ);
        phase += (110.0 + 60.0 * (t * 2.5).sin()) / f64::from(RATE_HZ);
        let voice: f64 = (1..12)
            .map(|k| (f64::from(k) * phase * std::f64::consts::TAU).sin() / f64::from(k))
            .sum();
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let hiss = f64::from(noise) / f64::from(u32::MAX) - 0.5;
        let loudness = if (t * 4.0).fract() < 0.7 { 1.0 } else { 0.0 };
        let sample = 9000.0 * loudness * (voice + 0.1 * hiss);
        writer.write_sample(sample as i16).unwrap();
    }
    writer.finalize().unwrap();
}

fn decode(bytes: &[u8], piece: usize) -> Result<(u32, Vec<i16>), BadMp3> {
    let mut mp3 = Mp3::new()?;
    let mut pieces = bytes.chunks(piece);
    let mut feed = |mp3: &mut Mp3| match pieces.next() {
        Some(piece) => mp3.push(piece),
        None => mp3.end(),
    };
    let rate_hz = loop {
        match mp3.rate_hz()? {
            Some(rate_hz) => break rate_hz,
            None => feed(&mut mp3),
        }
    };
    let mut all = Vec::new();
    loop {
        match mp3.pull()? {
            Step::Samples(samples) => all.extend(samples),
            Step::More => feed(&mut mp3),
            Step::End => return Ok((rate_hz, all)),
        }
    }
}

#[test]
fn sound_is_decoded_as_ffmpeg_decodes_it() {
    let Some(python) = std::env::var_os("COLLOQUY_PYTHON") else {
        println!("not run: COLLOQUY_PYTHON is not set; `cargo xtask test` sets it");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.wav");
    write_source(&source);
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/tools/encode_speech.py");
    let mut command = Command::new(python);
    let output = command.arg(script).arg(&source).arg(folder.path()).output();
    let output = output.unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let mut n_files = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "mp3") {
            continue;
        }
        n_files += 1;
        check(&path);
    }
    assert_eq!(n_files, 13);
}

/// One file: as FFmpeg decodes it, in any pieces; an error or silence, but no panic, when it is damaged.
fn check(path: &Path) {
    let name = path.file_stem().unwrap().to_string_lossy();
    let bytes = std::fs::read(path).unwrap();
    let expected: Vec<f64> = std::fs::read(path.with_extension("f32"))
        .unwrap()
        .chunks_exact(4)
        .map(|sample| f64::from(f32::from_le_bytes(sample.try_into().unwrap())) * 32_768.0)
        .collect();
    let (rate_hz, samples) = decode(&bytes, bytes.len()).unwrap();
    let wanted = rate_hz / 1000;
    assert!(name.starts_with(&format!("{wanted}k-")), "{name} {rate_hz}");
    assert_eq!(samples.len(), expected.len(), "{name}");
    let energy: f64 = expected.iter().map(|sample| sample * sample).sum();
    let differences = samples.iter().zip(&expected);
    let differences =
        differences.map(|(ours, theirs)| f64::from(*ours) - theirs.clamp(-32_768.0, 32_767.0));
    let noise: f64 = differences
        .clone()
        .map(|difference| difference * difference)
        .sum();
    let worst = differences.map(f64::abs).fold(0.0, f64::max);
    let snr = 10.0 * (energy / noise).log10();
    println!("{name}: {snr:.1} dB, at most {worst:.2} of 32768");
    // Rounding to 16 bits alone is worst 0.5.
    assert!(snr > 75.0 && worst < 1.5, "{name}: {snr} dB, {worst}");
    for piece in [1, 7, 417, 4096] {
        let again = decode(&bytes, piece).unwrap();
        assert!(again == (rate_hz, samples.clone()), "{name} {piece}");
    }
    let mut state = 1_u32;
    for _ in 0..30 {
        let mut damaged = bytes.clone();
        for _ in 0..4 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = state as usize % damaged.len();
            damaged[at] ^= (state >> 24) as u8 | 1;
        }
        let _any = decode(&damaged, 4096);
    }
}
