//! Server-sent events out of bytes, in whatever pieces they come (HTML standard, section 9.2.6).
//!
//! Any of LF, CR LF and CR ends a line, a byte order mark at the start is skipped, comments and fields that nobody knows are too,
//! several `data` lines are joined. What stands after the last blank line is not an event, as the standard has it. `id` and `retry` are
//! for clients that connect again, which an answer does not do: they are ignored.
//!
//! Invariant: the events do not depend on where the bytes are cut; a line and an event have a size.

/// The longest line, and the longest event. A whole answer in one event is far from it.
pub const LONGEST: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// Its name; empty for `message`, the usual one.
    pub name: String,
    /// Its data, lines joined by LF.
    pub data: String,
}

/// A line or an event longer than [`LONGEST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of more than {LONGEST} bytes")]
pub struct TooLong;

/// Reads events. Once it has failed, it must not be fed again.
#[derive(Debug, Default)]
pub struct Events {
    line: Vec<u8>,
    name: String,
    /// None before the first `data` line of an event.
    data: Option<String>,
    /// The last byte was CR: an LF after it belongs to the same end of line.
    after_cr: bool,
    /// The first line is over, so that a byte order mark is text.
    begun: bool,
}

impl Events {
    /// The events that these bytes complete.
    ///
    /// # Errors
    /// [`TooLong`]; events before it in the same bytes are lost.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => events.extend(self.end_line()?),
                _ if self.line.len() == LONGEST => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<Event>, TooLong> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = match std::mem::replace(&mut self.begun, true) {
            false => line.strip_prefix('\u{feff}').unwrap_or(&line),
            true => &line,
        };
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            return Ok(self.data.take().map(|data| Event { name, data }));
        }
        // A comment is a field without a name.
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                let length = self.data.as_ref().map_or(0, |data| data.len() + 1);
                if length + value.len() > LONGEST {
                    return Err(TooLong);
                }
                match &mut self.data {
                    Some(data) => {
                        data.push('\n');
                        data.push_str(value);
                    }
                    None => self.data = Some(value.to_owned()),
                }
            }
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.into(),
            data: data.into(),
        }
    }

    fn read(pieces: &[&[u8]]) -> Vec<Event> {
        let mut events = Events::default();
        let read = pieces.iter().map(|piece| events.feed(piece).unwrap());
        read.flatten().collect()
    }

    /// A stream with everything that the standard knows.
    const STREAM: &str = "\u{feff}data: one\n\n: a comment\n\nevent: error\ndata: {\ndata:\"a\": 1\ndata\ndata:  }\n\n\
        id: 7\nretry: 10\nunknown: x\ndata:\u{feff}zwei ä€🦋\n\n\n\nevent: lost\n\ndata: three\nevent: late\n\ndata: not complete\n";

    fn expected() -> Vec<Event> {
        vec![
            event("", "one"),
            event("error", "{\n\"a\": 1\n\n }"),
            event("", "\u{feff}zwei ä€🦋"),
            event("late", "three"),
        ]
    }

    #[test]
    fn everything_the_standard_knows_with_each_end_of_line() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = STREAM.replace('\n', end);
            assert_eq!(read(&[stream.as_bytes()]), expected(), "{end:?}");
        }
    }

    #[test]
    fn cuts_do_not_matter() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = STREAM.replace('\n', end);
            let bytes = stream.as_bytes();
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    assert_eq!(read(&pieces), expected(), "{end:?} {first} {second}");
                }
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(read(&single), expected());
        }
    }

    #[test]
    fn ends_of_lines_may_be_mixed() {
        assert_eq!(
            read(&[b"data: a\r\n\ndata: b\r\rdata: c\n\r\n"]),
            [event("", "a"), event("", "b"), event("", "c")]
        );
    }

    #[test]
    fn what_is_no_utf8_is_replaced() {
        assert_eq!(read(&[b"data: a\xffb\n\n"]), [event("", "a\u{fffd}b")]);
    }

    #[test]
    fn sizes_have_a_limit() {
        let mut events = Events::default();
        let line = [b"data:".as_slice(), &vec![b'x'; LONGEST - 5]].concat();
        assert_eq!(events.feed(&line), Ok(vec![]));
        assert_eq!(events.feed(b"x"), Err(TooLong));
        let mut events = Events::default();
        for _ in 0..1024 {
            assert_eq!(
                events.feed(format!("data:{}\n", "x".repeat(1023)).as_bytes()),
                Ok(vec![])
            );
        }
        assert_eq!(events.feed(b"data:x\n"), Err(TooLong));
        // Comments keep a connection alive for as long as they like.
        let mut events = Events::default();
        for _ in 0..100_000 {
            assert_eq!(events.feed(b": keep-alive\n\n"), Ok(vec![]));
        }
    }
}
