//! The voices of a server, as an operator lists them, the languages they speak, and the one that a caller wants.

use crate::failure::Failure;

/// A voice of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// What the server takes.
    pub name: String,
    /// BCP 47 tag, `und` when it is not said.
    pub locale: String,
    /// `female`, `male` or `unknown`.
    pub gender: String,
    /// For people.
    pub display_name: String,
}

/// Why a list is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadList {
    /// A voice without a name.
    #[error("has a voice without a name")]
    NoName,
    /// The same name twice.
    #[error("has the same voice twice")]
    Twice,
    /// Something else than a gender.
    #[error("has a gender that is none of female, male and unknown")]
    Gender,
}

/// Reads `name|locale|gender|display name, ...`, where everything after the name may be left out.
///
/// # Errors
/// When an entry has no name or a gender that is none, or a name is there twice.
pub fn parse(list: &str) -> Result<Vec<Voice>, BadList> {
    let mut voices: Vec<Voice> = Vec::new();
    for entry in list.split(',').filter(|entry| !entry.trim().is_empty()) {
        let mut fields = entry.splitn(4, '|').map(str::trim);
        let mut field = || fields.next().filter(|field| !field.is_empty());
        let name = field().ok_or(BadList::NoName)?.to_owned();
        let locale = field().unwrap_or("und").to_owned();
        let gender = field().unwrap_or("unknown").to_ascii_lowercase();
        let display_name = field().unwrap_or(&name).to_owned();
        if !["female", "male", "unknown"].contains(&gender.as_str()) {
            return Err(BadList::Gender);
        }
        if voices.iter().any(|other| other.name == name) {
            return Err(BadList::Twice);
        }
        voices.push(Voice {
            name,
            locale,
            gender,
            display_name,
        });
    }
    Ok(voices)
}

/// The voice of that name; for none the default one, which is the first.
///
/// # Errors
/// `Unsupported` when it is not there.
pub fn choose<'v>(voices: &'v [Voice], name: Option<&str>) -> Result<&'v Voice, Failure> {
    let found = match name {
        Some(name) => voices.iter().find(|voice| voice.name == name),
        None => voices.first(),
    };
    found.ok_or_else(|| {
        let shown: String = name.unwrap_or_default().chars().take(60).collect();
        Failure::Unsupported(format!("there is no voice {shown:?}"))
    })
}

/// The languages of all voices, each once and in order; an unknown one is none.
#[must_use]
pub fn languages(voices: &[Voice]) -> Vec<String> {
    let mut languages: Vec<_> = voices.iter().map(|voice| voice.locale.clone()).collect();
    languages.sort();
    languages.dedup();
    languages.retain(|tag| tag != "und");
    languages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_unknown() {
        let voices = parse("alloy, nova|en-US, af_sky|en-US|Female|Sky (soft)|er,x|||Ex,").unwrap();
        let told: Vec<_> = voices
            .iter()
            .map(|v| [&v.name, &v.locale, &v.gender, &v.display_name].map(String::as_str))
            .collect();
        assert_eq!(
            told,
            [
                ["alloy", "und", "unknown", "alloy"],
                ["nova", "en-US", "unknown", "nova"],
                ["af_sky", "en-US", "female", "Sky (soft)|er"],
                ["x", "und", "unknown", "Ex"],
            ]
        );
        assert_eq!(parse(""), Ok(Vec::new()));
    }

    #[test]
    fn mistakes_are_told() {
        assert_eq!(parse("a,|en"), Err(BadList::NoName));
        assert_eq!(parse("a,b,a"), Err(BadList::Twice));
        assert_eq!(parse("a|en|robot"), Err(BadList::Gender));
    }

    #[test]
    fn a_voice_is_found_by_its_very_name() {
        let voices = parse("b,a").unwrap();
        let chosen = |name| choose(&voices, name).map(|voice| voice.name.as_str());
        assert_eq!(chosen(None), Ok("b"));
        assert_eq!(chosen(Some("a")), Ok("a"));
        let unknown = format!("A{}", "x".repeat(100));
        let Err(Failure::Unsupported(text)) = chosen(Some(&unknown)) else {
            panic!("there is no such voice")
        };
        assert_eq!(text, format!("there is no voice \"A{}\"", "x".repeat(59)));
        assert!(choose(&[], None).is_err());
    }

    #[test]
    fn languages_are_told_once() {
        let voices = parse("a|fr-FR,b|de-DE,c,d|fr-FR").unwrap();
        assert_eq!(languages(&voices), ["de-DE", "fr-FR"]);
    }
}
