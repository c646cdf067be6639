//! `colloquy:tts`: text becomes samples. How it sounds is not judged; that it sounds, ends and obeys its options is.

use wasmtime::component::ResourceAny;

use super::bindings::colloquy::tts::tts::{Error, Options, Voice};
use super::common::{self, Contract, ODD_TEXTS, Tts, is_tag};
use super::rig::Rig;
use super::verdict::{Asked, Case, Unmet, Verdict, ensure};
use super::{Check, check};

/// Samples of one speech of the suite at most, so that a stage which never ends is found out: a short sentence, not minutes.
const MOST_SAMPLES: usize = 120 * 48_000;
/// Chunks without a sample that may come in a row.
const MOST_EMPTY: usize = 1_000;
/// A short sentence of any language that is spoken with Latin letters.
const SENTENCE: &str = "Hello.";

pub(super) const CHECKS: &[Check] = &[
    check("exports the contract", common::world::<Tts>),
    check("describes itself", common::described::<Tts>),
    check(
        "describes itself the same each time",
        common::described_again::<Tts>,
    ),
    check("lists its voices", voices),
    check("speaks with each voice", each_voice),
    check("tells the sample rate from the start", sample_rate),
    check("gives none after the end, again and again", ends),
    check(
        "gives no audio for text without anything to say",
        nothing_to_say,
    ),
    check("speaks faster at a higher rate", rates),
    check("refuses a rate outside 0.5 to 2", rate_outside),
    check("refuses an unknown voice as unsupported", unknown_voice),
    check("takes 2,000 characters, and not more", length),
    check("takes odd text or refuses it", odd_text),
    check("works again after errors", reused),
    check("stops when it is dropped half-way", dropped),
    check("keeps two speeches apart", apart),
];

struct Stage<'r>(&'r mut Rig);

impl Stage<'_> {
    fn voices(&mut self) -> Result<Vec<Voice>, Unmet> {
        self.0
            .ask::<Error, _, _>(Tts::INTERFACE, "voices", ())?
            .given("a stage")
    }

    fn start(&mut self, text: &str, voice: Option<&str>, rate: f32) -> Asked<ResourceAny> {
        let options = Options {
            voice: voice.map(str::to_owned),
            rate,
        };
        self.0
            .ask::<Error, _, _>(Tts::INTERFACE, "synthesize", (text.to_owned(), options))
    }

    fn sample_rate(&mut self, speech: ResourceAny) -> Result<u32, Unmet> {
        self.0
            .call(Tts::INTERFACE, "[method]speech.sample-rate-hz", (speech,))
    }

    fn next(&mut self, speech: ResourceAny) -> Asked<Option<Vec<i16>>> {
        self.0
            .ask::<Error, _, _>(Tts::INTERFACE, "[method]speech.next", (speech,))
    }

    fn rest(&mut self, speech: ResourceAny) -> Result<Vec<i16>, Unmet> {
        let mut all = Vec::new();
        let mut n_empty = 0;
        while let Some(chunk) = self.next(speech)?.given("a sentence")? {
            n_empty = if chunk.is_empty() { n_empty + 1 } else { 0 };
            all.extend(chunk);
            let ends = all.len() <= MOST_SAMPLES && n_empty <= MOST_EMPTY;
            ensure(ends, "the speech of a sentence ends", || {
                format!("{} samples and no end", all.len())
            })?;
        }
        Ok(all)
    }

    fn speak(&mut self, text: &str, voice: Option<&str>, rate: f32) -> Result<Vec<i16>, Unmet> {
        let speech = self.start(text, voice, rate)?.given(&format!("{text:?}"))?;
        let said: Option<String> =
            self.0
                .call(Tts::INTERFACE, "[method]speech.degraded", (speech,))?;
        ensure(
            said.as_ref().is_none_or(|why| !why.trim().is_empty()),
            "`degraded` says why, or nothing",
            || format!("{said:?}"),
        )?;
        let samples = self.rest(speech)?;
        self.0.close(speech)?;
        Ok(samples)
    }
}

fn voices(rig: &mut Rig) -> Verdict {
    let voices = Stage(rig).voices()?;
    ensure(!voices.is_empty(), "at least one voice", || "none".into())?;
    for (at, voice) in voices.iter().enumerate() {
        let named = !voice.name.trim().is_empty() && !voice.display_name.trim().is_empty();
        ensure(named, "a name and a name for people", || {
            format!("{voice:?}")
        })?;
        let gender = matches!(voice.gender.as_str(), "female" | "male" | "unknown");
        ensure(gender, "a gender of female, male or unknown", || {
            format!("{:?}", voice.gender)
        })?;
        ensure(is_tag(&voice.locale), "the locale as a BCP 47 tag", || {
            format!("{:?}", voice.locale)
        })?;
        let again = voices
            .iter()
            .skip(at + 1)
            .any(|other| other.name == voice.name);
        ensure(!again, "names that are there once", || {
            format!("{:?} twice", voice.name)
        })?;
    }
    Ok(())
}

fn each_voice(rig: &mut Rig) -> Verdict {
    let mut names: Vec<_> = Stage(rig)
        .voices()?
        .into_iter()
        .map(|voice| Some(voice.name))
        .collect();
    names.insert(0, None);
    for name in names {
        sounds(rig, name.as_deref())?;
    }
    Ok(())
}

fn sounds(rig: &mut Rig, voice: Option<&str>) -> Result<Vec<i16>, Unmet> {
    let samples = Stage(rig).speak(SENTENCE, voice, 1.0)?;
    let name = voice.unwrap_or("the default voice");
    let peak = samples
        .iter()
        .map(|sample| sample.unsigned_abs())
        .max()
        .unwrap_or(0);
    ensure(
        peak > 100,
        &format!("{name} is heard saying {SENTENCE:?}"),
        || format!("{} samples with a peak of {peak}", samples.len()),
    )?;
    Ok(samples)
}

fn sample_rate(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let speech = stage.start(SENTENCE, None, 1.0)?.given("a sentence")?;
    let first = stage.sample_rate(speech)?;
    ensure(
        (8_000..=192_000).contains(&first),
        "a sample rate of 8 to 192 kHz",
        || first.to_string(),
    )?;
    stage.rest(speech)?;
    let last = stage.sample_rate(speech)?;
    ensure(
        first == last,
        &format!("{first} Hz at the end, too"),
        || last.to_string(),
    )?;
    stage.0.close(speech)
}

fn ends(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let speech = stage.start(SENTENCE, None, 1.0)?.given("a sentence")?;
    stage.rest(speech)?;
    for _ in 0..3 {
        let after = stage.next(speech)?.given("speech that has ended")?;
        ensure(after.is_none(), "none after the last samples", || {
            format!("{} samples", after.map_or(0, |s| s.len()))
        })?;
    }
    stage.0.close(speech)
}

fn nothing_to_say(rig: &mut Rig) -> Verdict {
    for text in ["", "   ", "\n\t\n"] {
        let samples = Stage(rig).speak(text, None, 1.0)?;
        ensure(
            samples.is_empty(),
            &format!("no audio for {text:?}"),
            || format!("{} samples", samples.len()),
        )?;
    }
    Ok(())
}

fn rates(rig: &mut Rig) -> Verdict {
    let text = "This is said slowly, and then again, fast.";
    let slow = Stage(rig).speak(text, None, 0.5)?.len();
    let fast = Stage(rig).speak(text, None, 2.0)?.len();
    ensure(fast < slow, "less audio at rate 2 than at rate 0.5", || {
        format!("{fast} and {slow} samples")
    })
}

fn rate_outside(rig: &mut Rig) -> Verdict {
    for rate in [0.49, 2.01, 0.0, -1.0, f32::NAN, f32::INFINITY] {
        Stage(rig)
            .start(SENTENCE, None, rate)?
            .refused(Case::InvalidInput, &format!("a rate of {rate}"))?;
    }
    Ok(())
}

fn unknown_voice(rig: &mut Rig) -> Verdict {
    for voice in ["no-such-voice", "", "../../etc/passwd"] {
        Stage(rig)
            .start(SENTENCE, Some(voice), 1.0)?
            .refused(Case::Unsupported, &format!("the voice {voice:?}"))?;
    }
    Ok(())
}

fn length(rig: &mut Rig) -> Verdict {
    // Characters are counted, not bytes.
    for text in [
        "Hello there. "
            .repeat(154)
            .chars()
            .take(2_000)
            .collect::<String>(),
        "é".repeat(2_000),
    ] {
        let speech = Stage(rig)
            .start(&text, None, 1.0)?
            .given("2,000 characters")?;
        rig.close(speech)?;
    }
    for text in ["a".repeat(2_001), "Hello. ".repeat(200_000)] {
        Stage(rig)
            .start(&text, None, 1.0)?
            .refused(Case::InvalidInput, "more than 2,000 characters")?;
    }
    Ok(())
}

fn odd_text(rig: &mut Rig) -> Verdict {
    let word = "a".repeat(60);
    for text in ODD_TEXTS.into_iter().chain([
        word.as_str(),
        "?!?!...",
        "1e308 -- $3.50 @ 5°C; see http://a.b/c?d=e#f",
    ]) {
        let mut stage = Stage(rig);
        let Some(speech) = stage.start(text, None, 2.0)?.given_or_refused("odd text")? else {
            continue;
        };
        stage.rest(speech)?;
        stage.0.close(speech)?;
    }
    Ok(())
}

fn reused(rig: &mut Rig) -> Verdict {
    rig.fresh();
    let before = sounds(rig, None)?.len();
    Stage(rig)
        .start(SENTENCE, Some("no-such-voice"), 1.0)?
        .refused(Case::Unsupported, "an unknown voice")?;
    Stage(rig)
        .start(SENTENCE, None, f32::NAN)?
        .refused(Case::InvalidInput, "a rate that is no number")?;
    let after = sounds(rig, None)?.len();
    about_as_long(before, after, "after errors")
}

fn dropped(rig: &mut Rig) -> Verdict {
    let before = sounds(rig, None)?.len();
    let mut stage = Stage(rig);
    let long = "This sentence will not be heard to its end, because somebody speaks. And this one is never begun.";
    let speech = stage.start(long, None, 1.0)?.given("a sentence")?;
    stage.0.close(speech)?;
    let speech = stage.start(long, None, 1.0)?.given("a sentence")?;
    stage.next(speech)?.given("a sentence")?;
    stage.0.close(speech)?;
    let after = sounds(rig, None)?.len();
    about_as_long(before, after, "after others were dropped")
}

fn apart(rig: &mut Rig) -> Verdict {
    let alone = sounds(rig, None)?.len();
    let mut stage = Stage(rig);
    let one = stage.start(SENTENCE, None, 1.0)?.given("a sentence")?;
    let two = stage
        .start("Something else is said here.", None, 1.0)?
        .given("a sentence")?;
    let first = stage
        .next(one)?
        .given("a sentence")?
        .map_or(0, |chunk| chunk.len());
    stage.next(two)?.given("a sentence")?;
    let n = first + stage.rest(one)?.len();
    stage.0.close(two)?;
    stage.0.close(one)?;
    about_as_long(alone, n, "beside another speech")
}

/// Voices may vary from time to time; half or double is another text.
fn about_as_long(before: usize, after: usize, when: &str) -> Verdict {
    let close = after * 2 > before && after < before * 2;
    ensure(
        close,
        &format!("about {before} samples again {when}"),
        || after.to_string(),
    )
}
