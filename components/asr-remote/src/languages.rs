//! Languages: what callers ask for as BCP 47 tags, what the interface takes as ISO 639-1, and what servers answer, which may be either
//! the code or the English name.

#[rustfmt::skip]
/// Whisper's languages (tokenizer.py of openai-whisper) with the names that OpenAI's and Groq's servers answer.
const NAMES: [(&str, &str); 111] = [
    ("en", "english"), ("zh", "chinese"), ("de", "german"), ("es", "spanish"), ("ru", "russian"), ("ko", "korean"),
    ("fr", "french"), ("ja", "japanese"), ("pt", "portuguese"), ("tr", "turkish"), ("pl", "polish"), ("ca", "catalan"),
    ("nl", "dutch"), ("ar", "arabic"), ("sv", "swedish"), ("it", "italian"), ("id", "indonesian"), ("hi", "hindi"),
    ("fi", "finnish"), ("vi", "vietnamese"), ("he", "hebrew"), ("uk", "ukrainian"), ("el", "greek"), ("ms", "malay"),
    ("cs", "czech"), ("ro", "romanian"), ("da", "danish"), ("hu", "hungarian"), ("ta", "tamil"), ("no", "norwegian"),
    ("th", "thai"), ("ur", "urdu"), ("hr", "croatian"), ("bg", "bulgarian"), ("lt", "lithuanian"), ("la", "latin"),
    ("mi", "maori"), ("ml", "malayalam"), ("cy", "welsh"), ("sk", "slovak"), ("te", "telugu"), ("fa", "persian"),
    ("lv", "latvian"), ("bn", "bengali"), ("sr", "serbian"), ("az", "azerbaijani"), ("sl", "slovenian"), ("kn", "kannada"),
    ("et", "estonian"), ("mk", "macedonian"), ("br", "breton"), ("eu", "basque"), ("is", "icelandic"), ("hy", "armenian"),
    ("ne", "nepali"), ("mn", "mongolian"), ("bs", "bosnian"), ("kk", "kazakh"), ("sq", "albanian"), ("sw", "swahili"),
    ("gl", "galician"), ("mr", "marathi"), ("pa", "punjabi"), ("si", "sinhala"), ("km", "khmer"), ("sn", "shona"),
    ("yo", "yoruba"), ("so", "somali"), ("af", "afrikaans"), ("oc", "occitan"), ("ka", "georgian"), ("be", "belarusian"),
    ("tg", "tajik"), ("sd", "sindhi"), ("gu", "gujarati"), ("am", "amharic"), ("yi", "yiddish"), ("lo", "lao"),
    ("uz", "uzbek"), ("fo", "faroese"), ("ht", "haitian creole"), ("ps", "pashto"), ("tk", "turkmen"), ("nn", "nynorsk"),
    ("mt", "maltese"), ("sa", "sanskrit"), ("lb", "luxembourgish"), ("my", "myanmar"), ("bo", "tibetan"), ("tl", "tagalog"),
    ("mg", "malagasy"), ("as", "assamese"), ("tt", "tatar"), ("haw", "hawaiian"), ("ln", "lingala"), ("ha", "hausa"),
    ("ba", "bashkir"), ("jv", "javanese"), ("su", "sundanese"), ("yue", "cantonese"),
    // Other names for some of them.
    ("my", "burmese"), ("ca", "valencian"), ("nl", "flemish"), ("ht", "haitian"), ("lb", "letzeburgesch"), ("ps", "pushto"),
    ("pa", "panjabi"), ("ro", "moldovan"), ("si", "sinhalese"), ("es", "castilian"), ("zh", "mandarin"),
];
/// Whisper's code that BCP 47 has another tag for.
const JAVANESE: (&str, &str) = ("jw", "jv");
/// The tag of a language that nobody told.
pub const UNDETERMINED: &str = "und";

/// The primary subtag of a BCP 47 tag, in lower case; none when the text is no tag.
#[must_use]
pub fn primary(tag: &str) -> Option<String> {
    let primary = tag.split(['-', '_']).next()?.to_ascii_lowercase();
    let is_tag =
        (2..=8).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    is_tag.then_some(primary)
}

/// The tag of what a server calls a language; `und` when nobody knows it.
#[must_use]
pub fn tag(called: &str) -> String {
    let called = called.trim().to_lowercase();
    if let Some((tag, _)) = NAMES.iter().find(|(_, name)| *name == called) {
        return (*tag).to_owned();
    }
    match primary(&called) {
        Some(code) if code == JAVANESE.0 => JAVANESE.1.to_owned(),
        // Codes have two or three letters; a longer word is a name that is not in the list.
        Some(code) if code.len() <= 3 => code,
        _ => UNDETERMINED.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_become_tags() {
        for (called, expected) in [
            ("english", "en"),
            ("English", "en"),
            ("en", "en"),
            ("EN-us", "en"),
            ("jw", "jv"),
            ("Haitian Creole", "ht"),
            ("castilian", "es"),
            ("yue", "yue"),
            ("klingon", "und"),
            ("", "und"),
            ("<unk>", "und"),
        ] {
            assert_eq!(tag(called), expected, "{called}");
        }
    }

    #[test]
    fn tags_are_told_from_other_texts() {
        assert_eq!(primary("de-AT").as_deref(), Some("de"));
        assert_eq!(primary("zh_Hant").as_deref(), Some("zh"));
        for text in ["", "-", "e", "12", "english language", "日本"] {
            assert_eq!(primary(text), None, "{text}");
        }
    }
}
