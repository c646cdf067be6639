//! In which language an answer is given: in the one asked for, unless it is spoken and nobody can speak it.
//!
//! A voice that reads a language which it does not know is hard to understand, so what is heard is in the language of the voice, and
//! `Degraded` says so. An answer in text only is always in the language asked for.

use super::{Answer, Stages};
use crate::{contract::tts, ports::timed, words::reason};

/// Languages that need no voice to be looked for: English, which all fallbacks speak, and one that nobody knows. Asking for the voices waits
/// while all of them are busy, and most turns need not.
const UNASKED: [&str; 3] = ["en", "und", ""];

/// The language of an answer when nobody can say what the voices speak.
const USUAL: &str = "en";

/// Most characters of a tag in a reason.
const MAX_TAG_CHARS: usize = 35;

/// What the voices make of a language.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// Whoever speaks anyway speaks it.
    AsAsked,
    /// This voice speaks it.
    By(String),
    /// The voice speaks this one instead.
    Instead(String),
}

impl<S: Stages> Answer<S> {
    /// The language to answer in; chooses the voice for it if the caller left that open.
    pub(super) fn settle_language(&mut self) -> String {
        let asked = self.request.language.clone();
        if !self.speak || UNASKED.iter().any(|tag| is_same(tag, &asked)) {
            return asked;
        }
        let voices = timed(&self.stages, &mut self.spent.tts, || self.stages.voices());
        let shown: String = asked.chars().take(MAX_TAG_CHARS).collect();
        let (instead, why) = match voices {
            Ok(voices) => match way(&voices, self.request.voice.as_deref(), &asked) {
                Way::AsAsked => return asked,
                Way::By(voice) => {
                    self.voice.wish(voice);
                    return asked;
                }
                Way::Instead(other) => (other, "no voice for it".to_owned()),
            },
            Err(error) => (USUAL.to_owned(), reason(&error)),
        };
        self.degrade(
            "tts",
            format!("the answer is in {instead:?}, not in {shown:?}: {why}"),
        );
        instead
    }
}

/// What the voices, the default one first, make of a language. A voice that tells no language speaks all.
fn way(voices: &[tts::Voice], wished: Option<&str>, language: &str) -> Way {
    let speaks = |voice: &tts::Voice| is_same(&voice.locale, language);
    let wanted = wished.and_then(|name| voices.iter().find(|voice| voice.name == name));
    let Some(speaker) = wanted.or_else(|| voices.first()) else {
        return Way::Instead(USUAL.to_owned());
    };
    if speaks(speaker) || is_same(&speaker.locale, "und") {
        return Way::AsAsked;
    }
    match voices.iter().find(|voice| speaks(voice)) {
        Some(other) if wished.is_none() => Way::By(other.name.clone()),
        _ => Way::Instead(speaker.locale.clone()),
    }
}

/// Whether two BCP 47 tags are of one language, wherever it is spoken.
fn is_same(one: &str, other: &str) -> bool {
    let language = |tag: &str| {
        tag.split('-')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    language(one) == language(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voices(all: &[(&str, &str)]) -> Vec<tts::Voice> {
        let voice = |(name, locale): &(&str, &str)| tts::Voice {
            name: (*name).to_owned(),
            display_name: String::new(),
            gender: "unknown".to_owned(),
            locale: (*locale).to_owned(),
        };
        all.iter().map(voice).collect()
    }

    #[test]
    fn a_language_goes_with_a_voice() {
        let several = voices(&[("joe", "en-US"), ("ute", "de-DE"), ("eva", "de-AT")]);
        let by = |name: &str| Way::By(name.to_owned());
        let instead = |tag: &str| Way::Instead(tag.to_owned());
        for (wished, language, expected) in [
            (None, "de", by("ute")),
            (None, "DE-at", by("ute")),
            (None, "fr", instead("en-US")),
            (Some("eva"), "de", Way::AsAsked),
            (Some("joe"), "de", instead("en-US")),
            (Some("eva"), "fr", instead("de-AT")),
            // The default voice will speak.
            (Some("nobody"), "de", instead("en-US")),
        ] {
            assert_eq!(
                way(&several, wished, language),
                expected,
                "{wished:?} {language}"
            );
        }
        assert_eq!(way(&voices(&[("any", "und")]), None, "fr"), Way::AsAsked);
        assert_eq!(way(&[], None, "fr"), instead("en"));
    }
}
