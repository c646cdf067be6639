//! Withholds the line with which a model names its items: `ITEMS: ...`, however it is decorated, or JSON on a line of its own.
//!
//! The label may come in any case at the beginning of a line, in capitals also within one. Of several such lines the last counts. What
//! could still become the label is held back; when the answer ends there, for want of room, it was one.

/// The longest line of items; the rest of a longer one is lost.
const LONGEST: usize = 4096;
/// A label with all its decoration.
const LONGEST_LABEL: usize = 40;
const LABEL: &str = "ITEMS";

/// Withholds lines of items.
#[derive(Debug, Default)]
pub(super) struct Trailer {
    held: String,
    /// Since the last end of a line there is text other than space.
    in_line: bool,
    last: Option<char>,
    withheld: Option<Withheld>,
    line: Option<String>,
}

#[derive(Debug, Default)]
struct Withheld {
    text: String,
    /// JSON goes over lines until no bracket is open.
    is_json: bool,
    depth: usize,
    /// Nothing stood behind the label: the items are below it, to the end.
    below: bool,
}

enum Found {
    No,
    /// Depends on what follows.
    Maybe,
    /// Bytes before the items.
    Label(usize),
}

impl Trailer {
    pub(super) fn push(&mut self, text: &str) -> String {
        self.held.push_str(text);
        let mut out = String::new();
        while let Some(first) = self.held.chars().next() {
            if let Some(withheld) = &mut self.withheld {
                self.held.drain(..first.len_utf8());
                if withheld.take(first) {
                    continue;
                }
                self.line = self.withheld.take().map(|withheld| withheld.text);
                // The end of the line is text: it keeps lines apart.
                self.give('\n', &mut out);
                continue;
            }
            match self.found() {
                Found::No => {
                    self.held.drain(..first.len_utf8());
                    self.give(first, &mut out);
                }
                Found::Maybe => return out,
                Found::Label(n) => {
                    self.held.drain(..n);
                    self.withheld = Some(Withheld::default());
                }
            }
        }
        out
    }

    pub(super) fn end(&mut self, cut: bool) -> String {
        let held = std::mem::take(&mut self.held);
        if let Some(withheld) = self.withheld.take() {
            // Cut off, the last id may be another one.
            let complete = !cut && withheld.depth == 0;
            self.line = complete.then_some(withheld.text);
            return String::new();
        }
        let n_letters = held.chars().filter(char::is_ascii_alphabetic).count();
        let was_label = if cut {
            n_letters > 0 || held.contains('{')
        } else {
            !self.in_line && n_letters >= LABEL.len() - 1
        };
        if was_label {
            self.line = None;
            return String::new();
        }
        held
    }

    pub(super) fn line(&self) -> Option<&str> {
        self.line.as_deref()
    }

    fn give(&mut self, c: char, out: &mut String) {
        self.in_line = match c {
            '\n' => false,
            _ => self.in_line || !c.is_whitespace(),
        };
        self.last = Some(c);
        out.push(c);
    }

    /// Whether what is held begins with the label, or could.
    fn found(&self) -> Found {
        if self.in_line && self.last.is_some_and(char::is_alphanumeric) {
            return Found::No;
        }
        let decoration = if self.in_line {
            "*_[("
        } else {
            " \t*_[(#>-•`\"'"
        };
        let label = self.held.trim_start_matches(|c| decoration.contains(c));
        let bare = self.held.trim_start_matches(|c| " \t*`".contains(c));
        if !self.in_line
            && let Some(found) = json(bare)
        {
            return match found {
                Found::Label(_) => Found::Label(self.held.len() - bare.len()),
                found => found,
            };
        }
        let mut rest = label;
        for (n, letter) in LABEL.chars().enumerate() {
            let Some(c) = rest.chars().next() else {
                return self.maybe();
            };
            let same = c == letter || !self.in_line && c.eq_ignore_ascii_case(&letter);
            if !same {
                // `ITEM:` is one too.
                if n == LABEL.len() - 1 && (c == ':' || "*_ \"".contains(c)) {
                    break;
                }
                return Found::No;
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        let rest = rest.trim_start_matches(|c| "*_ \"`".contains(c));
        match rest.chars().next() {
            None => self.maybe(),
            Some(':' | '：') => {
                let after = rest.get(rest.chars().next().map_or(0, char::len_utf8)..);
                Found::Label(self.held.len() - after.unwrap_or_default().len())
            }
            Some(_) => Found::No,
        }
    }

    fn maybe(&self) -> Found {
        if self.held.len() > LONGEST_LABEL {
            Found::No
        } else {
            Found::Maybe
        }
    }
}

/// An object or a list of strings at the beginning of a line. None when it is neither.
fn json(line: &str) -> Option<Found> {
    let rest = line.strip_prefix('{').or_else(|| line.strip_prefix('['))?;
    match rest.trim_start().chars().next() {
        Some('"') => Some(Found::Label(0)),
        None if rest.len() < LONGEST_LABEL => Some(Found::Maybe),
        _ => None,
    }
}

impl Withheld {
    /// Takes a character; false when it ends the line of items.
    fn take(&mut self, c: char) -> bool {
        let blank = self.text.trim().is_empty();
        match c {
            '\n' if blank => self.below = true,
            '\n' if self.depth == 0 && !self.below => return false,
            '{' | '[' if blank || self.is_json => {
                self.is_json = true;
                self.depth += 1;
            }
            '}' | ']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.text.len() < LONGEST {
            self.text.push(c);
        }
        true
    }
}
