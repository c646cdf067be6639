//! Splits text into normalised words.
//!
//! A word is a run of letters and digits, lower case, with the accents of Latin letters removed; the ending of a contraction
//! (`she's`, `we'll`) is written out or dropped, so text from speech recognition and text from a keyboard come out the same.

/// A word and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Normalised form, never empty.
    pub text: String,
    /// Byte offset of its first byte in the text.
    pub start: usize,
    /// Byte offset after its last byte.
    pub end: usize,
}

/// All words of a text, in order.
#[must_use]
pub fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut previous_end_was_apostrophe = false;
    let mut word: Option<Token> = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if c.is_alphanumeric() {
            let word = word.get_or_insert_with(|| Token {
                text: String::new(),
                start: at,
                end,
            });
            push_folded(&mut word.text, c);
            word.end = end;
            continue;
        }
        // An accent may come apart from its letter, as some systems write it; it is none of its own.
        if let Some(word) = &mut word
            && matches!(c, '\u{300}'..='\u{36f}')
        {
            word.end = end;
            continue;
        }
        let apostrophe = matches!(c, '\'' | '\u{2019}');
        if let Some(done) = word.take() {
            keep(&mut tokens, done, previous_end_was_apostrophe);
        }
        previous_end_was_apostrophe =
            apostrophe && tokens.last().is_some_and(|token| token.end == at);
    }
    if let Some(done) = word {
        keep(&mut tokens, done, previous_end_was_apostrophe);
    }
    tokens
}

/// Normalised words only.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    tokenize(text).into_iter().map(|token| token.text).collect()
}

/// Adds a word. The ending of a contraction becomes the word it stands for where that is certain, and is dropped otherwise
/// (`Grace's`); recognisers write `what s` without the apostrophe.
fn keep(tokens: &mut Vec<Token>, mut token: Token, after_apostrophe: bool) {
    const BEFORE_IS: [&str; 14] = [
        "what", "who", "where", "when", "how", "why", "that", "it", "there", "here", "she", "he",
        "this", "name",
    ];
    const ENDINGS: [(&str, &str); 7] = [
        ("s", ""),
        ("re", "are"),
        ("ll", "will"),
        ("ve", "have"),
        ("d", "would"),
        ("m", "am"),
        ("t", ""),
    ];
    let is_verb = token.text == "s"
        && tokens
            .last()
            .is_some_and(|before| BEFORE_IS.contains(&before.text.as_str()));
    if is_verb {
        token.text = "is".to_owned();
    } else if after_apostrophe
        && let Some((_, full)) = ENDINGS.iter().find(|(ending, _)| *ending == token.text)
    {
        token.text = (*full).to_owned();
    }
    if !token.text.is_empty() {
        tokens.push(token);
    }
}

fn push_folded(into: &mut String, c: char) {
    for c in c.to_lowercase() {
        match c {
            'à'..='å' => into.push('a'),
            'ç' => into.push('c'),
            'è'..='ë' => into.push('e'),
            'ì'..='ï' => into.push('i'),
            'ñ' => into.push('n'),
            'ò'..='ö' | 'ø' => into.push('o'),
            'ù'..='ü' => into.push('u'),
            'ý' | 'ÿ' => into.push('y'),
            'ß' => into.push_str("ss"),
            'æ' => into.push_str("ae"),
            // Lower-casing can leave a combining mark behind (Turkish dotted I), which is not part of a word.
            c if c.is_alphanumeric() => into.push(c),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_the_same_however_they_were_written() {
        let cases: [(&str, &[&str]); 8] = [
            ("What's FLOW-MATIC?", &["what", "is", "flow", "matic"]),
            ("what s Grace's idea", &["what", "is", "grace", "idea"]),
            (
                "She didn\u{2019}t; we'll see",
                &["she", "didn", "we", "will", "see"],
            ),
            ("the '40s and 1950s", &["the", "40s", "and", "1950s"]),
            ("Øystein Ore", &["oystein", "ore"]),
            // Letter and accent apart.
            ("the re\u{301}sume\u{301}", &["the", "resume"]),
            ("  --  ", &[]),
            ("A-0", &["a", "0"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn offsets_point_at_the_words() {
        let text = "Über  co-bol! Cafe\u{301}.";
        let found: Vec<&str> = super::tokenize(text)
            .iter()
            .map(|t| &text[t.start..t.end])
            .collect();
        assert_eq!(found, ["Über", "co", "bol", "Cafe\u{301}"]);
    }
}
