//! Recordings of anybody: no panic, no more samples than the limit allows, the same result however the bytes arrive, and a refusal stays.
#![no_main]

use ingest::{Fault, Format, Limits, Recording};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    max_bytes: 1 << 20,
    min_duration_ms: 10,
    max_duration_ms: 2_000,
    min_sample_rate_hz: 8_000,
    max_sample_rate_hz: 192_000,
    max_channels: 8,
};

/// Samples at 16 kHz in the longest recording, and a chunk that may have begun before its end was known.
const MOST: usize = 2_000 * 16 + ingest::recording::N_CHUNK;

fuzz_target!(|bytes: &[u8]| {
    let whole = decode([bytes]);
    let cut = bytes.len() / 3;
    assert_eq!(
        decode([&bytes[..cut], &bytes[cut..]]),
        whole,
        "cut at {cut}"
    );
});

type Decoded = Result<(Format, Vec<i16>), Fault>;

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Decoded {
    let mut recording = Recording::new(LIMITS).expect("the limits are sound");
    let decoded = decode_with(&mut recording, pieces);
    if let Err(fault) = &decoded {
        assert_eq!(recording.push(&[0]).as_ref(), Err(fault), "a refusal stays");
        assert_eq!(recording.pull().as_ref(), Err(fault), "a refusal stays");
    }
    decoded
}

fn decode_with<'a>(
    recording: &mut Recording,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Decoded {
    for piece in pieces {
        recording.push(piece)?;
    }
    let format = recording.finish()?;
    let mut samples = Vec::new();
    while let Some(chunk) = recording.pull()? {
        assert!(!chunk.is_empty() && chunk.len() <= ingest::recording::N_CHUNK);
        samples.extend(chunk);
        assert!(samples.len() <= MOST, "the limit of the duration holds");
    }
    Ok((format, samples))
}
