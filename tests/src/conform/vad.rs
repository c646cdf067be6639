//! `colloquy:vad`: samples become speech segments, with events on the way. Nothing is presumed about the model.

use wasmtime::component::ResourceAny;

use super::bindings::colloquy::vad::vad::{Error, Event, Options, Segment};
use super::common::{self, Contract, Vad, is_share};
use super::rig::Rig;
use super::signals::{RATE, bursts, cut, noise, speech};
use super::verdict::{Asked, Case, Unmet, Verdict, ensure};
use super::{Check, check};

/// Samples of a frame.
const FRAME: usize = 512;
/// Samples that one push may bring: ten minutes.
const MOST: usize = 600 * RATE;
/// How much a probability may differ by the order in which the same sums are made.
const CLOSE: f32 = 1e-3;

pub(super) const CHECKS: &[Check] = &[
    check("exports the contract", common::world::<Vad>),
    check("describes itself", common::described::<Vad>),
    check(
        "describes itself the same each time",
        common::described_again::<Vad>,
    ),
    check("gives one probability for each frame", probabilities),
    check(
        "gives segments in order, without overlap, within the stream",
        segments,
    ),
    check("gives events in order, in turns", events),
    check("hears nothing in silence", silence),
    check("hears nothing in an empty stream", empty),
    check("gives the same for any chunking", any_chunking),
    check(
        "gives the same for any chunking of a recording",
        any_chunking_of_speech,
    ),
    check("hears speech in a recording", hears_speech),
    check("splits speech that is longer than asked for", splits),
    check(
        "gives the same segments when finished again",
        finishes_again,
    ),
    check("refuses samples after the end", push_too_late),
    check("refuses options out of range", options_out_of_range),
    check("takes ten minutes at once, and not more", ten_minutes),
    check("works again after errors", reused),
    check("stops when it is dropped half-way", dropped),
    check("keeps two streams apart", apart),
];

/// Everything that a stream gave.
#[derive(Debug, Clone, PartialEq)]
struct Heard {
    events: Vec<Event>,
    segments: Vec<Segment>,
    probabilities: Vec<f32>,
}

struct Stage<'r>(&'r mut Rig);

impl Stage<'_> {
    fn open(&mut self) -> Result<ResourceAny, Unmet> {
        self.try_open(usual())?.given("the usual options")
    }

    fn try_open(&mut self, options: Options) -> Asked<ResourceAny> {
        self.0
            .ask::<Error, _, _>(Vad::INTERFACE, "open", (options,))
    }

    fn push(&mut self, detector: ResourceAny, samples: Vec<i16>) -> Asked<Vec<Event>> {
        self.0
            .ask::<Error, _, _>(Vad::INTERFACE, "[method]detector.push", (detector, samples))
    }

    fn finish(&mut self, detector: ResourceAny) -> Asked<Vec<Segment>> {
        self.0
            .ask::<Error, _, _>(Vad::INTERFACE, "[method]detector.finish", (detector,))
    }

    fn take(&mut self, detector: ResourceAny) -> Result<Vec<f32>, Unmet> {
        self.0.call(
            Vad::INTERFACE,
            "[method]detector.take-probabilities",
            (detector,),
        )
    }

    /// A whole stream, in these parts.
    fn hear(
        &mut self,
        options: Options,
        parts: impl IntoIterator<Item = Vec<i16>>,
    ) -> Result<Heard, Unmet> {
        let detector = self.try_open(options)?.given("good options")?;
        let mut events = Vec::new();
        for part in parts {
            events.extend(self.push(detector, part)?.given("samples")?);
        }
        let segments = self.finish(detector)?.given("a stream")?;
        let probabilities = self.take(detector)?;
        self.0.close(detector)?;
        Ok(Heard {
            events,
            segments,
            probabilities,
        })
    }
}

/// The defaults that the contract names.
fn usual() -> Options {
    Options {
        threshold: 0.5,
        neg_threshold: None,
        min_speech_ms: 250,
        min_silence_ms: 100,
        speech_pad_ms: 30,
        max_speech_ms: None,
    }
}

fn probabilities(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let detector = stage.open()?;
    let samples = bursts(3);
    let n = samples.len();
    stage.push(detector, samples)?.given("samples")?;
    let first = stage.take(detector)?;
    ensure(
        first.len() == n / FRAME,
        &format!("{} probabilities for {n} samples", n / FRAME),
        || first.len().to_string(),
    )?;
    let wrong = first.iter().find(|p| !is_share(**p));
    ensure(wrong.is_none(), "probabilities from 0 to 1", || {
        format!("{wrong:?}")
    })?;
    let again = stage.take(detector)?;
    ensure(again.is_empty(), "probabilities are given once", || {
        format!("{} of them again", again.len())
    })?;
    stage.push(detector, vec![0; 100])?.given("samples")?;
    stage.finish(detector)?.given("a stream")?;
    let (rest, expected) = (stage.take(detector)?, (n + 100).div_ceil(FRAME) - n / FRAME);
    ensure(
        rest.len() == expected,
        &format!("{expected} more for what is left, filled up with zeros"),
        || rest.len().to_string(),
    )?;
    stage.0.close(detector)
}

fn segments(rig: &mut Rig) -> Verdict {
    let samples = bursts(8);
    let n = samples.len();
    let heard = Stage(rig).hear(usual(), [samples])?;
    in_order(&heard.segments, n)
}

fn in_order(segments: &[Segment], n: usize) -> Verdict {
    let mut before = 0;
    for segment in segments {
        let fits = segment.start_sample >= before
            && segment.start_sample < segment.end_sample
            && segment.end_sample <= n as u64;
        ensure(
            fits,
            &format!("segments in order, without overlap, within {n} samples"),
            || format!("{segments:?}"),
        )?;
        before = segment.end_sample;
    }
    Ok(())
}

fn events(rig: &mut Rig) -> Verdict {
    let samples = bursts(8);
    let n = samples.len() as u64;
    let heard = Stage(rig).hear(usual(), cut(&samples))?;
    in_turns(&heard.events, n)?;
    if let Ok(samples) = speech(rig) {
        let n = samples.len() as u64;
        let heard = Stage(rig).hear(usual(), cut(&samples))?;
        in_turns(&heard.events, n)?;
    }
    Ok(())
}

fn in_turns(events: &[Event], n: u64) -> Verdict {
    let (mut before, mut speaking) = (0, false);
    for event in events {
        let (at, starts) = match event {
            Event::SpeechStarted(at) => (*at, true),
            Event::SpeechStopped(at) => (*at, false),
        };
        let fits = at >= before && at <= n && starts != speaking;
        ensure(
            fits,
            "speech starts and stops in turns, in order, within the stream",
            || format!("{events:?}"),
        )?;
        (before, speaking) = (at, starts);
    }
    Ok(())
}

fn silence(rig: &mut Rig) -> Verdict {
    let heard = Stage(rig).hear(usual(), [vec![0; 5 * RATE]])?;
    ensure(
        heard.segments.is_empty(),
        "no segment in digital silence",
        || format!("{:?}", heard.segments),
    )?;
    ensure(
        heard.events.is_empty(),
        "no event in digital silence",
        || format!("{:?}", heard.events),
    )
}

fn empty(rig: &mut Rig) -> Verdict {
    let nothing = Heard {
        events: vec![],
        segments: vec![],
        probabilities: vec![],
    };
    for parts in [vec![], vec![vec![]], vec![vec![], vec![]]] {
        let heard = Stage(rig).hear(usual(), parts)?;
        ensure(heard == nothing, "nothing for no samples", || {
            format!("{heard:?}")
        })?;
    }
    Ok(())
}

fn any_chunking(rig: &mut Rig) -> Verdict {
    same_for_any_chunking(rig, &bursts(6))
}

fn any_chunking_of_speech(rig: &mut Rig) -> Verdict {
    let samples = speech(rig)?;
    same_for_any_chunking(rig, &samples)
}

fn same_for_any_chunking(rig: &mut Rig, samples: &[i16]) -> Verdict {
    let mut stage = Stage(rig);
    let whole = stage.hear(usual(), [samples.to_vec()])?;
    let parts = stage.hear(usual(), cut(samples))?;
    // As a microphone brings them: 20 ms.
    let live = stage.hear(usual(), samples.chunks(320).map(<[i16]>::to_vec))?;
    for other in [parts, live] {
        ensure(
            whole.segments == other.segments,
            &format!("the segments {:?} for any chunking", whole.segments),
            || format!("{:?}", other.segments),
        )?;
        ensure(
            whole.events == other.events,
            &format!("the events {:?} for any chunking", whole.events),
            || format!("{:?}", other.events),
        )?;
        let close = whole.probabilities.len() == other.probabilities.len()
            && whole
                .probabilities
                .iter()
                .zip(&other.probabilities)
                .all(|(a, b)| (a - b).abs() <= CLOSE);
        ensure(close, "the same probabilities for any chunking", || {
            "others".into()
        })?;
    }
    Ok(())
}

fn hears_speech(rig: &mut Rig) -> Verdict {
    let samples = speech(rig)?;
    let n = samples.len();
    let heard = Stage(rig).hear(usual(), [samples])?;
    in_order(&heard.segments, n)?;
    let spoken: u64 = heard
        .segments
        .iter()
        .map(|segment| segment.end_sample - segment.start_sample)
        .sum();
    ensure(
        spoken > n as u64 / 3,
        "more than a third of a speech is speech",
        || format!("{spoken} of {n} samples"),
    )?;
    ensure(
        !heard.events.is_empty(),
        "an event when speech starts",
        || "none".into(),
    )
}

fn splits(rig: &mut Rig) -> Verdict {
    let samples = speech(rig)?;
    let n = samples.len();
    let options = Options {
        max_speech_ms: Some(2_000),
        ..usual()
    };
    let heard = Stage(rig).hear(options, [samples])?;
    in_order(&heard.segments, n)?;
    ensure(!heard.segments.is_empty(), "speech is heard", || {
        "none".into()
    })?;
    // The limit is for speech: padding on both sides and the frame in which it is passed come on top.
    let most = (2_000 + 2 * 30) * RATE as u64 / 1000 + FRAME as u64;
    let long = heard
        .segments
        .iter()
        .find(|segment| segment.end_sample - segment.start_sample > most);
    ensure(long.is_none(), "no speech longer than two seconds", || {
        format!("{long:?}")
    })
}

fn finishes_again(rig: &mut Rig) -> Verdict {
    let samples = speech(rig).unwrap_or_else(|_| bursts(6));
    let mut stage = Stage(rig);
    let detector = stage.open()?;
    stage.push(detector, samples)?.given("samples")?;
    let first = stage.finish(detector)?.given("a stream")?;
    for _ in 0..3 {
        let again = stage.finish(detector)?.given("a stream that is finished")?;
        ensure(
            again == first,
            &format!("the same segments again, {first:?}"),
            || format!("{again:?}"),
        )?;
    }
    stage.0.close(detector)
}

fn push_too_late(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let detector = stage.open()?;
    stage.push(detector, vec![0; RATE])?.given("samples")?;
    stage.finish(detector)?.given("a stream")?;
    for samples in [vec![0; RATE], vec![0; 1]] {
        stage
            .push(detector, samples)?
            .refused(Case::InvalidInput, "samples after `finish`")?;
    }
    stage.0.close(detector)
}

fn options_out_of_range(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    for threshold in [f32::NAN, -0.5, 1.5, f32::INFINITY] {
        let options = Options {
            threshold,
            ..usual()
        };
        stage
            .try_open(options)?
            .refused(Case::InvalidInput, &format!("a threshold of {threshold}"))?;
    }
    for neg in [f32::NAN, -0.5, 1.5] {
        let options = Options {
            neg_threshold: Some(neg),
            ..usual()
        };
        stage
            .try_open(options)?
            .refused(Case::InvalidInput, &format!("a neg-threshold of {neg}"))?;
    }
    // Which times are out of range is not written down; a stage may take any, if it can.
    let longest = Options {
        min_speech_ms: u32::MAX,
        min_silence_ms: u32::MAX,
        speech_pad_ms: u32::MAX,
        max_speech_ms: Some(u32::MAX),
        ..usual()
    };
    let shortest = Options {
        min_speech_ms: 0,
        min_silence_ms: 0,
        speech_pad_ms: 0,
        max_speech_ms: Some(0),
        ..usual()
    };
    for (options, what) in [(longest, "the longest times"), (shortest, "times of zero")] {
        let Some(detector) = stage.try_open(options)?.given_or_refused(what)? else {
            continue;
        };
        stage.push(detector, bursts(2))?.given(what)?;
        let segments = stage.finish(detector)?.given(what)?;
        in_order(&segments, 2 * RATE)?;
        stage.0.close(detector)?;
    }
    Ok(())
}

fn ten_minutes(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let detector = stage.open()?;
    stage
        .push(detector, vec![0; MOST + 1])?
        .refused(Case::InvalidInput, "ten minutes and a sample")?;
    // The caller's mistake is not the end of the stream.
    stage.push(detector, vec![0; MOST])?.given("ten minutes")?;
    let segments = stage.finish(detector)?.given("a stream")?;
    ensure(segments.is_empty(), "no segment in digital silence", || {
        format!("{segments:?}")
    })?;
    stage.0.close(detector)
}

fn reused(rig: &mut Rig) -> Verdict {
    rig.fresh();
    let samples = speech(rig).unwrap_or_else(|_| bursts(6));
    let before = Stage(rig).hear(usual(), [samples.clone()])?;
    push_too_late(rig)?;
    let options = Options {
        threshold: f32::NAN,
        ..usual()
    };
    Stage(rig)
        .try_open(options)?
        .refused(Case::InvalidInput, "a threshold that is no number")?;
    let after = Stage(rig).hear(usual(), [samples])?;
    ensure(before == after, "the same before and after errors", || {
        format!("{:?} and {:?}", before.segments, after.segments)
    })
}

fn dropped(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let samples = bursts(6);
    let before = stage.hear(usual(), [samples.clone()])?;
    let detector = stage.open()?;
    stage.0.close(detector)?;
    let detector = stage.open()?;
    stage
        .push(detector, noise(RATE * 3 / 2 + 77, 20_000))?
        .given("samples")?;
    stage.0.close(detector)?;
    let after = stage.hear(usual(), [samples])?;
    ensure(
        before == after,
        "the same after others were dropped",
        || format!("{:?} and {:?}", before.segments, after.segments),
    )
}

fn apart(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let samples = bursts(6);
    let alone = stage.hear(usual(), [samples.clone()])?;
    let (one, two) = (stage.open()?, stage.open()?);
    let mut events = Vec::new();
    for part in cut(&samples) {
        stage
            .push(two, noise(part.len(), 20_000))?
            .given("samples")?;
        events.extend(stage.push(one, part)?.given("samples")?);
    }
    stage.finish(two)?.given("a stream")?;
    let segments = stage.finish(one)?.given("a stream")?;
    let same = alone.segments == segments && alone.events == events;
    ensure(
        same,
        &format!("a stream is not disturbed by another: {:?}", alone.segments),
        || format!("{segments:?}"),
    )?;
    stage.0.close(two)?;
    stage.0.close(one)
}
