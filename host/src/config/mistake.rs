//! Mistakes in the configuration, told so that the reader finds and mends them: file, line, what is wrong, what was probably meant.

use std::fmt;
use std::path::{Path, PathBuf};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The configuration file.
    pub file: PathBuf,
    /// Line in it, from 1, when the mistake has a place.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for Mistake {}

impl Mistake {
    /// From what the TOML reader says about `text`.
    pub(super) fn from_toml(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| line_of(text, span.start));
        let message = error
            .message()
            .lines()
            .next()
            .unwrap_or("it cannot be read");
        let mut what = plain(message);
        if let Some(meant) = suggestion(message) {
            what = format!("{what}; did you mean `{meant}`?");
        }
        // An unknown name is told by the message itself.
        let place = line.and_then(|n| text.lines().nth(n - 1)).and_then(place);
        if let Some(place) = place.filter(|_| !message.starts_with("unknown field")) {
            what = format!("{place}: {what}");
        }
        Self {
            file: file.to_owned(),
            line,
            what,
        }
    }

    /// About a value that reads well but means nothing sensible; `key` is where it stands, such as `stage.asr.instances`.
    pub(super) fn about(file: &Path, text: &str, key: &str, what: &str) -> Self {
        Self {
            file: file.to_owned(),
            line: find(text, key),
            what: format!("{key} {what}"),
        }
    }
}

/// What the TOML reader says in words of Rust, in words of the file.
fn plain(message: &str) -> String {
    // It would quote what should not be there, and what should not be there is a key.
    if message.ends_with("expected struct Credential") {
        return "a key does not stand here: name the variable of the environment that has it, `{ env = \"NAME\" }`".to_owned();
    }
    for (rust, plain) in [
        ("usize", "a whole number"),
        ("u64", "a whole number"),
        ("u32", "a whole number"),
        ("f64", "a number"),
        ("a sequence", "a list"),
        ("a map", "a table"),
    ] {
        if let Some(said) = message.strip_suffix(&format!("expected {rust}")) {
            return format!("{said}expected {plain}");
        }
    }
    match message.rsplit_once("expected struct ") {
        Some((said, _)) => format!("{said}expected a table"),
        None => message.to_owned(),
    }
}

/// The section or the key of a line.
fn place(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with('[') {
        return Some(line);
    }
    let (key, _) = line.split_once('=')?;
    Some(key.trim())
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|&byte| byte == b'\n')
        .count()
        + 1
}

/// The line of a dotted key: that of the key itself in its section, otherwise that of the section.
fn find(text: &str, key: &str) -> Option<usize> {
    let (section, name) = key.rsplit_once('.')?;
    let mut here = false;
    let mut section_line = None;
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            here = header.trim() == section;
            if here {
                section_line = Some(n + 1);
            }
        } else if here
            && line
                .split('=')
                .next()
                .is_some_and(|left| left.trim() == name)
        {
            return Some(n + 1);
        }
    }
    section_line
}

/// For ``unknown field `a`, expected one of `b`, `c` ``: the expected name closest to the unknown one, if it is close.
fn suggestion(message: &str) -> Option<&str> {
    let mut names = message.split('`').skip(1).step_by(2);
    if !message.starts_with("unknown ") {
        return None;
    }
    let unknown = names.next()?;
    names
        .map(|name| (distance(unknown, name), name))
        .filter(|(d, name)| *d <= name.len().max(3) / 3)
        .min()
        .map(|(_, name)| name)
}

/// Insertions, deletions and replacements between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((&y, &above), &left_above) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(0);
            next.push(
                (left_above + usize::from(x != y))
                    .min(above + 1)
                    .min(left + 1),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "", 3),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("queue", "queues", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_a_close_name_is_suggested() {
        let message =
            "unknown field `instnaces`, expected one of `component`, `instances`, `queue`";
        assert_eq!(suggestion(message), Some("instances"));
        assert_eq!(
            suggestion("unknown field `zzz`, expected `component` or `queue`"),
            None
        );
        assert_eq!(
            suggestion("invalid type: string \"a\", expected `u32`"),
            None
        );
    }

    #[test]
    fn a_key_is_found_in_its_section() {
        let text = "[a]\nx = 1\n[stage.asr]\n# x\nx = 2\n";
        assert_eq!(find(text, "stage.asr.x"), Some(5));
        assert_eq!(find(text, "stage.asr.y"), Some(3));
        assert_eq!(find(text, "b.x"), None);
    }
}
