//! Cuts a stream of text into sentences that can be spoken one by one, as soon as each is certain.
//!
//! Rules, not statistics: a terminator ends a sentence unless what stands before it (a title, an initial, a number) or after it (a
//! lower-case word, no space) says otherwise. In doubt two sentences stay together, which costs a little latency and sounds right; a
//! sentence cut at "Dr." sounds wrong. A sentence that grows too long is cut at a clause, because a synthesizer's memory and the
//! listener's patience end somewhere.
//!
//! Invariant: any chunking of the same text gives the same sentences. No decision is made on a character that has not arrived: it
//! waits, or the text has ended.

mod abbreviations;

use abbreviations::{Before, before, starts_sentence};

/// Where a sentence that is too long is cut, in characters: before it, at the last clause, else at the last word, else just there. Marks
/// that stand together are not parted, so it may get longer by twice what is looked ahead.
pub const MAX_CHARS: usize = 240;

/// A clause shorter than this is not worth a cut of its own.
const MIN_CLAUSE_CHARS: usize = 40;

/// Most of a run of terminators or of a following word that is looked at.
const MAX_LOOKAHEAD: usize = 64;

/// Takes text piece by piece and gives whole sentences.
#[derive(Debug, Default)]
pub struct Splitter {
    /// From the start of the current sentence.
    pending: Vec<char>,
    /// How much of `pending` holds no end of a sentence for certain.
    scanned: usize,
    ended: bool,
}

/// What a position means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The sentence ends before this index.
    Cut(usize),
    /// It does not end before this index.
    Go(usize),
    /// Only further text can tell.
    Wait,
}

impl Splitter {
    /// Adds text and returns the sentences that are certain now, in order, trimmed, with single spaces inside.
    pub fn push(&mut self, text: &str) -> Vec<String> {
        self.pending.extend(text.chars());
        self.take()
    }

    /// Ends the text and returns what is left of it. Further text starts anew.
    pub fn finish(&mut self) -> Vec<String> {
        self.ended = true;
        let mut sentences = self.take();
        sentences.extend(self.cut(self.pending.len()));
        self.ended = false;
        sentences
    }

    fn take(&mut self) -> Vec<String> {
        let mut sentences = Vec::new();
        loop {
            if self.scanned == 0 {
                let blank = self
                    .pending
                    .iter()
                    .take_while(|c| c.is_whitespace())
                    .count();
                self.pending.drain(..blank);
            }
            if self.scanned >= MAX_CHARS {
                sentences.extend(self.cut(self.clause_end()));
                continue;
            }
            if self.scanned >= self.pending.len() {
                return sentences;
            }
            match self.judge(self.scanned) {
                Verdict::Cut(end) => sentences.extend(self.cut(end)),
                Verdict::Go(next) => self.scanned = next,
                Verdict::Wait => return sentences,
            }
        }
    }

    /// Takes the first characters out; gives them as a sentence if there is anything to say in them.
    fn cut(&mut self, end: usize) -> Option<String> {
        let end = end.min(self.pending.len());
        let raw: String = self.pending.drain(..end).collect();
        self.scanned = 0;
        let sentence = raw.split_whitespace().collect::<Vec<_>>().join(" ");
        sentence.contains(char::is_alphanumeric).then_some(sentence)
    }

    /// Where a sentence that is too long is cut.
    fn clause_end(&self) -> usize {
        let scanned = self.pending.get(..self.scanned).unwrap_or(&self.pending);
        let is_blank = |at: usize| scanned.get(at).is_some_and(|c| c.is_whitespace());
        let clause = (MIN_CLAUSE_CHARS..scanned.len()).rev().find(|&at| {
            at > 0
                && is_blank(at)
                && matches!(scanned.get(at - 1), Some(',' | ';' | ':' | '—' | '–'))
        });
        let word = || (1..scanned.len()).rev().find(|&at| is_blank(at));
        clause.or_else(word).unwrap_or(scanned.len())
    }

    /// Whether the sentence ends at the character `at`.
    fn judge(&self, at: usize) -> Verdict {
        match self.pending.get(at) {
            Some('\n') => self.judge_newline(at),
            Some(c) if is_terminator(*c) => self.judge_terminator(at),
            _ => Verdict::Go(at + 1),
        }
    }

    /// An empty line and a list item end what stands before them; any other line break is a space.
    fn judge_newline(&self, at: usize) -> Verdict {
        let after = self.skip(at + 1, |c| c.is_whitespace() && c != '\n');
        match self.pending.get(after) {
            None if self.ended => Verdict::Cut(at),
            None => Verdict::Wait,
            Some('\n' | '-' | '*' | '•') => Verdict::Cut(at),
            Some(c) if c.is_ascii_digit() => {
                let digits_end = self.skip(after, |c| c.is_ascii_digit());
                match self.pending.get(digits_end) {
                    None if !self.ended => Verdict::Wait,
                    Some('.' | ')') if digits_end - after <= 3 => Verdict::Cut(at),
                    _ => Verdict::Go(at + 1),
                }
            }
            Some(_) => Verdict::Go(at + 1),
        }
    }

    fn judge_terminator(&self, at: usize) -> Verdict {
        let run_end = self.skip(at, is_terminator);
        let end = self.skip(run_end, is_closer);
        let Some(&next) = self.pending.get(end) else {
            return if self.ended {
                Verdict::Cut(end)
            } else {
                Verdict::Wait
            };
        };
        let run = self.pending.get(at..run_end).unwrap_or_default();
        if run.iter().any(|c| matches!(c, '。' | '！' | '？')) {
            return Verdict::Cut(end);
        }
        if !next.is_whitespace() {
            // A decimal, a host name, the middle of "U.S.".
            return Verdict::Go(end);
        }
        let blank_end = self.skip(end, char::is_whitespace);
        let blank = self.pending.get(end..blank_end).unwrap_or_default();
        if blank.iter().filter(|c| **c == '\n').count() > 1 {
            return Verdict::Cut(end);
        }
        let word_at = self.skip(blank_end, is_opener);
        match self.pending.get(word_at) {
            None if self.ended => return Verdict::Cut(end),
            None => return Verdict::Wait,
            // `"Really?" she asked.` goes on, and so does "approx. three".
            Some(c) if c.is_lowercase() => return Verdict::Go(end),
            Some(_) => {}
        }
        if run != ['.'] {
            return Verdict::Cut(end);
        }
        self.judge_period(at, end, word_at)
    }

    /// A single period before a space and something that is not lower case.
    fn judge_period(&self, at: usize, end: usize, word_at: usize) -> Verdict {
        let next_is_digit = self
            .pending
            .get(word_at)
            .is_some_and(|c| c.is_ascii_digit());
        match before(self.pending.get(..at).unwrap_or_default()) {
            Before::Word => Verdict::Cut(end),
            Before::Always => Verdict::Go(end),
            Before::Numbered if next_is_digit => Verdict::Go(end),
            Before::Numbered => Verdict::Cut(end),
            Before::Maybe if next_is_digit => Verdict::Go(end),
            Before::Maybe => {
                let word_end = self.skip(word_at, char::is_alphabetic);
                let Some(after) = self
                    .pending
                    .get(word_end)
                    .copied()
                    .or(self.ended.then_some(' '))
                else {
                    return Verdict::Wait;
                };
                let word = self.pending.get(word_at..word_end).unwrap_or_default();
                // "J. A. Smith": another initial, although "A" can begin a sentence.
                let is_initial = word.len() == 1 && after == '.';
                if starts_sentence(word) && !is_initial {
                    Verdict::Cut(end)
                } else {
                    Verdict::Go(end)
                }
            }
        }
    }

    /// The first index from `from` on whose character is not of the kind, or where the text or the lookahead ends.
    fn skip(&self, from: usize, kind: impl Fn(char) -> bool) -> usize {
        let rest = self.pending.get(from..).unwrap_or_default();
        from + rest
            .iter()
            .take(MAX_LOOKAHEAD)
            .take_while(|c| kind(**c))
            .count()
    }
}

fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？')
}

/// What may stand between a terminator and the space after it.
fn is_closer(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '*' | '_' | '」' | '』'
    )
}

/// What may stand before the first word of a sentence.
fn is_opener(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '“' | '‘' | '«' | '(' | '[' | '*' | '_' | '¿' | '¡'
    )
}

#[cfg(test)]
mod tests;
