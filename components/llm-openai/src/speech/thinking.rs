//! Thoughts between tags, which some servers leave in the text.
//!
//! Only pairs are recognised. A server whose template opens the thoughts itself sends the closing tag alone, when they have been spoken
//! already; it must be told to part them from the text (`--reasoning-parser`, `--reasoning-format`).

const OPEN: &[&str] = &["<think>", "<thinking>", "<thought>", "<reasoning>"];
const CLOSE: &[&str] = &["</think>", "</thinking>", "</thought>", "</reasoning>"];

/// Takes thoughts out of a text.
#[derive(Debug, Default)]
pub(super) struct Thinking {
    held: String,
    inside: bool,
}

impl Thinking {
    pub(super) fn push(&mut self, text: &str) -> String {
        self.held.push_str(text);
        let mut out = String::new();
        loop {
            let tags = if self.inside { CLOSE } else { OPEN };
            let Some(at) = self.held.find('<') else {
                self.give(self.held.len(), &mut out);
                return out;
            };
            self.give(at, &mut out);
            let begins = |tag: &&&str| starts(&self.held, tag);
            if let Some(tag) = tags.iter().find(begins) {
                self.held.drain(..tag.len());
                self.inside = !self.inside;
            } else if tags.iter().any(|tag| starts(tag, &self.held)) {
                return out;
            } else {
                self.give(1, &mut out);
            }
        }
    }

    pub(super) fn end(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        if self.inside { String::new() } else { held }
    }

    /// Moves that many bytes on: out, or nowhere.
    fn give(&mut self, n: usize, out: &mut String) {
        let text = self.held.drain(..n);
        if !self.inside {
            out.extend(text);
        }
    }
}

/// Whether a text begins with another, in any case.
fn starts(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len())
        .is_some_and(|text| text.eq_ignore_ascii_case(beginning))
}
