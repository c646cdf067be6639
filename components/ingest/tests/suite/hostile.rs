//! Damaged and hostile recordings: nothing panics, loops or takes memory beyond its input; what is refused is refused with a reason.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use ingest::{Limits, Rejection};

use crate::support::{Fixture, LIMITS, Outcome, decode, peak, refused, sweeps, wav16};

/// Memory that decoding may take beyond a small multiple of the input: tables of the codecs, filters, a second of output.
const SPARE: usize = 48 << 20;

/// A small generator (xorshift64*), so that every run mutates alike.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 11) as usize % n.max(1)
    }

    /// A byte that is likely to hurt.
    fn byte(&mut self) -> u8 {
        match self.below(4) {
            0 => 0,
            1 => 0xff,
            _ => self.next() as u8,
        }
    }
}

/// Short limits, so that thousands of decodes stay quick.
const SHORT: Limits = Limits {
    max_duration_ms: 5_000,
    max_channels: 8,
    ..LIMITS
};

/// Decodes, and fails the test on a panic, on too much memory, on taking too long and on a defect reported as such.
fn survives(name: &str, bytes: &[u8]) -> Outcome {
    let start = Instant::now();
    let (result, used) = peak(|| catch_unwind(AssertUnwindSafe(|| decode(bytes, SHORT))));
    let outcome =
        result.unwrap_or_else(|_| panic!("{name}: panicked; the file is {}", keep(name, bytes)));
    assert!(
        used < 4 * bytes.len() + SPARE,
        "{name}: {used} bytes for {}; the file is {}",
        bytes.len(),
        keep(name, bytes)
    );
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{name}: took {:?}; the file is {}",
        start.elapsed(),
        keep(name, bytes)
    );
    match &outcome {
        Ok((_, samples)) => assert!(
            (1_600..=80_001).contains(&samples.len()),
            "{name}: {} samples",
            samples.len()
        ),
        Err((fault, rejection)) => assert!(
            rejection.is_some(),
            "{name}: {fault:?}; the file is {}",
            keep(name, bytes)
        ),
    }
    outcome
}

/// Writes a file that broke something next to the test's other output.
fn keep(name: &str, bytes: &[u8]) -> String {
    let path = std::env::temp_dir().join(format!(
        "ingest-hostile-{}",
        name.replace(['/', ' ', ','], "-")
    ));
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

/// How often each file is mutated; `INGEST_ROUNDS` sets more for a longer search.
fn rounds() -> u64 {
    std::env::var("INGEST_ROUNDS").map_or(40, |rounds| rounds.parse().unwrap())
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    // Headers decide most, so half of all mutations hit the first kilobyte.
    let place = |random: &mut Random, n: usize| {
        let span = if random.below(2) == 0 {
            n.min(1_024)
        } else {
            n
        };
        random.below(span)
    };
    for _ in 0..=random.below(8) {
        let n = bytes.len();
        if n < 16 {
            return;
        }
        let at = place(random, n);
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.byte(),
            2 => {
                for offset in 0..random.below(16) {
                    if let Some(byte) = bytes.get_mut(at + offset) {
                        *byte = random.byte();
                    }
                }
            }
            3 => {
                let end = (at + random.below(64)).min(n);
                bytes.drain(at..end);
            }
            4 => {
                let part: Vec<u8> = bytes[at..(at + random.below(200)).min(n)].to_vec();
                let to = place(random, n);
                bytes.splice(to..to, part);
            }
            _ => bytes.truncate(at.max(64)),
        }
    }
}

#[test]
fn mutations_of_real_files_are_survived() {
    let Some(fixtures) = sweeps() else { return };
    let (mut n, mut n_decoded) = (0, 0);
    for (index, fixture) in fixtures.iter().enumerate() {
        for round in 0..rounds() {
            let mut random = Random((index as u64 + 1) << 32 | (round + 1));
            let mut bytes = fixture.bytes.clone();
            mutate(&mut random, &mut bytes);
            n += 1;
            n_decoded += u64::from(survives(&format!("{round} {}", fixture.name), &bytes).is_ok());
        }
    }
    println!("{n} mutations, {n_decoded} of them still decoded");
}

#[test]
fn random_bytes_behind_a_valid_beginning_are_survived() {
    let beginnings: Vec<(String, Vec<u8>)> = match sweeps() {
        Some(fixtures) => {
            let heads = fixtures.iter().flat_map(|fixture| {
                [12, 64, 300]
                    .map(|n| (format!("{n} {}", fixture.name), fixture.bytes[..n].to_vec()))
            });
            heads.collect()
        }
        None => [
            b"RIFF\0\0\0\0WAVE".as_slice(),
            b"fLaC",
            b"OggS",
            b"\x1a\x45\xdf\xa3",
            b"\0\0\0\x20ftypM4A ",
            b"\xff\xfb\x90\x64",
            b"ID3\x04\0\0\0\0\0\0",
        ]
        .map(|head| (format!("{head:?}"), head.to_vec()))
        .into(),
    };
    let mut random = Random(7);
    for (name, head) in beginnings {
        for round in 0..rounds() / 4 {
            let n = random.below(20_000);
            let bytes: Vec<u8> = head
                .iter()
                .copied()
                .chain((0..n).map(|_| random.next() as u8))
                .collect();
            let _ = survives(&format!("random {round} {name}"), &bytes);
        }
    }
}

/// Every truncation of the headers and many of the rest: what comes out is a beginning of the whole, or a refusal.
#[test]
fn truncations_return_a_beginning_or_are_refused() {
    let Some(fixtures) = sweeps() else { return };
    for fixture in fixtures {
        let (_, whole) = decode(&fixture.bytes, LIMITS).unwrap();
        let n = fixture.bytes.len();
        let (mut n_kept, mut n_cuts) = (0, 0);
        for cut in (0..n.min(600))
            .step_by(7)
            .chain((600..n).step_by(n / 60 + 1))
        {
            n_cuts += 1;
            match survives(
                &format!("cut {cut} {}", fixture.name),
                &fixture.bytes[..cut],
            ) {
                Ok((_, samples)) => {
                    n_kept += 1;
                    assert_beginning(fixture, cut, &samples, &whole);
                }
                Err((_, rejection)) => assert_ne!(
                    rejection,
                    Some(Rejection::TooLong),
                    "{} cut at {cut}",
                    fixture.name
                ),
            }
        }
        println!(
            "{:34} {n_kept} of {n_cuts} truncations returned audio",
            fixture.name
        );
    }
}

fn assert_beginning(fixture: &Fixture, cut: usize, samples: &[i16], whole: &[i16]) {
    // The resampler and the codec's overlap blur the end.
    let n = samples.len().saturating_sub(2_000).min(whole.len());
    let differ = samples[..n]
        .iter()
        .zip(whole)
        .position(|(a, b)| a.abs_diff(*b) > 2);
    assert_eq!(
        differ,
        None,
        "{} cut at {cut}: {} samples",
        fixture.name,
        samples.len()
    );
    assert!(
        samples.len() <= whole.len() + 2_000,
        "{} cut at {cut}: {} samples",
        fixture.name,
        samples.len()
    );
}

#[test]
fn every_truncation_of_a_short_wav_is_exact() {
    let samples: Vec<i16> = (0..2_000).map(|k| (k * 13 % 9_001) as i16).collect();
    let file = wav16(1, 16_000, &samples);
    for cut in 0..file.len() {
        match survives(&format!("wav cut {cut}"), &file[..cut]) {
            Ok((_, decoded)) => assert!(decoded == samples[..(cut - 44) / 2], "cut at {cut}"),
            Err(_) => assert!(cut < 44 + 2 * 1_600, "cut at {cut}"),
        }
    }
}

/// A cut tail is forgiven, a hole in the middle is not, in the formats that can tell.
#[test]
fn a_hole_in_the_middle_is_malformed() {
    let Some(fixtures) = sweeps() else { return };
    for fixture in fixtures {
        let verified =
            ["flac", "opus"].contains(&fixture.format.codec) && fixture.format.container != "webm";
        if !verified {
            continue;
        }
        let mut bytes = fixture.bytes.clone();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 40].fill(0x55);
        let (rejection, text) = refused(&bytes, LIMITS);
        assert_eq!(rejection, Rejection::Malformed, "{}: {text}", fixture.name);
    }
}

/// An hour of silence in a few kilobytes stops at the limit, in little memory.
#[test]
fn a_decompression_bomb_stops_at_the_limit() {
    let bomb = flac_bomb(40_000);
    let (outcome, used) = peak(|| decode(&bomb, LIMITS));
    let (fault, rejection) = outcome.unwrap_err();
    assert_eq!(rejection, Some(Rejection::TooLong), "{fault}");
    assert!(
        used < bomb.len() * 2 + (8 << 20),
        "{used} bytes for a file of {}",
        bomb.len()
    );
    println!(
        "{} bytes would be {} s; stopped with {used} bytes",
        bomb.len(),
        40_000 * 16 / 10
    );
}

/// FLAC with `n` frames, each of which claims 1.6 s of a constant in about 14 bytes.
fn flac_bomb(n: u32) -> Vec<u8> {
    const N_BLOCK: u16 = 25_600;
    let mut file = b"fLaC\x80\0\0\x22".to_vec();
    file.extend(N_BLOCK.to_be_bytes());
    file.extend(N_BLOCK.to_be_bytes());
    // Frame sizes unknown, then 20 bits of rate, 3 of channels - 1, 5 of bits - 1, 36 of length (unknown), and no checksum.
    file.extend([0; 6]);
    file.extend((16_000_u64 << 44 | 15 << 36).to_be_bytes());
    file.extend([0; 16]);
    for index in 0..n {
        let mut frame = vec![0xff, 0xf8, 0x75, 0x08];
        frame.extend(utf8(index));
        frame.extend((N_BLOCK - 1).to_be_bytes());
        frame.push(crc8(&frame));
        // A constant subframe, value zero.
        frame.extend([0, 0, 0]);
        frame.extend(crc16(&frame).to_be_bytes());
        file.extend(frame);
    }
    file
}

fn utf8(value: u32) -> Vec<u8> {
    match value {
        0..0x80 => vec![value as u8],
        0x80..0x800 => vec![0xc0 | (value >> 6) as u8, 0x80 | (value & 0x3f) as u8],
        _ => vec![
            0xe0 | (value >> 12) as u8,
            0x80 | (value >> 6 & 0x3f) as u8,
            0x80 | (value & 0x3f) as u8,
        ],
    }
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ byte, |sum: u8, _| {
            if sum & 0x80 != 0 {
                sum << 1 ^ 0x07
            } else {
                sum << 1
            }
        })
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum: u16, _| {
            if sum & 0x8000 != 0 {
                sum << 1 ^ 0x8005
            } else {
                sum << 1
            }
        })
    })
}
