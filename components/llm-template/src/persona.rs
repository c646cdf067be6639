//! Who speaks: the persona file, read and checked.
//!
//! Every field but `types` is required, so that an author notices what is missing. Mistakes are reported with their path.

use std::collections::BTreeMap;

use colloquy_preload::{FileError, Files};
use serde::Deserialize;

use crate::frames::{FRAME_VALUES, TypeFrame};
use crate::grammar::Pronoun;
use crate::phrase;

/// Most bytes of `persona.json`.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Most phrases of a list.
pub const MAX_PHRASES: usize = 50;
/// Most characters of a phrase.
pub const MAX_PHRASE: usize = 600;
/// Most characters of a name.
pub const MAX_NAME: usize = 100;

/// Why there is no persona.
#[derive(Debug, thiserror::Error)]
pub enum PersonaError {
    /// The file could not be read.
    #[error("persona.json cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("persona.json has more than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// A field is missing, unknown or of the wrong kind.
    #[error("persona.json: {0}")]
    Shape(#[from] serde_path_to_error::Error<serde_json::Error>),
    /// A value breaks a rule: path and what is wrong.
    #[error("persona.json: {0}: {1}")]
    Value(String, String),
}

/// Grammatical person of the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Person {
    /// The speaker is the subject: `I built`.
    First,
    /// The speaker tells of the subject: `she built`.
    Third,
}

/// Pronoun of the subject in the third person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectPronoun {
    /// she, her
    She,
    /// he, him
    He,
    /// they, them
    They,
}

/// Whom the answers are about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Full name.
    pub name: String,
    /// Pronoun in the third person.
    pub pronoun: SubjectPronoun,
}

/// A persona; each list holds at least one phrase.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Persona {
    #[serde(rename = "$schema", default)]
    schema: Option<String>,
    /// Name of the speaker.
    pub name: String,
    /// Person of the answers.
    pub person: Person,
    /// Whom they are about.
    pub subject: Subject,
    /// Manner of speaking, for language models; templates have theirs in the phrases.
    pub style: String,
    /// First words.
    pub greetings: Vec<String>,
    /// Questions that follow a greeting.
    pub greeting_questions: Vec<String>,
    /// Answers to thanks.
    pub thanks: Vec<String>,
    /// Last words.
    pub goodbyes: Vec<String>,
    /// What one can ask.
    pub help: Vec<String>,
    /// The subject in a sentence or two.
    pub about: Vec<String>,
    /// Refusal of what the content is not about.
    pub off_topic: Vec<String>,
    /// Refusal of what may do harm.
    #[serde(rename = "unsafe")]
    pub unsafe_: Vec<String>,
    /// Asks to repeat.
    pub unclear: Vec<String>,
    /// Nothing was found.
    pub nothing: Vec<String>,
    /// What to ask instead.
    pub suggestions: Vec<String>,
    /// First words of an answer.
    pub openings: Vec<String>,
    /// Last words of an answer about one thing.
    pub closing_questions: Vec<String>,
    /// Last words of an answer about several things.
    pub list_questions: Vec<String>,
    /// Frames for item types, in place of the built-in ones.
    #[serde(default)]
    pub types: BTreeMap<String, TypeFrame>,
}

impl Persona {
    /// Reads `persona.json`.
    ///
    /// # Errors
    /// [`PersonaError`]
    pub fn read(files: &Files) -> Result<Self, PersonaError> {
        let bytes = files
            .read("persona.json", MAX_FILE_BYTES)
            .map_err(|error| match error {
                FileError::Read { source, .. } => PersonaError::Unreadable(source),
                FileError::TooLarge { .. } => PersonaError::TooLarge,
            })?;
        Self::from_json(&bytes)
    }

    /// Reads the bytes of a persona file.
    ///
    /// # Errors
    /// [`PersonaError`], with the path of the first mistake.
    pub fn from_json(bytes: &[u8]) -> Result<Self, PersonaError> {
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
            return Err(PersonaError::TooLarge);
        }
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let persona: Self = serde_path_to_error::deserialize(&mut json)?;
        persona.check()?;
        Ok(persona)
    }

    /// The pronoun that answers use for the subject.
    #[must_use]
    pub fn pronoun(&self) -> Pronoun {
        match (self.person, self.subject.pronoun) {
            (Person::First, _) => Pronoun::I,
            (Person::Third, SubjectPronoun::She) => Pronoun::She,
            (Person::Third, SubjectPronoun::He) => Pronoun::He,
            (Person::Third, SubjectPronoun::They) => Pronoun::They,
        }
    }

    fn check(&self) -> Result<(), PersonaError> {
        for (path, text) in [("name", &self.name), ("subject.name", &self.subject.name)] {
            check_text(path, text, MAX_NAME)?;
        }
        check_text("style", &self.style, MAX_PHRASE)?;
        for (key, phrases) in self.lists() {
            if phrases.is_empty() || phrases.len() > MAX_PHRASES {
                return Err(PersonaError::Value(
                    key.to_owned(),
                    format!("{} phrases, expected 1 to {MAX_PHRASES}", phrases.len()),
                ));
            }
            for (i, text) in phrases.iter().enumerate() {
                let path = format!("{key}[{i}]");
                check_text(&path, text, MAX_PHRASE)?;
                phrase::check(text, &[])
                    .map_err(|wrong| PersonaError::Value(path.clone(), wrong))?;
                if !text.ends_with(['.', '?', '!']) {
                    return Err(PersonaError::Value(
                        path,
                        "must end with a full stop, a question mark or an exclamation mark"
                            .to_owned(),
                    ));
                }
            }
        }
        for (name, frame) in &self.types {
            phrase::check(&frame.frame, FRAME_VALUES)
                .map_err(|wrong| PersonaError::Value(format!("types.{name}.frame"), wrong))?;
        }
        Ok(())
    }

    fn lists(&self) -> [(&'static str, &Vec<String>); 14] {
        [
            ("greetings", &self.greetings),
            ("greetingQuestions", &self.greeting_questions),
            ("thanks", &self.thanks),
            ("goodbyes", &self.goodbyes),
            ("help", &self.help),
            ("about", &self.about),
            ("offTopic", &self.off_topic),
            ("unsafe", &self.unsafe_),
            ("unclear", &self.unclear),
            ("nothing", &self.nothing),
            ("suggestions", &self.suggestions),
            ("openings", &self.openings),
            ("closingQuestions", &self.closing_questions),
            ("listQuestions", &self.list_questions),
        ]
    }
}

fn check_text(path: &str, text: &str, max: usize) -> Result<(), PersonaError> {
    let n = text.chars().count();
    let wrong = if text.trim().is_empty() {
        "expected some text, found an empty string".to_owned()
    } else if n > max {
        format!("{n} characters, at most {max} are allowed")
    } else {
        return Ok(());
    };
    Err(PersonaError::Value(path.to_owned(), wrong))
}
