//! What the template says in other languages than English, read from `data/languages/*.json`.
//!
//! One small table a language: courtesies, refusals, and sentences that name items. Personas and content are English, so these phrases
//! belong to no persona, and quote nothing of an item but its title and its years. The files are part of the component, so a broken one is
//! a defect of the build, which a test catches.

use serde::Deserialize;

use crate::phrase;

/// The tag of a language that nobody knows.
const UNKNOWN: &str = "und";

/// The phrases of one language; each list holds at least one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Phrases {
    /// BCP 47 tag, only its first part.
    pub language: String,
    /// The subject of a persona that speaks of itself, where another has a name; after a preposition.
    pub me: String,
    /// First words.
    pub greeting: Vec<String>,
    /// Answers to thanks.
    pub thanks: Vec<String>,
    /// Last words.
    pub goodbye: Vec<String>,
    /// What one can ask.
    pub help: Vec<String>,
    /// What this is about.
    pub about: Vec<String>,
    /// What to look at first.
    pub highlights: Vec<String>,
    /// Refusal of what the content is not about.
    pub off_topic: Vec<String>,
    /// Refusal of what may do harm.
    #[serde(rename = "unsafe")]
    pub unsafe_: Vec<String>,
    /// Asks to repeat.
    pub unclear: Vec<String>,
    /// Nothing was found.
    pub nothing: Vec<String>,
    /// A follow-up to nothing.
    pub follow_up_of_what: Vec<String>,
    /// A list that is complete, also of one.
    pub found: Vec<String>,
    /// A list that is not.
    pub some: Vec<String>,
    /// A number, and all of them.
    pub count: Vec<String>,
    /// A number, and a few examples.
    pub count_some: Vec<String>,
    /// A date.
    pub when: Vec<String>,
    /// No date.
    pub when_unknown: Vec<String>,
    /// Where there is more to read about one item.
    pub details: Vec<String>,
    /// Last words of an answer about several items.
    pub more: Vec<String>,
    /// What is between the last two of a list.
    pub last: String,
    /// How years are said.
    pub years: Years,
}

/// How years are said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Years {
    /// A single one.
    pub one: String,
    /// From one to another.
    pub span: String,
    /// From one on.
    pub open: String,
}

/// All languages but English.
#[derive(Debug)]
pub struct Languages(Vec<Phrases>);

/// What a language tag means here.
#[derive(Debug, PartialEq, Eq)]
pub enum Spoken<'l> {
    /// English, also for a language that nobody knows.
    English,
    /// Another language.
    Other(&'l Phrases),
    /// A language without phrases.
    Lacking,
}

impl Languages {
    /// Reads the built-in phrases.
    ///
    /// # Errors
    /// In words, when a data file is broken.
    pub fn built_in() -> Result<Self, String> {
        [
            include_str!("../data/languages/de.json"),
            include_str!("../data/languages/es.json"),
            include_str!("../data/languages/fr.json"),
        ]
        .into_iter()
        .map(Phrases::from_json)
        .collect::<Result<_, _>>()
        .map(Self)
    }

    /// Their tags.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|phrases| phrases.language.as_str())
    }

    /// What to speak for a BCP 47 tag.
    #[must_use]
    pub fn of(&self, tag: &str) -> Spoken<'_> {
        let language = tag.split('-').next().unwrap_or_default();
        let is = |other: &str| language.eq_ignore_ascii_case(other);
        if language.is_empty() || is("en") || is(UNKNOWN) {
            return Spoken::English;
        }
        let found = self.0.iter().find(|phrases| is(&phrases.language));
        found.map_or(Spoken::Lacking, Spoken::Other)
    }
}

impl Phrases {
    fn from_json(text: &str) -> Result<Self, String> {
        let phrases: Self = serde_json::from_str(text).map_err(|e| format!("languages: {e}"))?;
        let years = &phrases.years;
        let single = [
            (&years.one, &["from"] as &[&str]),
            (&years.span, &["from", "to"]),
            (&years.open, &["from"]),
        ];
        let wrong =
            |text: &str, why: &str| format!("languages/{}: {text:?}: {why}", phrases.language);
        for (text, values) in single {
            check(text, values).map_err(|why| wrong(text, &why))?;
        }
        for (list, values) in phrases.lists() {
            if list.is_empty() {
                return Err(wrong("", "a list is empty"));
            }
            for text in list {
                check(text, values).map_err(|why| wrong(text, &why))?;
                if !text.ends_with(['.', '?', '!']) {
                    return Err(wrong(text, "it has no end"));
                }
            }
        }
        Ok(phrases)
    }

    /// Every list, and what may be filled in.
    fn lists(&self) -> [(&[String], &'static [&'static str]); 19] {
        const WHO: &[&str] = &["speaker", "subject"];
        const NONE: &[&str] = &[];
        [
            (&self.greeting, WHO),
            (&self.thanks, NONE),
            (&self.goodbye, NONE),
            (&self.help, NONE),
            (&self.about, WHO),
            (&self.highlights, &["titles"]),
            (&self.off_topic, WHO),
            (&self.unsafe_, NONE),
            (&self.unclear, NONE),
            (&self.nothing, NONE),
            (&self.follow_up_of_what, NONE),
            (&self.found, &["titles"]),
            (&self.some, &["n", "titles"]),
            (&self.count, &["n", "titles"]),
            (&self.count_some, &["n", "titles"]),
            (&self.when, &["title", "when"]),
            (&self.when_unknown, &["title"]),
            (&self.details, NONE),
            (&self.more, NONE),
        ]
    }
}

/// As [`phrase::check`], without the English pronouns.
fn check(text: &str, values: &[&str]) -> Result<(), String> {
    phrase::check(text, values)?;
    let mut keys = text
        .split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next());
    match keys.find(|key| !values.contains(key)) {
        Some(key) => Err(format!("unknown placeholder {{{key}}}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Languages, Spoken, check};

    #[test]
    fn the_data_files_are_sound() {
        let languages = Languages::built_in().unwrap();
        assert_eq!(languages.tags().collect::<Vec<_>>(), ["de", "es", "fr"]);
    }

    #[test]
    fn a_tag_means_its_language() {
        let languages = Languages::built_in().unwrap();
        for tag in ["en", "EN-gb", "und", "", "-"] {
            assert_eq!(languages.of(tag), Spoken::English, "{tag:?}");
        }
        for (tag, language) in [
            ("de", "de"),
            ("DE-at", "de"),
            ("fr-CA", "fr"),
            ("es-419", "es"),
        ] {
            let Spoken::Other(phrases) = languages.of(tag) else {
                panic!("{tag} is not there")
            };
            assert_eq!(phrases.language, language);
        }
        for tag in ["pl", "deu", "e", "\0"] {
            assert_eq!(languages.of(tag), Spoken::Lacking, "{tag:?}");
        }
    }

    #[test]
    fn english_words_are_not_filled_in() {
        assert!(check("{titles}", &["titles"]).is_ok());
        for wrong in ["über {them}", "{name}", "{title", "{Titles}"] {
            assert!(check(wrong, &["titles"]).is_err(), "{wrong}");
        }
    }
}
