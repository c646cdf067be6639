//! `colloquy:ingest`: bytes become mono samples at 16 kHz. WAV with 16-bit PCM is taken for granted, no other format is.

mod calls;

use calls::{Stage, second, usual};

use super::bindings::colloquy::ingest::ingest::{Limits, Rejection};
use super::common::{self, Ingest};
use super::rig::Rig;
use super::signals::{RATE, cut, noise, sine, speech_file, wav};
use super::verdict::{Case, Unmet, Verdict, ensure};
use super::{Check, check};

pub(super) const CHECKS: &[Check] = &[
    check("exports the contract", common::world::<Ingest>),
    check("describes itself", common::described::<Ingest>),
    check(
        "describes itself the same each time",
        common::described_again::<Ingest>,
    ),
    check("tells the format and gives 16 kHz mono", decodes),
    check("gives none after the end, again and again", ends),
    check(
        "keeps pitch and length of other rates and of stereo",
        resamples,
    ),
    check("gives the same for any chunking", any_chunking),
    check(
        "gives the same for any chunking of a recording",
        any_chunking_of_speech,
    ),
    check(
        "refuses limits that contradict each other",
        contradicting_limits,
    ),
    check(
        "refuses samples before the end of the input",
        next_too_early,
    ),
    check("refuses bytes after the end of the input", push_too_late),
    check("refuses an empty recording as too-short", empty),
    check("refuses a short recording as too-short", too_short),
    check("refuses a long recording as too-long", too_long),
    check("refuses many bytes as too-large", too_large),
    check("refuses what is no audio as unsupported-format", no_audio),
    check(
        "refuses a rate outside the limits as unsupported-format",
        rate_outside,
    ),
    check(
        "refuses channels above the limit as unsupported-format",
        channels_outside,
    ),
    check(
        "refuses a damaged file, whatever its header claims",
        damaged,
    ),
    check("repeats a failure", repeats),
    check("works again after failures", reused),
    check("stops when it is dropped half-way", dropped),
    check("keeps two recordings apart", apart),
];

fn decodes(rig: &mut Rig) -> Verdict {
    let (format, samples) = Stage(rig).decode([second()])?;
    let expected = ("wav", "pcm", RATE as u32, 1);
    let got = (
        format.container.as_str(),
        format.codec.as_str(),
        format.sample_rate_hz,
        format.n_channels,
    );
    ensure(got == expected, &format!("the format {expected:?}"), || {
        format!("{got:?}")
    })?;
    is_tone(&samples, 440.0, 1000, "a second of 440 Hz")
}

fn ends(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let decoder = stage.open(usual())?;
    stage.push(decoder, second())?.given("a good recording")?;
    stage.finish(decoder)?.given("a good recording")?;
    stage.rest(decoder)?;
    for _ in 0..3 {
        let after = stage.next(decoder)?.given("a recording that has ended")?;
        ensure(after.is_none(), "none after the last samples", || {
            format!("{} samples", after.map_or(0, |s| s.len()))
        })?;
    }
    stage.0.close(decoder)
}

fn resamples(rig: &mut Rig) -> Verdict {
    for (rate, channels) in [(8_000, 1), (44_100, 2), (48_000, 2)] {
        let file = wav(rate, channels, &sine(rate, channels, 440.0, 1000));
        let (format, samples) = Stage(rig).decode([file])?;
        let (expected, got) = (
            (rate as u32, channels as u16),
            (format.sample_rate_hz, format.n_channels),
        );
        ensure(
            got == expected,
            &format!("rate and channels of the source, {expected:?}"),
            || format!("{got:?}"),
        )?;
        is_tone(
            &samples,
            440.0,
            1000,
            &format!("a second of 440 Hz from {rate} Hz with {channels} channels"),
        )?;
    }
    Ok(())
}

/// Length within 5 %, pitch by its zero crossings within 2 %, level within a factor of two.
fn is_tone(samples: &[i16], hertz: f32, ms: usize, what: &str) -> Verdict {
    let length = samples.len() * 1000 / RATE;
    ensure(
        length.abs_diff(ms) <= ms / 20,
        &format!("{what} has {ms} ms"),
        || format!("{length} ms"),
    )?;
    // Filters and codecs may do as they like at the edges.
    let middle = samples
        .get(samples.len() / 4..samples.len() * 3 / 4)
        .unwrap_or_default();
    let crossings = middle
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if (*a < 0) != (*b < 0)))
        .count();
    let heard = crossings as f32 / 2.0 / (middle.len() as f32 / RATE as f32);
    ensure(
        (heard / hertz - 1.0).abs() < 0.02,
        &format!("{what} sounds at {hertz} Hz"),
        || format!("{heard:.0} Hz"),
    )?;
    let peak = middle
        .iter()
        .map(|sample| sample.unsigned_abs())
        .max()
        .unwrap_or(0);
    ensure(
        (6_000..=24_000).contains(&peak),
        &format!("the peak of {what} is about 12,000"),
        || peak.to_string(),
    )
}

fn any_chunking(rig: &mut Rig) -> Verdict {
    same_for_any_chunking(rig, &wav(44_100, 2, &sine(44_100, 2, 440.0, 1000)))
}

fn any_chunking_of_speech(rig: &mut Rig) -> Verdict {
    let file = speech_file(rig)?;
    same_for_any_chunking(rig, &file)
}

fn same_for_any_chunking(rig: &mut Rig, file: &[u8]) -> Verdict {
    let mut stage = Stage(rig);
    let whole = stage.decode([file.to_vec()])?;
    let parts = stage.decode(cut(file))?;
    // An empty push is a chunking, too.
    let padded = stage.decode([Vec::new(), file.to_vec(), Vec::new()])?;
    for other in [parts, padded] {
        ensure(
            whole.1 == other.1,
            "the same samples for any chunking of the bytes",
            || {
                let differ = whole.1.iter().zip(&other.1).filter(|(a, b)| a != b).count();
                format!(
                    "{} and {} samples, of which {differ} differ",
                    whole.1.len(),
                    other.1.len()
                )
            },
        )?;
        ensure(
            whole.0 == other.0,
            &format!("the same format, {:?}", whole.0),
            || format!("{:?}", other.0),
        )?;
    }
    Ok(())
}

fn contradicting_limits(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let durations = Limits {
        min_duration_ms: 2_000,
        max_duration_ms: 1_000,
        ..usual()
    };
    stage
        .try_open(durations)?
        .refused(Case::InvalidInput, "a least duration above the most")?;
    let rates = Limits {
        min_sample_rate_hz: 48_000,
        max_sample_rate_hz: 8_000,
        ..usual()
    };
    stage
        .try_open(rates)?
        .refused(Case::InvalidInput, "a lowest rate above the highest")
}

fn next_too_early(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let decoder = stage.open(usual())?;
    stage
        .next(decoder)?
        .refused(Case::InvalidInput, "a recording without its end")?;
    stage.0.close(decoder)?;
    let decoder = stage.open(usual())?;
    stage.push(decoder, second())?.given("a good recording")?;
    stage
        .next(decoder)?
        .refused(Case::InvalidInput, "a recording without its end")?;
    stage.0.close(decoder)
}

fn push_too_late(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let decoder = stage.open(usual())?;
    stage.push(decoder, second())?.given("a good recording")?;
    stage.finish(decoder)?.given("a good recording")?;
    stage
        .push(decoder, second())?
        .refused(Case::InvalidInput, "bytes after `finish`")?;
    stage.0.close(decoder)
}

fn refuses(
    rig: &mut Rig,
    limits: Limits,
    bytes: Vec<u8>,
    why: (Case, Rejection),
    what: &str,
) -> Verdict {
    let mut stage = Stage(rig);
    let decoder = stage.rejected(limits, bytes, why, what)?;
    stage.0.close(decoder)
}

fn empty(rig: &mut Rig) -> Verdict {
    refuses(
        rig,
        usual(),
        Vec::new(),
        (Case::InvalidInput, Rejection::TooShort),
        "no bytes at all",
    )
}

fn too_short(rig: &mut Rig) -> Verdict {
    let file = wav(RATE, 1, &sine(RATE, 1, 440.0, 50));
    refuses(
        rig,
        usual(),
        file,
        (Case::InvalidInput, Rejection::TooShort),
        "50 ms where 100 are the least",
    )
}

fn too_long(rig: &mut Rig) -> Verdict {
    let limits = Limits {
        max_duration_ms: 500,
        ..usual()
    };
    refuses(
        rig,
        limits,
        second(),
        (Case::InvalidInput, Rejection::TooLong),
        "1 s where 500 ms are the most",
    )
}

fn too_large(rig: &mut Rig) -> Verdict {
    let why = (Case::InvalidInput, Rejection::TooLarge);
    let limits = Limits {
        max_bytes: 1_000,
        ..usual()
    };
    refuses(
        rig,
        limits,
        second(),
        why,
        "32 kB where 1,000 bytes are the most",
    )?;
    // As a sender that never stops, against the usual limit.
    let mut stage = Stage(rig);
    let decoder = stage.open(usual())?;
    stage.push(decoder, second())?.given("a good start")?;
    for _ in 0..32 {
        let pushed = stage.push(decoder, vec![0; 1 << 20])?;
        if pushed.result.is_err() {
            pushed.refused(why.0, "32 MiB where 25 are the most")?;
            let rejection = stage.rejection(decoder)?;
            ensure(rejection == Some(why.1), "the rejection too-large", || {
                format!("{rejection:?}")
            })?;
            return stage.0.close(decoder);
        }
    }
    Err(Unmet::failed(
        "32 MiB are refused where 25 are the most",
        "all of it was taken",
    ))
}

fn no_audio(rig: &mut Rig) -> Verdict {
    let why = (Case::Unsupported, Rejection::UnsupportedFormat);
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(200);
    refuses(rig, usual(), text.into_bytes(), why, "a text")?;
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 4096]].concat();
    refuses(rig, usual(), png, why, "a picture")
}

fn rate_outside(rig: &mut Rig) -> Verdict {
    let limits = Limits {
        max_sample_rate_hz: 24_000,
        ..usual()
    };
    let file = wav(48_000, 1, &sine(48_000, 1, 440.0, 1000));
    refuses(
        rig,
        limits,
        file,
        (Case::Unsupported, Rejection::UnsupportedFormat),
        "48 kHz where 24 are the most",
    )
}

fn channels_outside(rig: &mut Rig) -> Verdict {
    let limits = Limits {
        max_channels: 1,
        ..usual()
    };
    let file = wav(RATE, 2, &sine(RATE, 2, 440.0, 1000));
    refuses(
        rig,
        limits,
        file,
        (Case::Unsupported, Rejection::UnsupportedFormat),
        "stereo where mono is the most",
    )
}

fn damaged(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let good = second();
    let cut_header = good.iter().take(30).copied().collect::<Vec<_>>();
    let noise: Vec<u8> = noise(8192, i16::MAX)
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let after_magic = [good.get(..12).unwrap_or_default(), &noise].concat();
    for (file, what) in [
        (cut_header, "half a header"),
        (after_magic, "noise after the magic number"),
    ] {
        let decoder = stage.open(usual())?;
        let pushed = stage.push(decoder, file)?;
        // Which of the two it is depends on what can still be made out.
        if pushed.given_or_refused(what)?.is_some() {
            let finished = stage.finish(decoder)?.given_or_refused(what)?;
            ensure(finished.is_none(), &format!("{what} is refused"), || {
                "it was taken".into()
            })?;
        }
        stage.0.close(decoder)?;
    }
    // Four gigabytes by the header, a second by the bytes: an error or that second, but no trap and no endless stream.
    let mut lying = good;
    lying.splice(40..44, [0xf0, 0xff, 0xff, 0xff]);
    let decoder = stage.open(usual())?;
    let taken = stage
        .push(decoder, lying)?
        .given_or_refused("a header that lies")?
        .is_some();
    if taken
        && stage
            .finish(decoder)?
            .given_or_refused("a header that lies")?
            .is_some()
    {
        let mut n = 0;
        while let Some(Some(chunk)) = stage
            .next(decoder)?
            .given_or_refused("a header that lies")?
        {
            n += chunk.len();
            ensure(n <= RATE * 61, "no more samples than there are", || {
                format!("{n} and more")
            })?;
        }
    }
    stage.0.close(decoder)
}

fn repeats(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let why = (Case::Unsupported, Rejection::UnsupportedFormat);
    let text = "no audio ".repeat(1000).into_bytes();
    let decoder = stage.rejected(usual(), text.clone(), why, "a text")?;
    stage
        .push(decoder, text)?
        .refused(why.0, "a recording that has failed")?;
    stage
        .finish(decoder)?
        .refused(why.0, "a recording that has failed")?;
    stage
        .next(decoder)?
        .refused(why.0, "a recording that has failed")?;
    let rejection = stage.rejection(decoder)?;
    ensure(rejection == Some(why.1), "the same rejection again", || {
        format!("{rejection:?}")
    })?;
    stage.0.close(decoder)
}

fn reused(rig: &mut Rig) -> Verdict {
    rig.fresh();
    let before = Stage(rig).decode([second()])?;
    no_audio(rig)?;
    too_long(rig)?;
    let after = Stage(rig).decode([second()])?;
    ensure(
        before == after,
        "the same samples before and after failures",
        || format!("{} and {} samples", before.1.len(), after.1.len()),
    )
}

fn dropped(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let before = stage.decode([second()])?;
    let file = wav(RATE, 1, &sine(RATE, 1, 440.0, 20_000));
    for depth in 0..4 {
        let decoder = stage.open(usual())?;
        if depth > 0 {
            stage
                .push(decoder, file.clone())?
                .given("a good recording")?;
        }
        if depth > 1 {
            stage.finish(decoder)?.given("a good recording")?;
        }
        if depth > 2 {
            stage.next(decoder)?.given("a good recording")?;
        }
        stage.0.close(decoder)?;
    }
    let after = stage.decode([second()])?;
    ensure(
        before == after,
        "the same samples after others were dropped",
        || format!("{} and {} samples", before.1.len(), after.1.len()),
    )
}

fn apart(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let alone = stage.decode([second()])?;
    let (one, two) = (stage.open(usual())?, stage.open(usual())?);
    let other = wav(48_000, 2, &sine(48_000, 2, 900.0, 700));
    for (mine, others) in cut(&second()).zip(cut(&other).chain(std::iter::repeat(Vec::new()))) {
        stage.push(one, mine)?.given("a good recording")?;
        stage.push(two, others)?.given("a good recording")?;
    }
    stage.finish(two)?.given_or_refused("half a recording")?;
    let format = stage.finish(one)?.given("a good recording")?;
    let samples = stage.rest(one)?;
    ensure(
        alone == (format, samples),
        "a recording is not disturbed by another",
        || "other samples".into(),
    )?;
    stage.0.close(two)?;
    stage.0.close(one)
}
