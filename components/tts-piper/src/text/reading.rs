//! Cleaned text becomes a list of words, spelled letters and marks.
//!
//! The text is cut at blanks; each token loses its outer punctuation and is read by the first rule that knows it. Rules see their neighbours, which
//! is what tells a year from a quantity, "Dr." from the end of a sentence and "St. Paul" from "Main St.".

use super::{
    item::{Item, Mark, push},
    quantities::{self, Around},
    spelling,
    tables::{self, Follows},
};

/// A token without its outer punctuation.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    core: &'a str,
    /// Punctuation before and after.
    lead: &'a str,
    trail: &'a str,
}

impl<'a> Token<'a> {
    const BREAK: Token<'static> = Token {
        core: "",
        lead: "",
        trail: "\n",
    };

    fn new(raw: &'a str) -> Self {
        let after_lead = raw.trim_start_matches(['"', '(', '{', ',', ';', ':', '!', '?']);
        let decade = after_lead
            .strip_prefix('\'')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && rest.len() > 2);
        let begin = if decade {
            after_lead
        } else {
            after_lead.trim_start_matches(['\'', '"', '('])
        };
        // A point before a digit or a name belongs to it (".5", ".NET"), a row of points does not.
        let begin = if begin.starts_with("..") {
            begin.trim_start_matches('.')
        } else {
            begin
        };
        let lead = raw.strip_suffix(begin).unwrap_or_default();
        let core = begin.trim_end_matches(['.', ',', ';', ':', '!', '?', '"', '\'', ')', '}', '—']);
        let trail = begin.strip_prefix(core).unwrap_or_default();
        Self { core, lead, trail }
    }

    fn is_capitalised(&self) -> bool {
        self.core.starts_with(|c: char| c.is_ascii_uppercase())
    }
}

/// Reads cleaned text.
pub(super) fn read(clean: &str) -> Vec<Item> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    for (index, line) in clean.split('\n').enumerate() {
        if index > 0 {
            tokens.push(Token::BREAK);
        }
        tokens.extend(line.split_ascii_whitespace().map(Token::new));
    }
    let words = || {
        tokens
            .iter()
            .filter(|t| t.core.len() > 1 && t.core.bytes().all(|b| b.is_ascii_alphabetic()))
    };
    let capitals = words()
        .filter(|t| t.core.bytes().all(|b| b.is_ascii_uppercase()))
        .count();
    let shouting = capitals >= 3 && capitals * 2 > words().count();
    let mut reader = Reader {
        tokens,
        at: 0,
        items: Vec::new(),
        shouting,
        dated: Dated::No,
    };
    while reader.step() {}
    reader.items
}

/// How much of a date was just read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dated {
    No,
    Month,
    Day,
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    items: Vec<Item>,
    shouting: bool,
    dated: Dated,
}

impl<'a> Reader<'a> {
    fn token(&self, at: Option<usize>) -> Token<'a> {
        at.and_then(|at| self.tokens.get(at))
            .copied()
            .unwrap_or(Token::BREAK)
    }

    fn step(&mut self) -> bool {
        let Some(&token) = self.tokens.get(self.at) else {
            return false;
        };
        for mark in token.lead.chars().filter_map(Mark::of) {
            push(&mut self.items, Item::Mark(mark));
        }
        let before = self.token(self.at.checked_sub(1));
        let after = self.token(Some(self.at + 1));
        let was = std::mem::replace(&mut self.dated, Dated::No);
        let around = Around {
            before: before.core,
            after: after.core,
            parted: !token.trail.is_empty() || !after.lead.is_empty(),
            after_month: was == Dated::Month,
            after_day: was == Dated::Day,
        };
        let mut trail = token.trail;
        let mut last = self.at;
        if token.core.is_empty() {
        } else if let Some(stop) = self.pointed(token, before, after) {
            trail = token.trail.strip_prefix('.').unwrap_or(token.trail);
            if stop {
                push(&mut self.items, Item::Mark(Mark::Stop));
            }
        } else if let Some(reading) = quantities::read(token.core, around) {
            self.dated = match was {
                Dated::Month
                    if token.core.len() <= 4
                        && token.core.parse::<u64>().is_ok_and(|day| day <= 31) =>
                {
                    Dated::Day
                }
                _ if reading.taken > 0 && tables::month(after.core).is_some() => Dated::Day,
                _ => Dated::No,
            };
            last += reading.taken;
            reading
                .items
                .into_iter()
                .for_each(|item| push(&mut self.items, item));
        } else {
            self.word(token, before, after);
        }
        // What stands behind the last token that was read counts, not what stands between.
        if last > self.at {
            trail = self.token(Some(last)).trail;
        }
        // The last point of "9:05 a.m." is its own unless a sentence begins.
        let next = self.token(Some(last + 1));
        let half = self.token(Some(last)).core.ends_with(".m")
            && !next.core.is_empty()
            && !starts_sentence(next.core);
        if half {
            trail = trail.strip_prefix('.').unwrap_or(trail);
        }
        if trail.contains("..") {
            trail = if trail.contains('\n') { "\n" } else { "," };
        }
        for mark in trail.chars().filter_map(Mark::of) {
            push(&mut self.items, Item::Mark(mark));
        }
        self.at = last + 1;
        true
    }

    /// Tokens whose point (if any) belongs to them. Tells whether a sentence ends with it.
    fn pointed(&mut self, token: Token<'a>, before: Token<'a>, after: Token<'a>) -> Option<bool> {
        let dot = token.trail.starts_with('.') && !token.trail.starts_with("..");
        let core = token.core;
        let ends = dot
            && (after.core.is_empty() || (after.is_capitalised() && starts_sentence(after.core)));
        if let Some(month) = tables::month(core) {
            let number = after.core.starts_with(|c: char| c.is_ascii_digit())
                && (token.trail.is_empty() || dot);
            // "May" and "March" are words too, "Jan" and "Mar" are names.
            let full = core == month && core.len() > 3;
            if number || (full && core != "March") || (dot && core.len() == 3 && core != "May") {
                self.dated = if number { Dated::Month } else { Dated::No };
                push(&mut self.items, Item::word(month));
                return Some(ends || (dot && full));
            }
        }
        if core == "St" && dot {
            let saint =
                after.is_capitalised() && !(before.is_capitalised() && before.trail.is_empty());
            push(
                &mut self.items,
                Item::word(if saint { "saint" } else { "street" }),
            );
            return Some(!saint && ends);
        }
        if let Some((long, follows)) = tables::abbreviation(core) {
            let number = after.core.starts_with(|c: char| c.is_ascii_digit());
            let inner = core.contains('.');
            let known = match follows {
                Follows::Name => {
                    after.is_capitalised() && (dot || matches!(core, "Dr" | "Mr" | "Mrs" | "Ms"))
                }
                Follows::Any => dot || inner || core == "etc",
                Follows::Number => number && dot,
            };
            if known {
                let letters = long.bytes().all(|b| b.is_ascii_uppercase());
                push(
                    &mut self.items,
                    if letters {
                        Item::letters(long)
                    } else {
                        Item::word(long)
                    },
                );
                return Some(ends && follows == Follows::Any);
            }
        }
        let initials = core
            .split('.')
            .all(|part| part.len() == 1 && part.bytes().all(|b| b.is_ascii_alphabetic()));
        // "I" before the end of a sentence is the pronoun.
        let initial = dot && core.bytes().all(|b| b.is_ascii_uppercase()) && !(core == "I" && ends);
        if initials && (core.len() > 1 || initial) {
            push(&mut self.items, Item::letters(&core.replace('.', "")));
            return Some(ends);
        }
        None
    }

    fn word(&mut self, token: Token<'a>, before: Token<'a>, after: Token<'a>) {
        let core = token.core;
        if let Some(items) = spelling::fixed(core).or_else(|| spelling::address(core)) {
            items
                .into_iter()
                .for_each(|item| push(&mut self.items, item));
            return;
        }
        if let Some(item) = spelling::roman(core, before.core).filter(|_| before.trail.is_empty()) {
            push(&mut self.items, item);
            return;
        }
        // "A" before a name that begins with a digit or a capital run is a letter ("vitamin A"), otherwise the article.
        if core == "A"
            && !before.core.is_empty()
            && before.trail.is_empty()
            && !after.core.starts_with(|c: char| c.is_ascii_lowercase())
        {
            push(&mut self.items, Item::letters(core));
            return;
        }
        let mut joined = core;
        if let Some(rest) = core.strip_prefix('#') {
            let digits = rest.starts_with(|c: char| c.is_ascii_digit());
            push(
                &mut self.items,
                Item::word(if digits { "number" } else { "hashtag" }),
            );
            joined = rest;
        }
        for (index, piece) in joined
            .split([
                '/', '&', '=', '+', '@', '%', '$', '^', '#', '—', ':', ',', ';', '.', '!', '?',
                '(', ')', '"',
            ])
            .enumerate()
        {
            if index > 0 && joined.contains('&') {
                push(&mut self.items, Item::word("and"));
            }
            self.piece(piece);
        }
    }

    /// A part of a token that was cut at its inner signs.
    fn piece(&mut self, piece: &str) {
        let piece = piece.trim_matches(['-', '\'']);
        if piece.starts_with(|c: char| c.is_ascii_digit())
            && let Some(reading) = quantities::read(piece, Around::default())
        {
            reading
                .items
                .into_iter()
                .for_each(|item| push(&mut self.items, item));
            return;
        }
        if piece.bytes().any(|b| b.is_ascii_alphanumeric()) {
            spelling::name(piece, self.shouting)
                .into_iter()
                .for_each(|item| push(&mut self.items, item));
        }
    }
}

/// Words that begin sentences much more often than they continue a name.
fn starts_sentence(word: &str) -> bool {
    matches!(
        word,
        "A" | "An"
            | "And"
            | "As"
            | "At"
            | "But"
            | "By"
            | "For"
            | "From"
            | "He"
            | "Her"
            | "His"
            | "How"
            | "However"
            | "I"
            | "If"
            | "In"
            | "It"
            | "Its"
            | "Later"
            | "My"
            | "No"
            | "On"
            | "One"
            | "She"
            | "So"
            | "Some"
            | "That"
            | "The"
            | "Their"
            | "Then"
            | "There"
            | "These"
            | "They"
            | "This"
            | "Those"
            | "To"
            | "We"
            | "What"
            | "When"
            | "Where"
            | "Who"
            | "Why"
            | "Yes"
            | "You"
            | "After"
            | "Before"
            | "During"
            | "While"
            | "Although"
    )
}
