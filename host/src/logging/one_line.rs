//! One line for each event, whatever is in it.
//!
//! Text from outside reaches the log in many places: paths, what guests print, errors of servers that were asked, traps. A line end in any
//! of it could begin a line that looks like an event of ours, and an escape sequence could do things to a terminal. So what an event has
//! of these is written as an escape here, at the one place that every event passes.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

/// Standard error, with a line for each write. The formatter writes each event at once, with a line end as its last byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct OneLine {
    /// The formatter's own colours are left alone. It has escaped those of others.
    pub(super) colours: bool,
}

impl<'a> MakeWriter<'a> for OneLine {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

impl Write for OneLine {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut stderr = io::stderr().lock();
        match escaped(event, self.colours) {
            Some(line) => stderr.write_all(line.as_bytes())?,
            None => stderr.write_all(event)?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The event as one line; none when it is one.
fn escaped(event: &[u8], colours: bool) -> Option<String> {
    let text = String::from_utf8_lossy(event);
    let body = text.strip_suffix('\n').unwrap_or(&text);
    let is_bad = |c: char| {
        // U+2028 and U+2029 end lines, too, for some who read them.
        (c.is_control() && !(colours && c == '\u{1b}')) || matches!(c, '\u{2028}' | '\u{2029}')
    };
    if !body.contains(is_bad) {
        return None;
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
        assert_eq!(escaped("a plain event, with ü\n".as_bytes(), false), None);
        for (event, line) in [
            ("a\nERROR b\n", "a\\nERROR b\n"),
            ("a\r\u{85}b\n", "a\\r\\u{85}b\n"),
            ("a\u{2028}b\n", "a\\u{2028}b\n"),
            ("a\u{1b}[2Jb\n", "a\\u{1b}[2Jb\n"),
        ] {
            assert_eq!(escaped(event.as_bytes(), false).as_deref(), Some(line));
        }
        assert_eq!(escaped(b"\x1b[32m INFO\x1b[0m a\n", true), None);
        assert_eq!(escaped(b"\xff\n", false), None);
    }
}
