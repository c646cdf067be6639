//! The text of one request: escaped, in pieces that the service takes, and wrapped in SSML.
//!
//! Invariants: a piece is at most [`MAX_PIECE`] bytes as it is sent, and no character and no escape is cut; pieces joined are the text
//! but for the space between them, and for what has nothing to say.

/// Most bytes of text in one request, as it is sent.
pub const MAX_PIECE: usize = 4096;

/// Cuts a text into pieces of at most `most` bytes after escaping, at the end of a sentence if there is one, else between words, else
/// anywhere. Pieces that have nothing to say are left out.
#[must_use]
pub fn pieces(text: &str, most: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(cut(rest, most));
        if now.chars().any(char::is_alphanumeric) {
            pieces.push(escape(now.trim()));
        }
        rest = later;
    }
    pieces
}

/// Where the first piece ends; not 0.
fn cut(text: &str, most: usize) -> usize {
    let (mut n_bytes, mut word, mut sentence) = (0, None, None);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        n_bytes += escaped_len(c);
        if n_bytes > most && at > 0 {
            // A sentence that is a small part of what would fit is not worth a request of its own.
            let sentence = sentence.filter(|end| *end >= at / 2);
            return sentence.or(word).unwrap_or(at);
        }
        if c.is_whitespace() {
            let end = at + c.len_utf8();
            word = Some(end);
            if matches!(before, '.' | '!' | '?' | '…' | ':' | ';') {
                sentence = Some(end);
            }
        } else if matches!(c, '。' | '！' | '？') {
            sentence = Some(at + c.len_utf8());
        }
        before = c;
    }
    text.len()
}

fn escaped(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&apos;"),
        // No XML document may have these, not even escaped.
        '\0'..='\u{8}'
        | '\u{b}'
        | '\u{c}'
        | '\u{e}'..='\u{1f}'
        | '\u{7f}'
        | '\u{fffe}'
        | '\u{ffff}' => Some(" "),
        _ => None,
    }
}

fn escaped_len(c: char) -> usize {
    escaped(c).map_or(c.len_utf8(), str::len)
}

/// A text as it may stand in XML.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match escaped(c) {
            Some(escape) => out.push_str(escape),
            None => out.push(c),
        }
    }
    out
}

/// The document of a request. `piece` is escaped already.
#[must_use]
pub fn document(piece: &str, voice: &str, rate: f32) -> String {
    let percent = ((rate - 1.0) * 100.0).round() as i32;
    format!(
        "<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' xml:lang='en-US'><voice name='{}'>\
         <prosody pitch='+0Hz' rate='{percent:+}%' volume='+0%'>{piece}</prosody></voice></speak>",
        escape(&full_name(voice)),
    )
}

/// `en-US-EmmaNeural` as the service spells it; whatever looks otherwise is taken as it is.
#[must_use]
pub fn full_name(short: &str) -> String {
    match short.rsplit_once('-') {
        Some((locale, name)) if locale.contains('-') && !short.contains(' ') => {
            format!("Microsoft Server Speech Text to Speech Voice ({locale}, {name})")
        }
        _ => short.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unescape(text: &str) -> String {
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&apos;", "'")
            .replace("&amp;", "&")
    }

    #[test]
    fn nothing_is_lost_and_nothing_cut_whatever_the_size() {
        let text = "Fish & chips <cost> \"5\" 'quid'. Grüße aus Köln! 你好。再见。 🐟🐟🐟🐟 \
                    averyveryverylongwordwithoutanyend &&&&&&&&a End.";
        let words = |text: &str| text.split_whitespace().collect::<String>();
        for most in 8..200 {
            let pieces = pieces(text, most);
            assert!(pieces.iter().all(|piece| piece.len() <= most), "{most}");
            let joined: String = pieces.iter().map(|piece| unescape(piece)).collect();
            // What has nothing to say, such as fish alone, is left out.
            let kept = |text: &str| -> String {
                words(text)
                    .chars()
                    .filter(|c| c.is_alphanumeric())
                    .collect()
            };
            assert_eq!(kept(&joined), kept(text), "{most}");
        }
        assert_eq!(pieces(text, 4096).len(), 1);
        assert_eq!(words(&unescape(&pieces(text, 4096)[0])), words(text));
    }

    #[test]
    fn sentences_stay_together() {
        let text = "One two three. Four five six. Seven eight nine.";
        assert_eq!(
            pieces(text, 34),
            ["One two three. Four five six.", "Seven eight nine."]
        );
        assert_eq!(pieces("a b c d e f", 4), ["a b", "c d", "e f"]);
        assert!(pieces("... -- !", 4096).is_empty());
        assert!(pieces("", 4096).is_empty());
    }

    #[test]
    fn characters_that_no_document_may_have_become_spaces() {
        assert_eq!(
            escape("a\0b\u{1b}c\td\n<&>'\""),
            "a b c\td\n&lt;&amp;&gt;&apos;&quot;"
        );
    }

    #[test]
    fn the_document_says_voice_and_rate() {
        let text = document("Hi", "en-US-EmmaMultilingualNeural", 1.1);
        assert_eq!(
            text,
            "<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' xml:lang='en-US'><voice name='Microsoft Server Speech Text \
             to Speech Voice (en-US, EmmaMultilingualNeural)'><prosody pitch='+0Hz' rate='+10%' volume='+0%'>Hi</prosody></voice></speak>"
        );
        for (rate, percent) in [
            (0.5, "'-50%'"),
            (1.0, "'+0%'"),
            (2.0, "'+100%'"),
            (0.999, "'+0%'"),
        ] {
            assert!(document("Hi", "x", rate).contains(percent), "{rate}");
        }
        assert_eq!(
            full_name("zh-CN-liaoning-XiaobeiNeural"),
            "Microsoft Server Speech Text to Speech Voice (zh-CN-liaoning, XiaobeiNeural)"
        );
        assert_eq!(full_name("custom"), "custom");
        assert!(!document("Hi", "a' onload='x", 1.0).contains("' onload"));
    }
}
