//! Years and ranges of years in a question, from digits or from words.
//!
//! A spoken year has no marker of its own, so bare numbers count only in the forms people use for years: four digits (1000 to 2199),
//! `nineteen fifty two`, `two thousand sixteen`, decades. Ranges may be open on one side. The words around years are in `year_words`.

use super::numbers::{below_hundred, decade};
use super::tokens::Token;
use super::year_words::{
    after_article, four_digits, hundred_years, is_telling, is_up_to, spoken_short,
};

/// Years that a question names, both ends included; none is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Years {
    /// First year.
    pub from: Option<i32>,
    /// Last year.
    pub to: Option<i32>,
}

impl Years {
    /// The canonical text: `1952`, `1943..1946`, `..1949`, `1951..`.
    #[must_use]
    pub fn canonical(self) -> String {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from == to => from.to_string(),
            (from, to) => format!("{}..{}", text_of(from), text_of(to)),
        }
    }

    /// Reads the canonical text back; none for anything else, and for a range that ends before it begins.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let end = |part: &str| -> Option<Option<i32>> {
            if part.is_empty() {
                Some(None)
            } else {
                part.parse().ok().map(Some)
            }
        };
        let years = match text.split_once("..") {
            Some((from, to)) => Self {
                from: end(from)?,
                to: end(to)?,
            },
            None => Self {
                from: Some(text.parse().ok()?),
                to: Some(text.parse().ok()?),
            },
        };
        match (years.from, years.to) {
            (None, None) => None,
            (Some(from), Some(to)) if to < from => None,
            _ => Some(years),
        }
    }
}

fn text_of(year: Option<i32>) -> String {
    year.map_or_else(String::new, |y| y.to_string())
}

/// Years with the range of tokens that named them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// First token, including words such as `before`.
    pub first: usize,
    /// Token after the last.
    pub end: usize,
    /// What was meant.
    pub years: Years,
}

/// Finds all years in `tokens`. `text` is what the tokens were cut from (a dash between two years makes a range of them);
/// `decade_century` is the century of a bare decade: 1900 makes `forties` 1940 to 1949.
#[must_use]
pub fn find(text: &str, tokens: &[Token], decade_century: i32) -> Vec<Found> {
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if let Some(range) = pair(text, tokens, &words, at, decade_century)
            .or_else(|| bounded(&words, at, decade_century))
        {
            at = range.end;
            found.push(range);
        } else {
            at += 1;
        }
    }
    found
}

/// `between 1943 and 1949`, `from 43 to 49` and the like, starting at a year or at the word before it.
fn pair(text: &str, tokens: &[Token], words: &[&str], at: usize, century: i32) -> Option<Found> {
    let opener = matches!(words.get(at).copied(), Some("between" | "from"));
    let start = after_article(words, at + usize::from(opener));
    let ((from, _), middle) = atom(words, start, century)?;
    let joined = matches!(
        words.get(middle).copied(),
        Some("to" | "through" | "until" | "till" | "thru")
    ) || (opener && words.get(middle).copied() == Some("and"));
    let dashed = !joined && {
        let gap = tokens
            .get(middle.wrapping_sub(1))
            .zip(tokens.get(middle))
            .and_then(|(a, b)| text.get(a.end..b.start));
        gap.is_some_and(|gap| matches!(gap.trim(), "-" | "\u{2013}" | "\u{2014}"))
    };
    let next = after_article(words, middle + usize::from(joined));
    if !joined && !dashed {
        return None;
    }
    let ((second, to), end) = atom(words, next, century).or_else(|| short(words, next, from))?;
    (second >= from).then_some(Found {
        first: at,
        end,
        years: Years {
            from: Some(from),
            to: Some(to),
        },
    })
}

/// The short second year of `1943 to 49`.
fn short(words: &[&str], at: usize, first: i32) -> Option<((i32, i32), usize)> {
    let (n, used) = below_hundred(words.get(at..)?)?;
    let year = first - first.rem_euclid(100) + n;
    (n >= 10 && year > first).then_some(((year, year), at + used))
}

/// One year or decade with the word before it that opens the range on one side.
fn bounded(words: &[&str], at: usize, century: i32) -> Option<Found> {
    let word = words.get(at).copied()?;
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    // "What about 1955" means that year.
    if word == "about" && before.is_some_and(|word| is_telling(word)) {
        return None;
    }
    // "Around 1982 to 1985."
    if matches!(word, "about" | "around") && pair_at(words, at + 1, century) {
        return None;
    }
    let opener = matches!(
        word,
        "before"
            | "until"
            | "till"
            | "by"
            | "after"
            | "since"
            | "from"
            | "following"
            | "in"
            | "during"
            | "around"
            | "about"
            | "circa"
    ) || is_up_to(words, at);
    // "in the forties": the article belongs to the range.
    let start = if opener {
        after_article(words, at + 1)
    } else {
        at
    };
    let ((from, to), end) = atom(words, start, century).or_else(|| {
        opener
            .then(|| spoken_short(words, start, century))
            .flatten()
    })?;
    let goes_on = matches!(
        words.get(end).copied(),
        Some("on" | "onward" | "onwards" | "forward" | "upwards")
    );
    let end = end + usize::from(goes_on && word == "from");
    let years = match word {
        "before" => Years {
            from: None,
            to: Some(from - 1),
        },
        "until" | "till" | "by" | "doing" => Years {
            from: None,
            to: Some(to),
        },
        "after" | "following" => Years {
            from: Some(to + 1),
            to: None,
        },
        // "Papers from 1952" are of that year, unless it goes on.
        "since" => Years {
            from: Some(from),
            to: None,
        },
        "from" if goes_on => Years {
            from: Some(from),
            to: None,
        },
        "around" | "about" | "circa" => Years {
            from: Some(from - 2),
            to: Some(to + 2),
        },
        _ => Years {
            from: Some(from),
            to: Some(to),
        },
    };
    Some(Found {
        first: at,
        end,
        years,
    })
}

/// Whether two years with a word between them begin here.
fn pair_at(words: &[&str], at: usize, century: i32) -> bool {
    atom(words, at, century).is_some_and(|(_, middle)| {
        matches!(
            words.get(middle).copied(),
            Some("to" | "through" | "until" | "till" | "thru")
        ) && atom(words, middle + 1, century).is_some()
    })
}

/// A year or a decade as first and last year, and the token after it.
fn atom(words: &[&str], at: usize, century: i32) -> Option<((i32, i32), usize)> {
    let part = match words.get(at).copied()? {
        "early" => Some((0, 3)),
        "mid" | "middle" => Some((3, 6)),
        "late" => Some((6, 9)),
        _ => None,
    };
    if let Some((first, last)) = part {
        let mut next = at + 1;
        while matches!(words.get(next).copied(), Some("of" | "the")) {
            next += 1;
        }
        let (start, end) = decade_at(words, next, century)?;
        return Some(((start + first, start + last), end));
    }
    if let Some((start, end)) = decade_at(words, at, century) {
        return Some(((start, start + 9), end));
    }
    if let Some(found) = hundred_years(words, at) {
        return Some(found);
    }
    let (year, end) = year_at(words, at)?;
    Some(((year, year), end))
}

/// The first year of a decade: `1940s`, `nineteen forties`, `forties`, `40s`.
fn decade_at(words: &[&str], at: usize, century: i32) -> Option<(i32, usize)> {
    let word = words.get(at).copied()?;
    if let Some(year) = word
        .strip_suffix('s')
        .and_then(four_digits)
        .filter(|year| year % 10 == 0)
    {
        return Some((year, at + 1));
    }
    if let Some(hundreds) = century_word(word)
        && let Some(decade) = words.get(at + 1).copied().and_then(decade)
    {
        return Some((hundreds + decade, at + 2));
    }
    decade(word).map(|decade| (century + decade, at + 1))
}

fn year_at(words: &[&str], at: usize) -> Option<(i32, usize)> {
    let word = words.get(at).copied()?;
    if let Some(year) = four_digits(word) {
        return Some((year, at + 1));
    }
    if word == "two" && words.get(at + 1).copied() == Some("thousand") {
        let and = usize::from(words.get(at + 2).copied() == Some("and"));
        return Some(match words.get(at + 2 + and..).and_then(below_hundred) {
            Some((n, used)) => (2000 + n, at + 2 + and + used),
            None => (2000, at + 2),
        });
    }
    let hundreds = century_word(word)?;
    if words.get(at + 1).copied() == Some("hundred") {
        return Some((hundreds, at + 2));
    }
    let (n, used) = below_hundred(words.get(at + 1..)?)?;
    // "nineteen two" is no year; "nineteen oh two" and "nineteen ten" are.
    (n >= 10 || used == 2).then_some((hundreds + n, at + 1 + used))
}

fn century_word(word: &str) -> Option<i32> {
    match word {
        "seventeen" | "17" => Some(1700),
        "eighteen" | "18" => Some(1800),
        "nineteen" | "19" => Some(1900),
        "twenty" | "20" => Some(2000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokenize;
    use super::{Years, find};

    fn all(text: &str) -> Vec<String> {
        find(text, &tokenize(text), 1900)
            .into_iter()
            .map(|f| f.years.canonical())
            .collect()
    }

    #[test]
    fn years_as_people_say_and_write_them() {
        let cases: [(&str, &[&str]); 29] = [
            ("what did she do in 1952", &["1952"]),
            ("what did she do in nineteen fifty two", &["1952"]),
            ("in nineteen oh six", &["1906"]),
            ("in nineteen hundred", &["1900"]),
            ("in 19 52", &["1952"]),
            ("two thousand and sixteen", &["2016"]),
            ("twenty sixteen", &["2016"]),
            ("in the forties", &["1940..1949"]),
            ("the 1940s", &["1940..1949"]),
            ("the '40s", &["1940..1949"]),
            ("the nineteen fifties", &["1950..1959"]),
            ("the early fifties", &["1950..1953"]),
            ("the late 1950s", &["1956..1959"]),
            ("between 1943 and 1949", &["1943..1949"]),
            (
                "from nineteen forty three to nineteen forty nine",
                &["1943..1949"],
            ),
            ("1943-1949", &["1943..1949"]),
            ("1943 to 49", &["1943..1949"]),
            ("from the forties to the sixties", &["1940..1969"]),
            ("before 1950", &["..1949"]),
            ("after 1950", &["1951.."]),
            ("since nineteen sixty seven", &["1967.."]),
            ("until 1949", &["..1949"]),
            ("around 1950", &["1948..1952"]),
            ("what about 1955", &["1955"]),
            ("papers from the fifties", &["1950..1959"]),
            ("from 1967 onwards", &["1967.."]),
            ("1943 and 1967", &["1943", "1967"]),
            ("nineteen people and 12 ships", &[]),
            ("over 9000 or 500 pages", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(all(text), expected, "{text}");
        }
    }

    #[test]
    fn canonical_text_is_read_back() {
        for text in ["1952", "1943..1946", "..1949", "1951.."] {
            assert_eq!(
                Years::parse(text).map(Years::canonical).as_deref(),
                Some(text)
            );
        }
        for text in ["", "..", "1950..1940", "soon", "19x2"] {
            assert_eq!(Years::parse(text), None, "{text}");
        }
    }
}
