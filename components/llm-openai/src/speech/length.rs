//! An answer has a length even when a server ignores the most tokens: past it, the text ends with the sentence, or with a word.

/// How much longer a text may get until its sentence ends.
const GRACE: usize = 200;

/// Counts characters.
#[derive(Debug)]
pub(super) struct Length {
    left: usize,
    grace: usize,
    last: char,
    full: bool,
}

impl Length {
    pub(super) fn new(characters: usize) -> Self {
        Self {
            left: characters,
            grace: GRACE,
            last: ' ',
            full: false,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn push(&mut self, text: &str) -> String {
        let mut out = String::new();
        for c in text.chars() {
            if self.full {
                break;
            }
            // Scripts without spaces end anywhere.
            let (space, parted) = (
                c.is_whitespace(),
                !c.is_ascii() || self.last.is_whitespace(),
            );
            let ended = space && ".!?…".contains(self.last) || "。！？".contains(self.last);
            if self.left > 0 {
                self.left -= 1;
            } else if ended || self.grace == 0 && (space || parted) {
                self.full = true;
                break;
            } else {
                self.grace = self.grace.saturating_sub(1);
            }
            out.push(c);
            self.last = c;
        }
        out
    }
}
