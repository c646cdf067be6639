//! Who speaks: the part of `persona.json` that a language model needs. The whole file, which `llm-template` reads and checks, is
//! described by `content/persona.schema.json`.

use std::path::Path;

use colloquy_upstream::Failure;
use serde::Deserialize;

/// Most bytes of the file.
const MOST_BYTES: usize = 256 << 10;
/// Most characters of a phrase that goes into a prompt.
const MOST_CHARACTERS: usize = 600;

/// Grammatical person of the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Person {
    /// The speaker is the subject.
    First,
    /// The speaker tells of the subject.
    Third,
}

/// Pronoun of the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pronoun {
    /// she, her
    She,
    /// he, him
    He,
    /// they, them
    They,
}

/// Whom the answers are about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subject {
    /// Full name.
    pub name: String,
    /// Pronoun in the third person.
    pub pronoun: Pronoun,
}

/// A persona.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Persona {
    /// Name of the speaker.
    pub name: String,
    /// Person of the answers.
    pub person: Person,
    /// Whom they are about.
    pub subject: Subject,
    /// Manner of speaking.
    pub style: String,
    #[serde(default)]
    about: Vec<String>,
    #[serde(default)]
    help: Vec<String>,
}

impl Persona {
    /// Reads `persona.json` of a folder. No folder is no persona: a host may have none to mount.
    ///
    /// # Errors
    /// `Unavailable` when there is a folder without a persona that can be read, with the mistake.
    pub fn load(folder: &Path) -> Result<Option<Self>, Failure> {
        if std::fs::metadata(folder).is_err() {
            return Ok(None);
        }
        let path = folder.join("persona.json");
        let unavailable = |why: String| Failure::Unavailable(format!("{}: {why}", path.display()));
        let bytes = std::fs::read(&path).map_err(|error| unavailable(error.to_string()))?;
        Self::from_json(&bytes).map(Some).map_err(unavailable)
    }

    /// Reads the bytes of a persona file; the error says what is wrong.
    ///
    /// # Errors
    /// When it is too large, no JSON, or lacks what a model needs.
    pub fn from_json(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MOST_BYTES {
            return Err(format!("more than {MOST_BYTES} bytes"));
        }
        let persona: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let all = [&persona.name, &persona.subject.name, &persona.style];
        for text in all.into_iter().chain(&persona.about).chain(&persona.help) {
            let n = text.chars().count();
            if text.trim().is_empty() || n > MOST_CHARACTERS {
                return Err(format!("a phrase with {n} characters"));
            }
        }
        Ok(persona)
    }

    /// The subject in a sentence or two.
    #[must_use]
    pub fn about(&self) -> Option<String> {
        self.about.first().map(|phrase| self.phrase(phrase))
    }

    /// What one can ask.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        self.help.first().map(|phrase| self.phrase(phrase))
    }

    /// A phrase with the subject's name and pronouns in their places.
    fn phrase(&self, phrase: &str) -> String {
        let [subjective, objective, possessive] = match (self.person, self.subject.pronoun) {
            (Person::First, _) => ["I", "me", "my"],
            (Person::Third, Pronoun::She) => ["she", "her", "her"],
            (Person::Third, Pronoun::He) => ["he", "him", "his"],
            (Person::Third, Pronoun::They) => ["they", "them", "their"],
        };
        let mut text = phrase.replace("{name}", &self.subject.name);
        for (place, word) in [
            ("they", subjective),
            ("them", objective),
            ("their", possessive),
        ] {
            text = text.replace(&format!("{{{place}}}"), word);
            text = text.replace(&format!("{{{}}}", capitalised(place)), &capitalised(word));
        }
        text
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_persona_of_the_sample_content() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content");
        let persona = Persona::load(&folder).unwrap().unwrap();
        assert_eq!(persona.subject.name, "Grace Hopper");
        let about = persona.about().unwrap();
        assert!(
            about.starts_with("Grace Hopper was") && about.contains(". She wrote"),
            "{about}"
        );
        assert!(!persona.help().unwrap().contains('{'));
    }

    #[test]
    fn a_folder_must_hold_one() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(Persona::load(&folder.join("nowhere")).unwrap(), None);
        let failure = Persona::load(folder).unwrap_err().to_string();
        assert!(failure.contains("persona.json: "), "{failure}");
        let wrong = Persona::from_json(br#"{"name":"Ruth"}"#).unwrap_err();
        assert!(wrong.contains("missing field"), "{wrong}");
    }
}
