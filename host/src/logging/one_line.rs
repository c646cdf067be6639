//! One line for each event, whatever is in it.
//!
//! Text from outside reaches the log in many places: paths, what guests print, errors of servers that were asked, traps. A line end in any
//! of it could begin a line that looks like an event of ours, and an escape sequence could do things to a terminal. So what an event has
//! of these is written as an escape here, at the one place that every event passes. For the same reason the keys that this host sends to
//! servers for its guests are left out here: a server that shows what it was sent tells them to the guest, which may print them.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

/// Keys shorter than this are left alone: they would be found in any word.
const SHORTEST_KEY: usize = 8;
/// Written for a key.
const LEFT_OUT: &str = "[key]";

/// Standard error, with a line for each write. The formatter writes each event at once, with a line end as its last byte.
pub(super) struct OneLine {
    /// The formatter's own colours are left alone. It has escaped those of others.
    colours: bool,
    /// What no line may hold.
    keys: Vec<String>,
}

impl OneLine {
    pub(super) fn new<'k>(colours: bool, keys: impl Iterator<Item = &'k str>) -> Self {
        let mut keys: Vec<String> = keys
            .filter(|key| key.len() >= SHORTEST_KEY)
            .map(str::to_owned)
            .collect();
        // Longest first, should one be the beginning of another.
        keys.sort_by_key(|key| std::cmp::Reverse(key.len()));
        Self { colours, keys }
    }
}

impl<'a> MakeWriter<'a> for OneLine {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Write for &OneLine {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut stderr = io::stderr().lock();
        match escaped(event, self.colours, &self.keys) {
            Some(line) => stderr.write_all(line.as_bytes())?,
            None => stderr.write_all(event)?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The event as one line without keys; none when it is one.
fn escaped(event: &[u8], colours: bool, keys: &[String]) -> Option<String> {
    let text = String::from_utf8_lossy(event);
    let mut shown = None;
    for key in keys.iter().filter(|key| text.contains(*key)) {
        let so_far: &str = shown.as_deref().unwrap_or(&text);
        shown = Some(so_far.replace(key, LEFT_OUT));
    }
    let text: &str = shown.as_deref().unwrap_or(&text);
    let body = text.strip_suffix('\n').unwrap_or(text);
    let is_bad = |c: char| {
        // U+2028 and U+2029 end lines, too, for some who read them.
        (c.is_control() && !(colours && c == '\u{1b}')) || matches!(c, '\u{2028}' | '\u{2029}')
    };
    if !body.contains(is_bad) {
        return shown;
    }
    let mut line = String::with_capacity(text.len() + 16);
    for c in body.chars() {
        if is_bad(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line() {
        assert_eq!(
            escaped("a plain event, with ü\n".as_bytes(), false, &[]),
            None
        );
        for (event, line) in [
            ("a\nERROR b\n", "a\\nERROR b\n"),
            ("a\r\u{85}b\n", "a\\r\\u{85}b\n"),
            ("a\u{2028}b\n", "a\\u{2028}b\n"),
            ("a\u{1b}[2Jb\n", "a\\u{1b}[2Jb\n"),
        ] {
            assert_eq!(escaped(event.as_bytes(), false, &[]).as_deref(), Some(line));
        }
        assert_eq!(escaped(b"\x1b[32m INFO\x1b[0m a\n", true, &[]), None);
        assert_eq!(escaped(b"\xff\n", false, &[]), None);
    }

    #[test]
    fn no_line_holds_a_key() {
        let keys = ["short", "sk-0123456789", "sk-0123456789ab"];
        let lines = OneLine::new(false, keys.into_iter());
        for (event, line) in [
            (
                "asked with Bearer sk-0123456789!\n",
                Some("asked with Bearer [key]!\n"),
            ),
            ("sk-0123456789ab\rsk-0123456789\n", Some("[key]\\r[key]\n")),
            ("in short\n", None),
        ] {
            assert_eq!(
                escaped(event.as_bytes(), false, &lines.keys).as_deref(),
                line
            );
        }
    }
}
