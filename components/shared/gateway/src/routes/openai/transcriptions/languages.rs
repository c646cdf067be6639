//! Names of languages, for the one place where the interface wants a name instead of a tag.
//!
//! The list is of the languages that Whisper knows, each tag with its English name.

const NAMES: &str = "en english zh chinese de german es spanish ru russian ko korean fr french ja japanese pt portuguese tr turkish \
    pl polish ca catalan nl dutch ar arabic sv swedish it italian id indonesian hi hindi fi finnish vi vietnamese he hebrew \
    uk ukrainian el greek ms malay cs czech ro romanian da danish hu hungarian ta tamil no norwegian th thai ur urdu hr croatian \
    bg bulgarian lt lithuanian la latin mi maori ml malayalam cy welsh sk slovak te telugu fa persian lv latvian bn bengali \
    sr serbian az azerbaijani sl slovenian kn kannada et estonian mk macedonian br breton eu basque is icelandic hy armenian \
    ne nepali mn mongolian bs bosnian kk kazakh sq albanian sw swahili gl galician mr marathi pa punjabi si sinhala km khmer \
    sn shona yo yoruba so somali af afrikaans oc occitan ka georgian be belarusian tg tajik sd sindhi gu gujarati am amharic \
    yi yiddish lo lao uz uzbek fo faroese ps pashto tk turkmen nn nynorsk mt maltese sa sanskrit lb luxembourgish my myanmar \
    bo tibetan tl tagalog mg malagasy as assamese tt tatar haw hawaiian ln lingala ha hausa ba bashkir jw javanese jv javanese \
    su sundanese yue cantonese";

/// The English name of a language in lower case; the tag itself when it is not known.
pub(super) fn name(tag: &str) -> &str {
    let language = tag.split('-').next().unwrap_or(tag);
    let mut words = NAMES.split_whitespace();
    while let (Some(known), Some(name)) = (words.next(), words.next()) {
        if known.eq_ignore_ascii_case(language) {
            return name;
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_a_name_or_stays() {
        assert_eq!(name("en"), "english");
        assert_eq!(name("de-AT"), "german");
        assert_eq!(name("yue"), "cantonese");
        assert_eq!(name("und"), "und");
        assert!(NAMES.split_whitespace().count().is_multiple_of(2));
    }
}
