//! Wav files made by hand: sample formats, headers that lie, limits, order of calls.

use ingest::{Fault, Limits, Recording, Rejection};

use crate::support::{LIMITS, decode, refused, wav, wav16};

fn ramp(n: usize) -> Vec<i16> {
    (0..n)
        .map(|k| ((k * 37) % 20_000) as i16 - 10_000)
        .collect()
}

#[test]
fn mono_at_16_khz_is_returned_bit_for_bit() {
    let samples: Vec<i16> = ramp(40_000)
        .into_iter()
        .chain([i16::MIN, i16::MAX, 0])
        .collect();
    let (format, decoded) = decode(&wav16(1, 16_000, &samples), LIMITS).unwrap();
    assert_eq!(
        (
            format.container,
            format.codec,
            format.sample_rate_hz,
            format.n_channels
        ),
        ("wav", "pcm", 16_000, 1)
    );
    assert!(decoded == samples);
}

#[test]
fn every_sample_format_means_the_same() {
    let samples = ramp(8_000);
    let bytes = |make: &dyn Fn(i16) -> Vec<u8>| {
        samples
            .iter()
            .flat_map(|sample| make(*sample))
            .collect::<Vec<u8>>()
    };
    let float = |sample: i16| f64::from(sample) / 32_768.0;
    let cases = [
        (
            "24 bits",
            wav(
                1,
                1,
                16_000,
                24,
                &bytes(&|s| (i32::from(s) << 8).to_le_bytes()[..3].to_vec()),
            ),
        ),
        (
            "32 bits",
            wav(
                1,
                1,
                16_000,
                32,
                &bytes(&|s| (i32::from(s) << 16).to_le_bytes().to_vec()),
            ),
        ),
        (
            "32-bit float",
            wav(
                3,
                1,
                16_000,
                32,
                &bytes(&|s| (float(s) as f32).to_le_bytes().to_vec()),
            ),
        ),
        (
            "64-bit float",
            wav(
                3,
                1,
                16_000,
                64,
                &bytes(&|s| float(s).to_le_bytes().to_vec()),
            ),
        ),
    ];
    for (name, file) in cases {
        assert!(decode(&file, LIMITS).unwrap().1 == samples, "{name}");
    }
    let eight = wav(
        1,
        1,
        16_000,
        8,
        &bytes(&|s| vec![(s >> 8).wrapping_add(128) as u8]),
    );
    let decoded = decode(&eight, LIMITS).unwrap().1;
    assert!(decoded.iter().zip(&samples).all(|(a, b)| *a == b >> 8 << 8));
}

#[test]
fn extensible_headers_are_read() {
    let samples = ramp(8_000);
    let plain = wav16(1, 16_000, &samples);
    let mut file = plain[..16].to_vec();
    file.extend(40_u32.to_le_bytes());
    file.extend(0xfffe_u16.to_le_bytes());
    file.extend(&plain[22..36]);
    file.extend(b"\x16\0\x10\0\x04\0\0\0\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
    file.extend(&plain[36..]);
    assert!(decode(&file, LIMITS).unwrap().1 == samples);
    // Another sub-format.
    file[44] = 2;
    assert_eq!(refused(&file, LIMITS).0, Rejection::UnsupportedFormat);
}

#[test]
fn channels_are_averaged_and_limited() {
    let stereo: Vec<i16> = (0..16_000).flat_map(|_| [1_000, 3_000]).collect();
    let (format, decoded) = decode(&wav16(2, 16_000, &stereo), LIMITS).unwrap();
    assert_eq!(format.n_channels, 2);
    assert!(decoded.iter().all(|sample| *sample == 2_000));

    let surround: Vec<i16> = (0..16_000)
        .flat_map(|_| [600, -600, 1_200, 0, 0, 0])
        .collect();
    let file = wav16(6, 16_000, &surround);
    let (rejection, text) = refused(&file, LIMITS);
    assert_eq!(
        (rejection, text.as_str()),
        (
            Rejection::UnsupportedFormat,
            "6 channels are more than the limit of 2"
        )
    );
    let (format, decoded) = decode(
        &file,
        Limits {
            max_channels: 6,
            ..LIMITS
        },
    )
    .unwrap();
    assert_eq!(format.n_channels, 6);
    assert!(decoded.iter().all(|sample| *sample == 200));
}

#[test]
fn what_is_too_loud_is_clipped_and_nonsense_is_silence() {
    let values = [2.0, -2.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.5];
    let data: Vec<u8> = (0..12_000)
        .flat_map(|k| values[k % 6].to_le_bytes())
        .collect();
    let (_, decoded) = decode(&wav(3, 1, 16_000, 32, &data), LIMITS).unwrap();
    assert_eq!(decoded[..6], [32_767, -32_768, 0, 32_767, -32_768, 16_384]);
}

#[test]
fn rates_outside_the_limits_are_named() {
    let samples = ramp(8_000);
    let (rejection, text) = refused(&wav16(1, 4_000, &samples), LIMITS);
    assert_eq!(
        (rejection, text.as_str()),
        (
            Rejection::UnsupportedFormat,
            "sample rate 4000 Hz is below the limit of 8000 Hz"
        )
    );
    assert_eq!(
        refused(&wav16(1, 4_000_000_000, &samples), LIMITS).0,
        Rejection::UnsupportedFormat
    );
    assert_eq!(
        refused(&wav16(1, 0, &samples), LIMITS).0,
        Rejection::UnsupportedFormat
    );
    let any = Limits {
        min_sample_rate_hz: 0,
        max_sample_rate_hz: u32::MAX,
        ..LIMITS
    };
    assert_eq!(
        refused(&wav16(1, u32::MAX, &samples), any).0,
        Rejection::UnsupportedFormat
    );
    assert_eq!(
        refused(&wav16(1, 1, &samples), any).0,
        Rejection::UnsupportedFormat
    );
}

#[test]
fn sizes_in_headers_are_claims() {
    let samples = ramp(20_000);
    let file = wav16(1, 16_000, &samples);
    for placeholder in [0_u32, u32::MAX, 0x7fff_f000] {
        let mut streamed = file.clone();
        streamed[4..8].copy_from_slice(&placeholder.to_le_bytes());
        streamed[40..44].copy_from_slice(&placeholder.to_le_bytes());
        assert!(
            decode(&streamed, LIMITS).unwrap().1 == samples,
            "{placeholder}"
        );
    }
    // Cut in the middle of a sample: everything before is there.
    assert!(decode(&file[..file.len() - 10_001], LIMITS).unwrap().1 == samples[..14_999]);
    // Too little is left.
    let (rejection, text) = refused(&file[..44 + 800], LIMITS);
    assert_eq!(rejection, Rejection::Malformed);
    assert!(
        text.contains("claims 40000 bytes and has 800") && text.contains("25 ms"),
        "{text}"
    );
    // A trailing chunk is not audio.
    let mut tagged = file.clone();
    tagged.extend(b"LIST\x04\0\0\0INFO");
    assert!(decode(&tagged, LIMITS).unwrap().1 == samples);
}

#[test]
fn the_duration_limits_are_exact() {
    for rate in [16_000, 44_100, 48_000] {
        let n = rate as usize / 10;
        assert!(decode(&wav16(1, rate, &ramp(n)), LIMITS).is_ok());
        let (rejection, text) = refused(&wav16(1, rate, &ramp(n - 1)), LIMITS);
        assert_eq!(
            (rejection, text.as_str()),
            (
                Rejection::TooShort,
                "the recording has 99 ms of audio, less than the limit of 100 ms"
            )
        );
        let limits = Limits {
            max_duration_ms: 100,
            ..LIMITS
        };
        assert!(decode(&wav16(1, rate, &ramp(n)), limits).is_ok());
        assert_eq!(
            refused(&wav16(1, rate, &ramp(n + 1)), limits).0,
            Rejection::TooLong
        );
    }
    assert_eq!(
        refused(&wav16(1, 16_000, &[]), LIMITS).0,
        Rejection::TooShort
    );
    let none = Limits {
        min_duration_ms: 0,
        ..LIMITS
    };
    assert_eq!(refused(&wav16(1, 16_000, &[]), none).0, Rejection::TooShort);
}

#[test]
fn too_many_bytes_are_refused_while_they_arrive() {
    let mut recording = Recording::new(Limits {
        max_bytes: 1_000,
        ..LIMITS
    })
    .unwrap();
    let file = wav16(1, 16_000, &ramp(2_000));
    recording.push(&file[..1_000]).unwrap();
    assert_eq!(recording.rejection(), None);
    let fault = recording.push(&file[1_000..1_001]).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the recording has more than 1000 bytes, the limit"
    );
    assert_eq!(recording.rejection(), Some(Rejection::TooLarge));
    // Every later call repeats it.
    assert_eq!(recording.push(b"").unwrap_err(), fault);
    assert_eq!(recording.finish().unwrap_err(), fault);
    assert_eq!(recording.pull().unwrap_err(), fault);
}

#[test]
fn a_foreign_format_is_refused_with_its_first_bytes() {
    let mut recording = Recording::new(LIMITS).unwrap();
    recording.push(b"%PDF").unwrap();
    let fault = recording.push(b"-1.7 and more").unwrap_err();
    assert_eq!(
        fault.to_string(),
        "this is a PDF document; expected wav, mp3, flac, ogg, mp4 or webm"
    );
    assert_eq!(recording.rejection(), Some(Rejection::UnsupportedFormat));
    assert_eq!(refused(b"", LIMITS).0, Rejection::TooShort);
    assert_eq!(refused(b"hello", LIMITS).0, Rejection::UnsupportedFormat);
}

#[test]
fn calls_out_of_order_change_nothing() {
    let mut recording = Recording::new(LIMITS).unwrap();
    let samples = ramp(4_000);
    recording.push(&wav16(1, 16_000, &samples)).unwrap();
    assert!(matches!(recording.pull(), Err(Fault::Contract(_))));
    recording.finish().unwrap_or_else(|fault| panic!("{fault}"));
    assert!(matches!(recording.push(b"more"), Err(Fault::Contract(_))));
    assert!(matches!(recording.finish(), Err(Fault::Contract(_))));
    assert_eq!(recording.rejection(), None);
    assert_eq!(recording.pull().unwrap(), Some(samples));
    assert_eq!(recording.pull().unwrap(), None);
}

#[test]
fn contradicting_limits_are_refused() {
    let limits = Limits {
        min_duration_ms: 2,
        max_duration_ms: 1,
        ..LIMITS
    };
    assert!(matches!(Recording::new(limits), Err(Fault::Contract(_))));
}

#[test]
fn odd_headers_are_named() {
    let samples = ramp(8_000);
    let file = wav16(1, 16_000, &samples);
    let patched = |at: usize, bytes: &[u8]| {
        let mut file = file.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        refused(&file, LIMITS)
    };
    assert_eq!(patched(22, b"\0\0").0, Rejection::Malformed);
    assert_eq!(patched(34, b"\x18\0").0, Rejection::Malformed);
    assert!(patched(20, b"\x02\0").1.contains("ADPCM"));
    assert!(patched(20, b"\x55\0").1.contains("MPEG audio"));
    assert_eq!(patched(12, b"junk").0, Rejection::Malformed);
    assert_eq!(patched(36, b"junk").0, Rejection::Malformed);
}
