//! `colloquy:asr`: speech becomes text. What is understood is not judged; when, in which order and how sure is.

use wasmtime::component::ResourceAny;

use super::bindings::colloquy::asr::asr::{Error, Options, Segment, Span, Strategy};
use super::common::{self, Asr, Contract, is_share, is_tag};
use super::rig::Rig;
use super::signals::{RATE, speech};
use super::verdict::{Asked, Case, Unmet, Verdict, ensure};
use super::{Check, check};

/// Segments that a recording of the suite may have at most, so that a stage which never ends is found out.
const MOST_SEGMENTS: usize = 1_000;
/// How far a recogniser may be off at the edges of what it was to hear, in milliseconds.
const SLACK_MS: u32 = 1_000;
/// A language that nobody speaks: a tag for private use.
const NO_LANGUAGE: &str = "qtx";

pub(super) const CHECKS: &[Check] = &[
    check("exports the contract", common::world::<Asr>),
    check("describes itself", common::described::<Asr>),
    check(
        "describes itself the same each time",
        common::described_again::<Asr>,
    ),
    check("gives none at once for silence", silence),
    check("gives none at once for no samples", empty),
    check("hears nothing outside of the spans", only_in_spans),
    check(
        "gives segments in order, complete and within the audio",
        segments,
    ),
    check("gives none after the end, again and again", ends),
    check("gives the same text greedily each time", greedy),
    check("transcribes with every strategy", strategies),
    check("hears only the first half when told so", first_half),
    check("keeps to the most tokens", most_tokens),
    check(
        "refuses spans out of order, overlapping, reversed or outside",
        bad_spans,
    ),
    check(
        "refuses a language it does not have as unsupported",
        unknown_language,
    ),
    check("takes the languages it has", known_languages),
    check("takes odd options or refuses them", odd_options),
    check("takes an hour or refuses it", hour),
    check("works again after errors", reused),
    check("stops when it is dropped half-way", dropped),
    check("keeps two transcriptions apart", apart),
];

struct Stage<'r>(&'r mut Rig);

impl Stage<'_> {
    fn start(
        &mut self,
        samples: Vec<i16>,
        spans: Vec<Span>,
        options: Options,
    ) -> Asked<ResourceAny> {
        self.0
            .ask::<Error, _, _>(Asr::INTERFACE, "transcribe", (samples, spans, options))
    }

    fn next(&mut self, work: ResourceAny) -> Asked<Option<Segment>> {
        self.0
            .ask::<Error, _, _>(Asr::INTERFACE, "[method]transcription.next", (work,))
    }

    /// Whatever it says against itself: text, or nothing.
    fn degraded(&mut self, work: ResourceAny) -> Verdict {
        let said: Option<String> =
            self.0
                .call(Asr::INTERFACE, "[method]transcription.degraded", (work,))?;
        ensure(
            said.as_ref().is_none_or(|why| !why.trim().is_empty()),
            "`degraded` says why, or nothing",
            || format!("{said:?}"),
        )
    }

    fn rest(&mut self, work: ResourceAny) -> Result<Vec<Segment>, Unmet> {
        let mut all = Vec::new();
        while let Some(segment) = self.next(work)?.given("a recording")? {
            all.push(segment);
            self.degraded(work)?;
            ensure(all.len() <= MOST_SEGMENTS, "the segments end", || {
                format!("{} and more", all.len())
            })?;
        }
        Ok(all)
    }

    fn hear(
        &mut self,
        samples: Vec<i16>,
        spans: Vec<Span>,
        options: Options,
    ) -> Result<Vec<Segment>, Unmet> {
        let work = self.start(samples, spans, options)?.given("a recording")?;
        let all = self.rest(work)?;
        self.0.close(work)?;
        Ok(all)
    }
}

fn usual() -> Options {
    Options {
        language: None,
        prompt: None,
        temperature: 0.0,
        max_tokens: None,
        strategy: Strategy::Balanced,
    }
}

fn span(from: usize, to: usize) -> Span {
    Span {
        start_sample: from as u64,
        end_sample: to as u64,
    }
}

fn text(segments: &[Segment]) -> String {
    segments
        .iter()
        .map(|segment| segment.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

fn silence(rig: &mut Rig) -> Verdict {
    for n in [3 * RATE, 1] {
        let heard = Stage(rig).hear(vec![0; n], vec![], usual())?;
        ensure(heard.is_empty(), "no segment in digital silence", || {
            text(&heard)
        })?;
    }
    Ok(())
}

fn empty(rig: &mut Rig) -> Verdict {
    let heard = Stage(rig).hear(vec![], vec![], usual())?;
    ensure(heard.is_empty(), "no segment without samples", || {
        text(&heard)
    })
}

fn only_in_spans(rig: &mut Rig) -> Verdict {
    let mut samples = vec![0; 3 * RATE];
    samples.extend(speech(rig)?);
    let heard = Stage(rig).hear(samples, vec![span(0, 3 * RATE)], usual())?;
    ensure(
        heard.is_empty(),
        "no segment when the span has only silence",
        || text(&heard),
    )
}

fn segments(rig: &mut Rig) -> Verdict {
    let samples = speech(rig)?;
    let ms = (samples.len() * 1000 / RATE) as u32;
    let languages = common::describe::<Asr>(rig)?.given("a stage")?.languages;
    let heard = Stage(rig).hear(samples, vec![], usual())?;
    ensure(
        !heard.is_empty(),
        "a speech of eleven seconds gives text",
        || "none".into(),
    )?;
    let mut before = 0;
    for segment in &heard {
        let fits = segment.start_ms >= before
            && segment.start_ms <= segment.end_ms
            && segment.end_ms <= ms + 20;
        ensure(
            fits,
            &format!("segments in order of time, within {ms} ms"),
            || format!("{} to {} after {before}", segment.start_ms, segment.end_ms),
        )?;
        before = segment.start_ms;
        let shown = !segment.text.is_empty() && segment.text == segment.text.trim();
        ensure(shown, "text without white space around it", || {
            format!("{:?}", segment.text)
        })?;
        let sure = segment.avg_logprob.exp();
        let is_exp = is_share(segment.confidence) && (segment.confidence - sure).abs() < 1e-3;
        ensure(
            is_exp,
            &format!("the confidence {sure}, exp of {}", segment.avg_logprob),
            || segment.confidence.to_string(),
        )?;
        ensure(
            is_share(segment.no_speech_prob),
            "no-speech-prob from 0 to 1",
            || segment.no_speech_prob.to_string(),
        )?;
        ensure(
            segment.temperature.is_finite() && segment.temperature >= 0.0,
            "a temperature",
            || segment.temperature.to_string(),
        )?;
        ensure(
            is_tag(&segment.language),
            "the language as a BCP 47 tag",
            || format!("{:?}", segment.language),
        )?;
        let listed =
            languages.is_empty() || languages.iter().any(|tag| speaks(tag, &segment.language));
        ensure(
            listed,
            &format!("one of the languages {languages:?}"),
            || segment.language.clone(),
        )?;
    }
    Ok(())
}

fn ends(rig: &mut Rig) -> Verdict {
    let samples = speech(rig).unwrap_or_else(|_| vec![0; RATE]);
    let mut stage = Stage(rig);
    let work = stage
        .start(samples, vec![], usual())?
        .given("a recording")?;
    stage.rest(work)?;
    for _ in 0..3 {
        let after = stage.next(work)?.given("a recording that has ended")?;
        ensure(after.is_none(), "none after the last segment", || {
            format!("{after:?}")
        })?;
    }
    stage.0.close(work)
}

fn greedy(rig: &mut Rig) -> Verdict {
    let samples = speech(rig)?;
    let first = Stage(rig).hear(samples.clone(), vec![], usual())?;
    let all = span(0, samples.len());
    let second = Stage(rig).hear(samples, vec![all], usual())?;
    ensure(
        text(&first) == text(&second),
        &format!("{:?} again, with a span for everything", text(&first)),
        || text(&second),
    )
}

fn strategies(rig: &mut Rig) -> Verdict {
    let samples = speech(rig)?;
    for strategy in [Strategy::Fast, Strategy::Balanced, Strategy::High] {
        let options = Options {
            strategy,
            ..usual()
        };
        let heard = Stage(rig).hear(samples.clone(), vec![], options)?;
        ensure(
            heard.iter().any(|segment| !segment.text.is_empty()),
            &format!("text with the strategy {strategy:?}"),
            || "none".into(),
        )?;
    }
    Ok(())
}

fn first_half(rig: &mut Rig) -> Verdict {
    let samples = speech(rig)?;
    let half = samples.len() / 2;
    let limit = (half * 1000 / RATE) as u32 + SLACK_MS;
    let heard = Stage(rig).hear(samples, vec![span(0, half)], usual())?;
    ensure(!heard.is_empty(), "text from the first half", || {
        "none".into()
    })?;
    let late = heard.iter().find(|segment| segment.end_ms > limit);
    ensure(
        late.is_none(),
        &format!("no segment beyond {limit} ms"),
        || format!("{late:?}"),
    )
}

fn most_tokens(rig: &mut Rig) -> Verdict {
    let samples = speech(rig)?;
    let options = Options {
        max_tokens: Some(5),
        ..usual()
    };
    let heard = Stage(rig).hear(samples, vec![], options)?;
    let long = heard.iter().find(|segment| segment.tokens.len() > 5);
    ensure(long.is_none(), "at most five tokens", || {
        format!("{} tokens", long.map_or(0, |s| s.tokens.len()))
    })
}

fn bad_spans(rig: &mut Rig) -> Verdict {
    let samples = vec![0_i16; 2 * RATE];
    let cases = [
        (
            vec![span(16_000, 20_000), span(0, 8_000)],
            "spans out of order",
        ),
        (
            vec![span(0, 16_000), span(8_000, 24_000)],
            "spans that overlap",
        ),
        (
            vec![span(8_000, 4_000)],
            "a span that ends before it starts",
        ),
        (vec![span(0, 2 * RATE + 1)], "a span beyond the samples"),
        (
            vec![span(usize::MAX - 10, usize::MAX)],
            "a span at the end of all numbers",
        ),
    ];
    for (spans, what) in cases {
        Stage(rig)
            .start(samples.clone(), spans, usual())?
            .refused(Case::InvalidInput, what)?;
    }
    Stage(rig)
        .start(vec![], vec![span(0, 1)], usual())?
        .refused(Case::InvalidInput, "a span without samples")
}

fn unknown_language(rig: &mut Rig) -> Verdict {
    let languages = common::describe::<Asr>(rig)?.given("a stage")?.languages;
    if languages.is_empty() {
        return Err(Unmet::Skipped(
            "the stage says that language does not matter".into(),
        ));
    }
    let options = Options {
        language: Some(NO_LANGUAGE.into()),
        ..usual()
    };
    Stage(rig)
        .start(vec![0; RATE], vec![], options)?
        .refused(Case::Unsupported, &format!("the language {NO_LANGUAGE}"))
}

fn known_languages(rig: &mut Rig) -> Verdict {
    let languages = common::describe::<Asr>(rig)?.given("a stage")?.languages;
    for language in languages {
        let options = Options {
            language: Some(language.clone()),
            ..usual()
        };
        let work = Stage(rig)
            .start(vec![0; RATE], vec![], options)?
            .given(&format!("the language {language}"))?;
        rig.close(work)?;
    }
    Ok(())
}

fn odd_options(rig: &mut Rig) -> Verdict {
    let cases = [
        (
            Options {
                temperature: f32::NAN,
                ..usual()
            },
            "a temperature that is no number",
        ),
        (
            Options {
                temperature: -1.0,
                ..usual()
            },
            "a temperature below zero",
        ),
        (
            Options {
                temperature: 1e30,
                ..usual()
            },
            "a temperature of 1e30",
        ),
        (
            Options {
                max_tokens: Some(0),
                ..usual()
            },
            "no tokens",
        ),
        (
            Options {
                max_tokens: Some(u32::MAX),
                ..usual()
            },
            "all tokens",
        ),
        (
            Options {
                prompt: Some("name ".repeat(200_000)),
                ..usual()
            },
            "a prompt of a megabyte",
        ),
        (
            Options {
                prompt: Some(common::ODD_TEXTS.concat()),
                ..usual()
            },
            "an odd prompt",
        ),
        (
            Options {
                language: Some("\u{0}".repeat(1000)),
                ..usual()
            },
            "a language that is none",
        ),
    ];
    // A second that is no silence, so that there is something to do.
    let samples = super::signals::sine(RATE, 1, 300.0, 1000);
    for (options, what) in cases {
        let Some(work) = Stage(rig)
            .start(samples.clone(), vec![], options)?
            .given_or_refused(what)?
        else {
            continue;
        };
        Stage(rig).next(work)?.given_or_refused(what)?;
        rig.close(work)?;
    }
    Ok(())
}

fn hour(rig: &mut Rig) -> Verdict {
    let started = Stage(rig).start(vec![0; 3600 * RATE], vec![span(0, RATE)], usual())?;
    if let Some(work) = started.given_or_refused("an hour")? {
        let first = Stage(rig).next(work)?.given("an hour of silence")?;
        ensure(first.is_none(), "no segment in digital silence", || {
            format!("{first:?}")
        })?;
        rig.close(work)?;
    }
    Ok(())
}

fn reused(rig: &mut Rig) -> Verdict {
    rig.fresh();
    let samples = speech(rig).unwrap_or_else(|_| vec![0; RATE]);
    let before = Stage(rig).hear(samples.clone(), vec![], usual())?;
    Stage(rig)
        .start(vec![0; 10], vec![span(0, 11)], usual())?
        .refused(Case::InvalidInput, "a span beyond the samples")?;
    let after = Stage(rig).hear(samples, vec![], usual())?;
    ensure(
        text(&before) == text(&after),
        &format!("{:?} again", text(&before)),
        || text(&after),
    )
}

fn dropped(rig: &mut Rig) -> Verdict {
    let samples = speech(rig).unwrap_or_else(|_| vec![0; RATE]);
    let mut stage = Stage(rig);
    let before = stage.hear(samples.clone(), vec![], usual())?;
    let long = samples.repeat(3);
    let work = stage
        .start(long.clone(), vec![], usual())?
        .given("a recording")?;
    stage.0.close(work)?;
    let work = stage.start(long, vec![], usual())?.given("a recording")?;
    stage.next(work)?.given("a recording")?;
    stage.0.close(work)?;
    let after = stage.hear(samples, vec![], usual())?;
    ensure(
        text(&before) == text(&after),
        &format!("{:?} after others were dropped", text(&before)),
        || text(&after),
    )
}

fn apart(rig: &mut Rig) -> Verdict {
    let samples = speech(rig)?;
    let mut stage = Stage(rig);
    let alone = stage.hear(samples.clone(), vec![], usual())?;
    let one = stage
        .start(samples, vec![], usual())?
        .given("a recording")?;
    let two = stage
        .start(vec![0; RATE], vec![], usual())?
        .given("a recording")?;
    let silent = stage.next(two)?.given("silence")?;
    ensure(silent.is_none(), "no segment in digital silence", || {
        format!("{silent:?}")
    })?;
    let heard = stage.rest(one)?;
    stage.0.close(one)?;
    stage.0.close(two)?;
    ensure(
        text(&alone) == text(&heard),
        &format!("{:?} beside another", text(&alone)),
        || text(&heard),
    )
}

/// Whether a tag of the description covers a tag that was heard: `en` covers `en-US`, and the other way round.
fn speaks(listed: &str, heard: &str) -> bool {
    let language = |tag: &str| {
        tag.split('-')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    language(listed) == language(heard)
}
