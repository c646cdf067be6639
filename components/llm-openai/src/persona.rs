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

    /// A phrase with the subject's name, and pronouns and verbs that go with it, in the places of `content/persona.schema.json`.
    fn phrase(&self, phrase: &str) -> String {
        let name = ("name", self.subject.name.as_str());
        let mut text = phrase.to_owned();
        for (place, word) in self.forms().into_iter().chain([name]) {
            text = text.replace(&format!("{{{place}}}"), word);
            text = text.replace(&format!("{{{}}}", capitalised(place)), &capitalised(word));
        }
        text
    }

    /// What stands in each place but that of the name; as `llm-template` fills them.
    fn forms(&self) -> [(&'static str, &'static str); 8] {
        [
            ("they", ["I", "she", "he", "they"]),
            ("them", ["me", "her", "him", "them"]),
            ("their", ["my", "her", "his", "their"]),
            ("themselves", ["myself", "herself", "himself", "themselves"]),
            ("was", ["was", "was", "was", "were"]),
            ("am", ["am", "is", "is", "are"]),
            ("have", ["have", "has", "has", "have"]),
            ("do", ["do", "does", "does", "do"]),
        ]
        .map(|(place, [first, she, he, they])| {
            let form = match (self.person, self.subject.pronoun) {
                (Person::First, _) => first,
                (Person::Third, Pronoun::She) => she,
                (Person::Third, Pronoun::He) => he,
                (Person::Third, Pronoun::They) => they,
            };
            (place, form)
        })
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
    fn all_places_of_the_schema_are_filled() {
        let schema = include_str!("../../../content/persona.schema.json");
        let persona = |person: &str, pronoun: &str| {
            let about = "{Name}: {They} {them} {their} {themselves} {was} {am} {have} {do}.";
            let json = serde_json::json!({
                "name": "Ruth", "person": person, "style": "Plain.", "about": [about],
                "subject": { "name": "Grace", "pronoun": pronoun },
            });
            for place in about
                .split('{')
                .skip(2)
                .filter_map(|rest| rest.split('}').next())
            {
                let place = format!("{{{}}}", place.to_lowercase());
                assert!(schema.contains(&place), "{place}");
            }
            let persona = Persona::from_json(json.to_string().as_bytes());
            persona.unwrap().about().unwrap()
        };
        for (person, pronoun, expected) in [
            ("first", "she", "Grace: I me my myself was am have do."),
            (
                "third",
                "she",
                "Grace: She her her herself was is has does.",
            ),
            ("third", "he", "Grace: He him his himself was is has does."),
            (
                "third",
                "they",
                "Grace: They them their themselves were are have do.",
            ),
        ] {
            assert_eq!(persona(person, pronoun), expected);
        }
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
