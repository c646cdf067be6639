//! The voices of a server, as an operator lists them.

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
}
