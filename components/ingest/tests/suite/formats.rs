//! Every container and codec, compared with the source and with FFmpeg's decoders.

use std::time::Instant;

use ingest::{Recording, Rejection};

use crate::support::{LIMITS, at_16_khz, decode, peak, refused, snr, speech, sweep, sweeps};

/// How close a decode must come to FFmpeg's, in decibels: 16-bit rounding and, for Opus, fixed-point against floating-point.
const MIN_AGREEMENT: f64 = 55.0;

#[test]
fn every_format_is_named_and_decodes_as_ffmpeg_does() {
    for fixtures in [sweeps(), speech()].into_iter().flatten() {
        for fixture in fixtures {
            let (format, samples) = decode(&fixture.bytes, LIMITS)
                .unwrap_or_else(|fault| panic!("{}: {fault:?}", fixture.name));
            assert_eq!(format, fixture.format, "{}", fixture.name);
            let reference = at_16_khz(format.sample_rate_hz, &fixture.reference);
            let agreement = snr(&reference, &samples, 400);
            println!(
                "{:34} {:7} samples, FFmpeg {:7}: {agreement:5.1} dB",
                fixture.name,
                samples.len(),
                reference.len()
            );
            assert!(
                agreement > MIN_AGREEMENT,
                "{}: {agreement:.1} dB",
                fixture.name
            );
        }
    }
}

#[test]
fn lossless_formats_return_the_sweep() {
    let Some(fixtures) = sweeps() else { return };
    let expected = sweep(16_000, 4.0);
    for fixture in fixtures.iter().filter(|fixture| fixture.lossless) {
        let (_, samples) = decode(&fixture.bytes, LIMITS).unwrap();
        assert!(
            samples.len().abs_diff(expected.len()) <= 1,
            "{}: {} samples",
            fixture.name,
            samples.len()
        );
        // The upper end of the sweep is beyond what 8 kHz can carry.
        let n = if fixture.format.sample_rate_hz == 8_000 {
            expected.len() / 2
        } else {
            expected.len()
        };
        // FFmpeg spreads one channel over two with equal power, so that their mean is 3 dB lower.
        let gain = if fixture.format.n_channels == 2 {
            std::f32::consts::FRAC_1_SQRT_2
        } else {
            1.0
        };
        let expected: Vec<_> = expected[..n].iter().map(|sample| sample * gain).collect();
        let quality = snr(&expected, &samples, 400);
        let floor = if ["u8", "alaw", "mulaw"]
            .iter()
            .any(|coarse| fixture.name.contains(coarse))
        {
            30.0
        } else {
            50.0
        };
        println!("{:34} {quality:5.1} dB", fixture.name);
        assert!(quality > floor, "{}: {quality:.1} dB", fixture.name);
    }
}

#[test]
fn lossy_formats_keep_the_length_and_the_time_of_speech() {
    let Some(fixtures) = speech() else { return };
    let source = fixtures
        .iter()
        .find(|fixture| fixture.name == "wav-s16-16k-mono.wav")
        .unwrap();
    for fixture in fixtures.iter().filter(|fixture| !fixture.lossless) {
        let (_, samples) = decode(&fixture.bytes, LIMITS).unwrap();
        let lag = best_lag(&source.reference, &samples);
        let (extra, quality) = (
            samples.len() as isize - source.reference.len() as isize,
            snr(&source.reference, &samples, 0),
        );
        println!(
            "{:34} lag {lag:4}, {extra:5} samples more, {quality:5.1} dB",
            fixture.name
        );
        // Encoder delay is announced neither in a bare mp3 stream nor in a fragmented file without an edit list, where the
        // 1,024 samples of AAC's priming stay in (FFmpeg keeps them too).
        let most = if fixture.name.contains("bare") {
            2_000
        } else if fixture.name.contains("fragmented") {
            1_024 * 16 / 48 + 3
        } else {
            3
        };
        assert!(lag.abs() <= most, "{}: {lag} samples late", fixture.name);
        assert!(
            extra.abs() <= 1_500,
            "{}: {extra} samples more",
            fixture.name
        );
    }
}

/// By how many samples `actual` is late, from the peak of the correlation.
fn best_lag(expected: &[f32], actual: &[i16]) -> isize {
    let correlation = |lag: isize| -> f64 {
        (20_000..60_000_usize)
            .filter_map(|at| {
                Some(
                    f64::from(*expected.get(at)?)
                        * f64::from(*actual.get(at.checked_add_signed(lag)?)?),
                )
            })
            .sum()
    };
    (-2_000..=2_000)
        .max_by(|a, b| correlation(*a).total_cmp(&correlation(*b)))
        .unwrap()
}

#[test]
fn chunking_of_the_bytes_changes_nothing() {
    let Some(fixtures) = sweeps() else { return };
    for fixture in fixtures {
        let (_, whole) = decode(&fixture.bytes, LIMITS).unwrap();
        let mut recording = Recording::new(LIMITS).unwrap();
        for chunk in fixture.bytes.chunks(977) {
            recording.push(chunk).unwrap();
        }
        recording.finish().unwrap();
        let mut samples = Vec::new();
        while let Some(chunk) = recording.pull().unwrap() {
            samples.extend(chunk);
        }
        assert!(samples == whole, "{}", fixture.name);
    }
}

#[test]
fn the_duration_limit_holds_in_every_format() {
    let Some(fixtures) = sweeps() else { return };
    for fixture in fixtures {
        let limits = ingest::Limits {
            max_duration_ms: 2_000,
            ..LIMITS
        };
        let (rejection, text) = refused(&fixture.bytes, limits);
        assert_eq!(rejection, Rejection::TooLong, "{}", fixture.name);
        assert_eq!(
            text,
            "the recording has more than 2000 ms of audio, the limit"
        );
        let limits = ingest::Limits {
            min_duration_ms: 5_000,
            ..LIMITS
        };
        let (rejection, text) = refused(&fixture.bytes, limits);
        assert_eq!(rejection, Rejection::TooShort, "{}: {text}", fixture.name);
    }
}

#[test]
fn output_is_pulled_with_the_memory_of_a_few_packets() {
    let Some(fixtures) = speech() else { return };
    for fixture in fixtures {
        let mut recording = Recording::new(LIMITS).unwrap();
        recording.push(&fixture.bytes).unwrap();
        let ((), used) = peak(|| {
            recording.finish().unwrap();
            while recording.pull().unwrap().is_some() {}
        });
        assert!(
            used < fixture.bytes.len() + (3 << 20),
            "{}: {used} bytes",
            fixture.name
        );
    }
}

/// Prints how fast each format decodes, as a multiple of real time. Run with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a test"]
fn speed() {
    let Some(fixtures) = speech() else { return };
    for fixture in fixtures {
        let best = (0..5)
            .map(|_| {
                let start = Instant::now();
                let (_, samples) = decode(&fixture.bytes, LIMITS).unwrap();
                samples.len() as f64 / 16_000.0 / start.elapsed().as_secs_f64()
            })
            .fold(0.0, f64::max);
        println!("{:34} {best:6.0} x real time", fixture.name);
    }
}
