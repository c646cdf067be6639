//! What a server said, made fit for the log: without keys, and short.
//!
//! A server may repeat what it was sent. The stage knows its own key; one that the host put into the request it can only guess, so the
//! value of everything that looks like an `Authorization` header or a bearer token goes, too. The host looks for its own keys once more,
//! which works only with whole ones: a text ends between two words.

/// What stands for a key.
pub(crate) const KEY: &str = "(key)";
/// Words before a key. `proxy-authorization` and `x-api-key` end in one of them.
const NAMES: [&str; 5] = [TOKEN, "authorization", "api-key", "api_key", "apikey"];
/// The one that has a token behind it; the others have values.
const TOKEN: &str = "bearer";

/// A text without the values of headers that carry keys, and without bearer tokens.
pub(crate) fn without_keys(text: &str) -> String {
    // As long as the text, byte by byte: only ASCII letters change.
    let lower = text.to_ascii_lowercase();
    let mut all = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((from, to)) = next_key(&lower, at) {
        all += text.get(at..from).unwrap_or_default();
        all += KEY;
        at = to;
    }
    all + text.get(at..).unwrap_or_default()
}

/// The first characters of a text, up to the end of a word. A text that is not `whole` lacks its end, which may be in mid-word.
pub(crate) fn beginning(text: &str, most: usize, whole: bool) -> &str {
    let cut = text.char_indices().nth(most).map(|(at, _)| at);
    if cut.is_none() && whole {
        return text;
    }
    let text = text.get(..cut.unwrap_or(text.len())).unwrap_or_default();
    let end = text
        .char_indices()
        .rev()
        .find(|(_, c)| c.is_whitespace() || c.is_control() || "\"'`<>,".contains(*c));
    let end = end.map_or(0, |(at, c)| at + c.len_utf8());
    text.get(..end).unwrap_or_default()
}

/// Where the next key begins and ends. One pass: a server decides what is looked at.
fn next_key(lower: &str, from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        let (n, name) = next_name(lower.get(at..)?)?;
        at += n + name.len();
        let rest = lower.get(at..)?;
        let found = if name == TOKEN {
            token_after(rest)
        } else {
            value_after(rest)
        };
        if let Some((begin, end)) = found {
            return Some((at + begin, at + end));
        }
    }
}

fn next_name(text: &str) -> Option<(usize, &'static str)> {
    text.char_indices().find_map(|(at, _)| {
        let rest = text.get(at..)?;
        let mut names = NAMES.into_iter();
        Some((at, names.find(|name| rest.starts_with(name))?))
    })
}

/// The token behind the word `bearer`.
fn token_after(rest: &str) -> Option<(usize, usize)> {
    let begin = rest.len() - skipped(rest).len();
    let token = rest.get(begin..)?;
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let n = token.find(|c| !is_token(c)).unwrap_or(token.len());
    (begin > 0 && n > 0).then_some((begin, begin + n))
}

/// The value behind the name of a header, or of a field, up to the end of the line, of the quotes, or of the item.
fn value_after(rest: &str) -> Option<(usize, usize)> {
    let begin = rest.len() - skipped(rest).len();
    if !rest.get(..begin)?.contains([':', '=']) {
        return None;
    }
    let value = rest.get(begin..)?;
    let ends = ['\n', '\r', '"', '\'', '\\', ',', ';', '&', '}', ']', '<'];
    let n = value.find(ends).unwrap_or(value.len());
    (n > 0).then_some((begin, begin + n))
}

/// A text without what may stand between a name and its value, in headers, JSON (also within JSON), forms and addresses.
fn skipped(mut text: &str) -> &str {
    loop {
        let rest = text.trim_start_matches([' ', '\t', ':', '=', '"', '\'', '\\', '+', '[']);
        let rest = rest.strip_prefix("%20").unwrap_or(rest);
        if rest.len() == text.len() {
            return rest;
        }
        text = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_is_left_out() {
        for (said, expected) in [
            ("Authorization: Bearer sk-1.a_b~+/=", "Authorization: (key)"),
            ("no such BEARER sk-1, sorry", "no such BEARER (key), sorry"),
            (
                "authorization: Basic dTpw\r\nhost: x",
                "authorization: (key)\r\nhost: x",
            ),
            (
                r#"{"headers":{"Authorization":"Bearer sk-1","a":1}}"#,
                r#"{"headers":{"Authorization":"(key)","a":1}}"#,
            ),
            (
                r#"{"echo":"{\"authorization\": [\"Bearer sk-1\"]}"}"#,
                r#"{"echo":"{\"authorization\": [\"(key)\"]}"}"#,
            ),
            (
                "[b'authorization', b'Bearer sk-1']",
                "[b'authorization', b'Bearer (key)']",
            ),
            ("X-API-Key: sk-1", "X-API-Key: (key)"),
            ("?api_key=sk-1&q", "?api_key=(key)&q"),
            ("Bearer%20sk-1 Bearer sk-2", "Bearer%20(key) Bearer (key)"),
            ("größe: Bearer sk-1 größe", "größe: Bearer (key) größe"),
            // Nothing to hide.
            (
                "The authorization header is missing.",
                "The authorization header is missing.",
            ),
            ("forbearers", "forbearers"),
            ("Bearer", "Bearer"),
            ("authorization:", "authorization:"),
            ("", ""),
        ] {
            assert_eq!(without_keys(said), expected);
            assert_eq!(without_keys(expected), expected, "a second time");
        }
    }

    #[test]
    fn a_text_ends_between_two_words() {
        for (most, whole, expected) in [
            (99, true, "the key sk-1-2"),
            (99, false, "the key "),
            (10, true, "the key "),
            (8, true, "the key "),
            (2, true, ""),
        ] {
            assert_eq!(beginning("the key sk-1-2", most, whole), expected);
        }
        assert_eq!(beginning("ä ö ü", 4, true), "ä ö ");
        assert_eq!(beginning("", 4, false), "");
    }
}
