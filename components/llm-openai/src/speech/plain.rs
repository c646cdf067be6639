//! Takes out of a text what is for the eye: Markdown, tags, references in brackets, emoji. Space is made even.
//!
//! An item of a list or a heading that has no full stop gets one, because a voice would run it into the next.

use std::collections::VecDeque;

/// The longest text in brackets, the longest target of a link, the longest tag, that are recognised.
const LONGEST: (usize, usize, usize) = (80, 300, 60);

/// Takes out markup.
#[derive(Debug)]
pub(super) struct Plain {
    ids: Vec<String>,
    held: VecDeque<char>,
    ended: bool,
    /// At the beginning of a line, where other rules apply.
    line_start: bool,
    /// The rest of the line is left out.
    skipping: bool,
    /// This line is an item of a list, or a heading.
    is_item: bool,
    gap: Gap,
    /// Something was left out since the last character.
    dropped: bool,
    last: Option<char>,
    out: String,
}

/// What is between two characters that are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    /// The end of a line.
    Line,
    /// The end of a paragraph, a heading or an item.
    Stop,
}

/// More must come before it is decided.
struct Undecided;
type Step = Result<(), Undecided>;

impl Plain {
    pub(super) fn new(ids: Vec<String>) -> Self {
        Self {
            ids: ids.iter().map(|id| id.to_lowercase()).collect(),
            held: VecDeque::new(),
            ended: false,
            line_start: true,
            skipping: false,
            is_item: false,
            gap: Gap::None,
            dropped: false,
            last: None,
            out: String::new(),
        }
    }

    pub(super) fn push(&mut self, text: &str) -> String {
        self.held.extend(text.chars());
        while !self.held.is_empty() && self.step().is_ok() {}
        std::mem::take(&mut self.out)
    }

    pub(super) fn end(&mut self) -> String {
        self.ended = true;
        self.push("")
    }

    fn step(&mut self) -> Step {
        if self.line_start && !self.skipping {
            self.begin_line()
        } else {
            self.inline()
        }
    }

    /// The character at a place; none at the end of the text.
    fn at(&self, at: usize) -> Result<Option<char>, Undecided> {
        match self.held.get(at) {
            None if !self.ended => Err(Undecided),
            c => Ok(c.copied()),
        }
    }

    /// How many of these characters stand from a place on.
    fn run(&self, from: usize, is: impl Fn(char) -> bool) -> Result<usize, Undecided> {
        let mut n = 0;
        while self.at(from + n)?.is_some_and(&is) {
            n += 1;
        }
        Ok(n)
    }

    fn drop(&mut self, n: usize) {
        self.held.drain(..n);
        self.dropped = true;
    }

    /// Looks for what only the beginning of a line can be: a heading, an item, a quotation, a rule, a fence.
    fn begin_line(&mut self) -> Step {
        let first = self.at(0)?;
        let n_same = |is: char| self.run(0, move |c| c == is);
        let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        match first {
            Some(c) if c.is_whitespace() => return self.inline(),
            Some('#') => {
                let n = n_same('#')?;
                if n <= 6 && blank(self.at(n)?) {
                    self.item(n);
                    return Ok(());
                }
            }
            Some('>') => {
                self.drop(1);
                return Ok(());
            }
            Some(c @ ('`' | '~')) if n_same(c)? >= 3 => {
                self.skipping = true;
                return Ok(());
            }
            Some(c @ ('-' | '*' | '_' | '+' | '=' | '•' | '–' | '—' | '‣' | '·' | '◦')) =>
            {
                let n = n_same(c)?;
                if n >= 3 && matches!(self.at(n)?, None | Some('\n')) {
                    self.drop(n);
                    self.gap = self.gap.max(Gap::Stop);
                    return Ok(());
                }
                if n == 1 && !"_=".contains(c) && blank(self.at(1)?) {
                    self.item(1);
                    return Ok(());
                }
            }
            Some(c) if c.is_ascii_digit() => {
                let n = self.run(0, |c| c.is_ascii_digit())?;
                let marked = n <= 2 && matches!(self.at(n)?, Some('.' | ')'));
                if marked && self.at(n + 1)?.is_some_and(char::is_whitespace) {
                    self.item(n + 1);
                    return Ok(());
                }
            }
            _ => {}
        }
        self.line_start = false;
        Ok(())
    }

    /// The line is an item or a heading; leaves out its mark.
    fn item(&mut self, n_mark: usize) {
        self.drop(n_mark);
        self.is_item = true;
        if self.gap == Gap::Line {
            self.gap = Gap::Stop;
        }
        self.line_start = false;
    }

    fn inline(&mut self) -> Step {
        let Some(c) = self.at(0)? else {
            return Ok(());
        };
        match c {
            '\n' => {
                self.end_line();
                self.held.pop_front();
            }
            _ if self.skipping => self.drop(1),
            '*' | '`' => self.drop(1),
            '_' => self.underscore()?,
            '~' => match self.run(0, |c| c == '~')? {
                1 => self.say(c),
                n => self.drop(n),
            },
            '\\' => match self.at(1)? {
                Some('*' | '_' | '`' | '~' | '#' | '|' | '[' | ']') => self.drop(2),
                Some(mark) if mark.is_ascii_punctuation() => self.drop(1),
                _ => self.say(c),
            },
            '!' if self.at(1)? == Some('[') => self.drop(1),
            '[' => self.brackets(']')?,
            '【' => self.brackets('】')?,
            ']' | '】' => self.drop(1),
            '<' => self.tag()?,
            '|' => {
                self.drop(1);
                self.space();
            }
            c if c.is_whitespace() || c.is_control() => {
                self.held.pop_front();
                self.space();
            }
            // A joiner belongs to letters in some scripts, to what is left out in emoji.
            '\u{200d}' if self.dropped => self.drop(1),
            c if is_symbol(c) => self.drop(1),
            c => self.say(c),
        }
        Ok(())
    }

    fn end_line(&mut self) {
        let gap = match self.gap {
            Gap::Line | Gap::Stop => Gap::Stop,
            _ if self.is_item => Gap::Stop,
            _ => Gap::Line,
        };
        self.gap = gap;
        self.line_start = true;
        self.skipping = false;
        self.is_item = false;
    }

    fn space(&mut self) {
        self.gap = self.gap.max(Gap::Space);
    }

    /// Within a word it is part of it.
    fn underscore(&mut self) -> Step {
        let n = self.run(0, |c| c == '_')?;
        let before = self.gap == Gap::None && self.last.is_some_and(char::is_alphanumeric);
        let within = before && n == 1 && self.at(1)?.is_some_and(char::is_alphanumeric);
        if within {
            self.say('_');
        } else {
            self.drop(n);
        }
        Ok(())
    }

    /// `[text](target)` is the text, `[1]` and `[id]` are nothing, other brackets are what is in them.
    fn brackets(&mut self, close: char) -> Step {
        let mut n = 1;
        loop {
            match self.at(n)? {
                Some(c) if c == close => break,
                Some(c) if c != '\n' && c != '[' && n <= LONGEST.0 => n += 1,
                _ => {
                    self.drop(1);
                    return Ok(());
                }
            }
        }
        let content: String = self.held.iter().skip(1).take(n - 1).collect();
        let target = match self.at(n + 1)? {
            Some('(') => self.target(n + 2)?,
            _ => 0,
        };
        let reference = content.trim().trim_start_matches(['^', '#']).to_lowercase();
        let mut parts = reference.split(',').map(str::trim);
        let is_reference = parts.all(|part| {
            part.chars().all(|c| c.is_ascii_digit()) || self.ids.iter().any(|id| id == part)
        });
        if close == '】' || target == 0 && is_reference {
            self.drop(n + 1);
        } else {
            // The text is looked at again, without its brackets.
            self.held.drain(..=n + target);
            for c in content.chars().rev() {
                self.held.push_front(c);
            }
            self.dropped = true;
        }
        Ok(())
    }

    /// How long `(target)` is whose inside begins at a place; 0 when it does not end.
    fn target(&self, from: usize) -> Result<usize, Undecided> {
        let mut n = 0;
        loop {
            match self.at(from + n)? {
                Some(')') => return Ok(n + 2),
                Some(c) if c != '\n' && n <= LONGEST.1 => n += 1,
                _ => return Ok(0),
            }
        }
    }

    fn tag(&mut self) -> Step {
        let opens = |c: char| c.is_ascii_alphabetic() || "/!|".contains(c);
        if !self.at(1)?.is_some_and(opens) {
            self.say('<');
            return Ok(());
        }
        let mut n = 1;
        loop {
            match self.at(n)? {
                Some('>') => {
                    self.drop(n + 1);
                    // `<br>` parts words.
                    self.space();
                    return Ok(());
                }
                Some(c) if !"<\n".contains(c) && n <= LONGEST.2 => n += 1,
                _ => {
                    self.say('<');
                    return Ok(());
                }
            }
        }
    }

    fn say(&mut self, c: char) {
        self.held.pop_front();
        let gap = std::mem::replace(&mut self.gap, Gap::None);
        let dropped = std::mem::replace(&mut self.dropped, false);
        let Some(last) = self.last.replace(c) else {
            self.out.push(c);
            return;
        };
        let unfinished = last.is_alphanumeric() || ")\"'”’%".contains(last);
        match gap {
            Gap::None => {}
            // What was left out stood between a word and its full stop.
            Gap::Space if dropped && ".,!?;:".contains(c) => {}
            Gap::Stop if unfinished => self.out.push_str(". "),
            _ => self.out.push(' '),
        }
        self.out.push(c);
    }
}

/// Emoji, arrows, shapes, and what modifies them.
fn is_symbol(c: char) -> bool {
    matches!(u32::from(c),
        0x1f000..=0x1faff // emoji, cards, flags
        | 0x2190..=0x21ff // arrows
        | 0x2300..=0x23ff // technical
        | 0x2500..=0x27bf // lines, shapes, dingbats
        | 0x2900..=0x297f | 0x2b00..=0x2bff // more arrows
        | 0xfe00..=0xfe0f | 0x20e3 | 0xe0020..=0xe007f // how a character is shown
        | 0x200b | 0x2060 | 0xfeff // space without width
        | 0xfffd // what was no text
    )
}
