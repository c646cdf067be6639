//! Languages: from the caller's BCP 47 tag to Whisper's token, and detection.
//!
//! Whisper's codes are ISO 639 in the main; this module knows the few that differ from what BCP 47 wants. Only the primary subtag
//! of a tag counts: Whisper has no regions. A model for English alone assumes English.

use crate::decode::most_probable;
use crate::error::Error;
use crate::model::{Cross, Tokens, Whisper};

/// Whisper's codes that BCP 47 has another preferred tag for.
const RENAMED: [(&str, &str); 1] = [("jw", "jv")];
/// Other primary subtags that callers use for a language that Whisper knows by its first name here.
const ALIASES: [(&str, &str); 5] = [
    ("he", "iw"),
    ("id", "in"),
    ("yi", "ji"),
    ("no", "nb"),
    ("tl", "fil"),
];
const ENGLISH: &str = "en";

/// A language of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language {
    /// BCP 47 tag.
    pub tag: String,
    /// The token that asks for it; none for a model that knows only English.
    pub token: Option<u32>,
}

/// The languages of a model as BCP 47 tags.
#[must_use]
pub fn tags(tokens: &Tokens) -> Vec<String> {
    if tokens.languages.is_empty() {
        vec![ENGLISH.to_owned()]
    } else {
        tokens.languages.iter().map(|(code, _)| tag(code)).collect()
    }
}

/// The language that a caller asks for. None when the model has to listen first.
pub fn chosen(tokens: &Tokens, wanted: Option<&str>) -> Result<Option<Language>, Error> {
    let english_only = tokens.languages.is_empty();
    let Some(wanted) = wanted else {
        return Ok(english_only.then(english));
    };
    let primary = wanted
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if !(2..=8).contains(&primary.len()) || !primary.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        return Err(Error::InvalidInput(format!(
            "{:?} is not a BCP 47 language tag",
            shortened(wanted)
        )));
    }
    let primary = ALIASES
        .iter()
        .find(|(_, alias)| *alias == primary)
        .map_or(primary.as_str(), |(name, _)| name);
    let unknown = || {
        Error::Unsupported(format!(
            "the model does not know the language {:?}",
            shortened(wanted)
        ))
    };
    if english_only {
        return if primary == ENGLISH {
            Ok(Some(english()))
        } else {
            Err(unknown())
        };
    }
    let found = tokens
        .languages
        .iter()
        .find(|(code, _)| code == primary || tag(code) == primary);
    found
        .map(|(code, token)| {
            Some(Language {
                tag: tag(code),
                token: Some(*token),
            })
        })
        .ok_or_else(unknown)
}

/// The language heard in a window: one step of the decoder, the most probable of the language tokens.
pub fn detected(model: &Whisper, cross: &Cross) -> Result<Language, Error> {
    let languages = &model.description.tokens.languages;
    let best = most_probable(model, cross, languages.iter().map(|(_, token)| *token))?;
    let found = best.and_then(|(best, _)| languages.iter().find(|(_, token)| *token == best));
    Ok(found.map_or_else(english, |(code, token)| Language {
        tag: tag(code),
        token: Some(*token),
    }))
}

fn english() -> Language {
    Language {
        tag: ENGLISH.to_owned(),
        token: None,
    }
}

fn tag(code: &str) -> String {
    RENAMED
        .iter()
        .find(|(whisper, _)| *whisper == code)
        .map_or(code, |(_, tag)| tag)
        .to_owned()
}

/// Enough of a caller's text to recognise it in a message.
fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::tokens;

    fn choose(wanted: Option<&str>) -> Result<Option<String>, Error> {
        chosen(&tokens(), wanted).map(|language| language.map(|language| language.tag))
    }

    #[test]
    fn only_the_primary_subtag_counts() {
        for wanted in ["en", "EN", "en-US", "en_GB", "en-Latn-US-x-lvariant"] {
            assert_eq!(choose(Some(wanted)), Ok(Some("en".to_owned())), "{wanted}");
        }
        assert_eq!(choose(Some("haw")), Ok(Some("haw".to_owned())));
        assert_eq!(choose(None), Ok(None));
    }

    #[test]
    fn javanese_has_its_present_tag() {
        let language = chosen(&tokens(), Some("jv")).unwrap().unwrap();
        assert_eq!((language.tag.as_str(), language.token), ("jv", Some(11)));
        assert_eq!(chosen(&tokens(), Some("jw")).unwrap().unwrap(), language);
        assert_eq!(tags(&tokens()), ["en", "jv", "haw"]);
    }

    #[test]
    fn other_languages_and_nonsense_are_told_apart() {
        assert!(
            matches!(choose(Some("fr")), Err(Error::Unsupported(text)) if text.contains("\"fr\""))
        );
        for wanted in ["", "e", "-", "12", "english language", "日本"] {
            assert!(
                matches!(choose(Some(wanted)), Err(Error::InvalidInput(_))),
                "{wanted}"
            );
        }
    }

    #[test]
    fn an_english_model_assumes_english() {
        let tokens = Tokens {
            languages: Vec::new(),
            ..tokens()
        };
        assert_eq!(chosen(&tokens, None), Ok(Some(english())));
        assert_eq!(chosen(&tokens, Some("en-AU")), Ok(Some(english())));
        assert!(matches!(
            chosen(&tokens, Some("de")),
            Err(Error::Unsupported(_))
        ));
        assert_eq!(tags(&tokens), ["en"]);
    }
}
