//! Tokens made of letters: acronyms, names in mixed case, letters with digits, Roman numerals, addresses.

use super::{
    item::Item,
    numbers,
    tables::{is_numbered, is_ruler},
};

/// Acronyms that are read as words. The phonemizer's lexicon knows how the unusual ones sound.
const SPOKEN: [&str; 47] = [
    "ALGOL", "APT", "ARPA", "ASCII", "AWS", "BASIC", "BINAC", "BIOS", "CAPTCHA", "CAT", "COBOL",
    "CODASYL", "CERN", "DARPA", "EBCDIC", "EDSAC", "EDVAC", "ENIAC", "FORTRAN", "GIF", "GUI",
    "JOVIAL", "JPEG", "JSON", "LAN", "LASER", "LISP", "NASA", "NATO", "NORAD", "ORDVAC", "PASCAL",
    "PIN", "RADAR", "RAM", "REST", "ROM", "SIM", "SNOBOL", "SONAR", "TOML", "UNESCO", "UNICEF",
    "UNIVAC", "WASM", "WAVES", "YAML",
];

/// Words that people write in capitals for emphasis and that are no acronyms.
const EMPHATIC: [&str; 56] = [
    "A", "ALL", "ALSO", "ALWAYS", "AN", "AND", "ANY", "ARE", "BE", "BEST", "BIG", "BOTH", "BUT",
    "BY", "CAN", "DID", "DO", "EACH", "EVEN", "EVER", "EVERY", "FIRST", "FOR", "FROM", "GOOD",
    "HAS", "HER", "IF", "IN", "IS", "JUST", "LAST", "MORE", "MOST", "MUST", "NEVER", "NEW", "NO",
    "NOT", "NOTE", "NOW", "OF", "ON", "ONE", "ONLY", "OR", "SHE", "THE", "THEN", "TO", "VERY",
    "WAS", "WILL", "WITH", "YES", "YOU",
];

/// Whole tokens with a reading of their own.
const FIXED: [(&str, &str); 26] = [
    ("&", "and"),
    ("@", "at"),
    ("+", "plus"),
    ("=", "equals"),
    ("%", "percent"),
    ("#", "number"),
    ("C++", "C plus plus"),
    ("C#", "C sharp"),
    ("F#", "F sharp"),
    (".NET", "dot net"),
    ("Node.js", "node J S"),
    ("w/", "with"),
    ("w/o", "without"),
    ("and/or", "and or"),
    ("FLOW-MATIC", "flowmatic"),
    ("MATH-MATIC", "mathmatic"),
    ("ARITH-MATIC", "arithmatic"),
    ("PL/I", "P L one"),
    ("OS/2", "O S two"),
    ("I/O", "I O"),
    ("ok", "okay"),
    ("OK", "okay"),
    ("iOS", "I O S"),
    ("macOS", "mack O S"),
    ("TV", "T V"),
    ("vs", "versus"),
];

/// The fixed reading of a whole token; single capitals in it are letters.
pub(super) fn fixed(token: &str) -> Option<Vec<Item>> {
    let (_, words) = FIXED.iter().find(|(written, _)| *written == token)?;
    Some(
        words
            .split(' ')
            .map(|word| {
                if is_capital(word) {
                    Item::letters(word)
                } else {
                    Item::word(word)
                }
            })
            .collect(),
    )
}

fn is_capital(word: &str) -> bool {
    matches!(word.as_bytes(), [b'A'..=b'Z'])
}

fn is_upper(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase())
}

/// A Roman numeral after `before`: "World War II", "Elizabeth II".
pub(super) fn roman(token: &str, before: &str) -> Option<Item> {
    let value = numbers::roman(token)?;
    if is_numbered(before) {
        return Some(Item::word(numbers::cardinal(value)));
    }
    if token.len() > 1 && is_ruler(before) {
        return Some(Item::word(format!("the {}", numbers::ordinal(value))));
    }
    // Longer numerals are hardly anything else ("Rocky III"); short ones may be initials.
    let name = before
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_uppercase())
        && before.bytes().any(|b| b.is_ascii_lowercase());
    (name && matches!(token, "II" | "III" | "VII" | "VIII" | "XII" | "XIII"))
        .then(|| Item::word(numbers::cardinal(value)))
}

/// An address of the web or of mail, read without scheme and without what follows the path.
pub(super) fn address(token: &str) -> Option<Vec<Item>> {
    let bare = token.split_once("://").map(|(_, rest)| rest);
    let bare = bare.or_else(|| token.strip_prefix("www.").map(|_| token));
    let host_like = |text: &str| {
        text.contains('.')
            && text.split('.').all(|label| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
            && text.rsplit('.').next().is_some_and(|top| {
                matches!(
                    top,
                    "com"
                        | "org"
                        | "net"
                        | "edu"
                        | "gov"
                        | "mil"
                        | "io"
                        | "dev"
                        | "ai"
                        | "uk"
                        | "de"
                )
            })
    };
    let mail = token
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    let text = match bare {
        Some(text) => text,
        None if mail || host_like(token.split('/').next().unwrap_or_default()) => token,
        None => return None,
    };
    let text = text
        .strip_prefix("www.")
        .unwrap_or(text)
        .split(['?', '#'])
        .next()
        .unwrap_or_default();
    let mut items = Vec::new();
    let mut run = String::new();
    for c in text.trim_end_matches('/').chars().chain([' ']) {
        if c.is_ascii_alphanumeric() {
            run.push(c);
            continue;
        }
        items.extend(mixed(&run));
        run.clear();
        match c {
            '.' => items.push(Item::word("dot")),
            '/' => items.push(Item::word("slash")),
            '@' => items.push(Item::word("at")),
            '-' => items.push(Item::word("dash")),
            _ => {}
        }
    }
    Some(items)
}

/// Reads a token of letters, digits, apostrophes and hyphens. `shouting` says that the whole text is in capitals.
pub(super) fn name(token: &str, shouting: bool) -> Vec<Item> {
    let pieces: Vec<&str> = token.split('-').filter(|piece| !piece.is_empty()).collect();
    if is_capital(token) && !matches!(token, "A" | "I") {
        return vec![Item::letters(token)];
    }
    let simple = |piece: &&str| {
        piece.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'')
            || (is_plain_name(piece) && pieces.len() == 1)
    };
    if pieces.iter().all(simple) {
        return vec![Item::word(pieces.join("-"))];
    }
    let mut items = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        if let (Some(_), Ok(value)) = (index.checked_sub(1), piece.parse()) {
            items.push(Item::word(if piece.len() > 4 {
                numbers::integer(piece)
            } else {
                numbers::model(value)
            }));
        } else {
            items.extend(caps(piece, shouting).unwrap_or_else(|| mixed(piece)));
        }
    }
    items
}

/// A capital and small letters, also behind "Mc", "O'" and the like.
fn is_plain_name(word: &str) -> bool {
    let rest = ["Mc", "Mac", "O'", "D'", "De", "Di", "La", "Le", "Van"]
        .iter()
        .find_map(|start| {
            word.strip_prefix(start)
                .filter(|rest| rest.bytes().next().is_some_and(|b| b.is_ascii_uppercase()))
        });
    let mut bytes = rest.unwrap_or(word).bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_lowercase() || b == b'\'')
}

/// A token in capitals, with an s in its plural or possessive.
fn caps(token: &str, shouting: bool) -> Option<Vec<Item>> {
    let (stem, plural) = match token
        .strip_suffix("'s")
        .or_else(|| token.strip_suffix("'S"))
        .or_else(|| token.strip_suffix('s'))
    {
        Some(stem) => (stem, true),
        None => (token, false),
    };
    if is_capital(stem) {
        return Some(vec![Item::Letters {
            letters: stem.into(),
            plural,
        }]);
    }
    if !is_upper(stem) {
        return None;
    }
    let ending = if plural { "'s" } else { "" };
    if SPOKEN.contains(&stem) {
        return Some(vec![Item::word(format!("{stem}{ending}"))]);
    }
    if shouting || stem.len() > 5 || EMPHATIC.contains(&stem) {
        return Some(vec![Item::word(format!(
            "{}{ending}",
            stem.to_ascii_lowercase()
        ))]);
    }
    Some(vec![Item::Letters {
        letters: stem.into(),
        plural,
    }])
}

/// A token that mixes cases or has digits: cut where the kind of character changes, and before each hump.
fn mixed(token: &str) -> Vec<Item> {
    if is_plain_name(token) {
        return vec![Item::word(token)];
    }
    let mut items = Vec::new();
    let mut run = String::new();
    let chars: Vec<char> = token
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '\'')
        .collect();
    for (i, c) in chars.iter().enumerate() {
        let last = run.chars().next_back();
        let next_is_small = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        let cut = last.is_some_and(|last| {
            last.is_ascii_digit() != c.is_ascii_digit()
                || (last.is_ascii_lowercase() && c.is_ascii_uppercase())
                // The last capital of a run begins the next word: "HTTPServer".
                || (last.is_ascii_uppercase() && c.is_ascii_uppercase() && next_is_small && chars.get(i + 1) != Some(&'s'))
        });
        if cut {
            items.extend(run_of(&run));
            run.clear();
        }
        run.push(*c);
    }
    items.extend(run_of(&run));
    items
}

fn run_of(run: &str) -> Vec<Item> {
    if run.is_empty() {
        Vec::new()
    } else if run.bytes().all(|b| b.is_ascii_digit()) {
        vec![Item::word(if run.len() > 4 {
            numbers::digits(run)
        } else {
            numbers::integer(run)
        })]
    } else if run.len() == 1 {
        vec![Item::letters(run)]
    } else {
        caps(run, false).unwrap_or_else(|| vec![Item::word(run)])
    }
}
