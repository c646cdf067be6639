//! The voices, as an operator lists them, or as the service lists them in a file.

use colloquy_upstream::voices::{self, Voice};
use serde::Deserialize;

/// Most voices in a list; the service has some hundreds.
const MAX_VOICES: usize = 5_000;

/// The voices without any setting: multilingual ones, which speak most European languages.
pub const DEFAULT: &str = "en-US-EmmaMultilingualNeural|en-US|female|Emma,en-US-AndrewMultilingualNeural|en-US|male|Andrew,\
     en-GB-SoniaNeural|en-GB|female|Sonia,de-DE-SeraphinaMultilingualNeural|de-DE|female|Seraphina,\
     fr-FR-VivienneMultilingualNeural|fr-FR|female|Vivienne,es-ES-ElviraNeural|es-ES|female|Elvira,\
     it-IT-GiuseppeMultilingualNeural|it-IT|male|Giuseppe";

/// Why a list is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadList {
    /// As any list of voices.
    #[error(transparent)]
    List(#[from] voices::BadList),
    /// A file that is not what the service lists.
    #[error("is not a JSON array of voices with ShortName, Gender, Locale and FriendlyName")]
    NoJson,
    /// No voice.
    #[error("has no voice")]
    Empty,
    /// Too many.
    #[error("has more than 5,000 voices")]
    TooMany,
}

/// Reads `name|locale|gender|display name, ...`; what is left out after the name is taken from it or is unknown.
///
/// # Errors
/// When an entry has no name or a gender that is none, a name is there twice, or there is none.
pub fn parse(list: &str) -> Result<Vec<Voice>, BadList> {
    let mut voices = voices::parse(list)?;
    for voice in &mut voices {
        if voice.locale == "und" {
            voice.locale = locale(&voice.name);
        }
    }
    checked(voices)
}

/// A voice in the service's own list.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    short_name: String,
    #[serde(default)]
    gender: String,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
    friendly_name: Option<String>,
}

/// Reads what the service answers when it is asked for its voices.
///
/// # Errors
/// When it is something else, or has no voice.
pub fn parse_json(text: &str) -> Result<Vec<Voice>, BadList> {
    let listed: Vec<Listed> = serde_json::from_str(text).map_err(|_| BadList::NoJson)?;
    let voices = listed.into_iter().map(|listed| {
        let gender = listed.gender.to_ascii_lowercase();
        let known = ["female", "male"].contains(&gender.as_str());
        Voice {
            locale: listed.locale.unwrap_or_else(|| locale(&listed.short_name)),
            gender: if known { gender } else { "unknown".to_owned() },
            display_name: listed
                .friendly_name
                .unwrap_or_else(|| listed.short_name.clone()),
            name: listed.short_name,
        }
    });
    checked(voices.collect())
}

fn checked(voices: Vec<Voice>) -> Result<Vec<Voice>, BadList> {
    if voices.len() > MAX_VOICES {
        return Err(BadList::TooMany);
    }
    let mut names: Vec<_> = voices.iter().map(|voice| voice.name.trim()).collect();
    names.sort_unstable();
    let twice = names.windows(2).any(|pair| pair.first() == pair.last());
    match names.first() {
        None => Err(BadList::Empty),
        Some(&"") => Err(voices::BadList::NoName.into()),
        _ if twice => Err(voices::BadList::Twice.into()),
        _ => Ok(voices),
    }
}

/// `en-US` of `en-US-EmmaNeural`.
fn locale(name: &str) -> String {
    match name.rsplit_once('-') {
        Some((locale, _)) if locale.contains('-') => locale.to_owned(),
        _ => "und".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_taken_from_the_name() {
        let voices = parse("en-GB-RyanNeural, de-DE-KatjaNeural||Female|Katja, x").unwrap();
        let told: Vec<_> = voices
            .iter()
            .map(|v| [&v.name, &v.locale, &v.gender, &v.display_name].map(String::as_str))
            .collect();
        assert_eq!(
            told,
            [
                ["en-GB-RyanNeural", "en-GB", "unknown", "en-GB-RyanNeural"],
                ["de-DE-KatjaNeural", "de-DE", "female", "Katja"],
                ["x", "und", "unknown", "x"],
            ]
        );
        assert_eq!(parse(DEFAULT).unwrap().len(), 7);
    }

    #[test]
    fn the_services_own_list_can_be_read() {
        let list = r#"[{"Name":"Microsoft Server Speech Text to Speech Voice (en-US, AvaNeural)","ShortName":"en-US-AvaNeural",
            "Gender":"Female","Locale":"en-US","SuggestedCodec":"audio-24khz-48kbitrate-mono-mp3",
            "FriendlyName":"Microsoft Ava Online (Natural) - English (United States)","Status":"GA",
            "VoiceTag":{"ContentCategories":["Conversation"],"VoicePersonalities":["Caring"]}}]"#;
        let voices = parse_json(list).unwrap();
        let expected = Voice {
            name: "en-US-AvaNeural".to_owned(),
            locale: "en-US".to_owned(),
            gender: "female".to_owned(),
            display_name: "Microsoft Ava Online (Natural) - English (United States)".to_owned(),
        };
        assert_eq!(voices, [expected]);
        assert_eq!(parse_json("{}"), Err(BadList::NoJson));
        assert_eq!(parse_json("[]"), Err(BadList::Empty));
        assert_eq!(
            parse_json(r#"[{"ShortName":""}]"#),
            Err(voices::BadList::NoName.into())
        );
    }

    #[test]
    fn mistakes_are_told() {
        assert_eq!(parse("a,|en"), Err(voices::BadList::NoName.into()));
        assert_eq!(parse("a,b,a"), Err(voices::BadList::Twice.into()));
        assert_eq!(parse("a|en|robot"), Err(voices::BadList::Gender.into()));
        assert_eq!(parse(" , "), Err(BadList::Empty));
    }
}
