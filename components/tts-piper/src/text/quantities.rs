//! Tokens that begin with a digit, a sign or a currency: dates, times, money, ranges, units, years and plain numbers.

use super::{
    item::{Item, Mark},
    numbers, tables,
};

/// The neighbours of a token that decide how a number is read. All without outer punctuation; empty at the ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around<'a> {
    pub(super) before: &'a str,
    pub(super) after: &'a str,
    /// A mark stands between the token and `after`.
    pub(super) parted: bool,
    /// The tokens before are a month, or a month and a day.
    pub(super) after_month: bool,
    pub(super) after_day: bool,
}

/// A reading, and how many of the following tokens it includes.
pub(super) struct Reading {
    pub(super) items: Vec<Item>,
    pub(super) taken: usize,
}

fn say(words: impl Into<String>) -> Option<Reading> {
    Some(Reading {
        items: vec![Item::word(words)],
        taken: 0,
    })
}

/// Reads `token`, or says that it is not a quantity.
pub(super) fn read(token: &str, around: Around<'_>) -> Option<Reading> {
    iso_date(token)
        .or_else(|| slash_date(token))
        .or_else(|| time(token, around))
        .or_else(|| money(token, around))
        .or_else(|| phone(token))
        .or_else(|| number(token, around))
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn date(year: &str, month: &str, day: &str) -> Option<Reading> {
    if ![year, month, day].iter().all(|part| all_digits(part))
        || year.len() != 4
        || month.len() > 2
        || day.len() > 2
    {
        return None;
    }
    let name = tables::month_number(month.parse().ok()?)?;
    let day = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let items = vec![
        Item::word(format!("{name} {}", numbers::ordinal(day))),
        Item::Mark(Mark::Comma),
        Item::word(numbers::year(year.parse().ok()?)),
    ];
    Some(Reading { items, taken: 0 })
}

fn iso_date(token: &str) -> Option<Reading> {
    let mut parts = token.split('-');
    date(
        parts.next()?,
        parts.next()?,
        parts.next().filter(|_| token.matches('-').count() == 2)?,
    )
}

/// Month first, as in the United States.
fn slash_date(token: &str) -> Option<Reading> {
    let mut parts = token.split('/');
    let (month, day) = (parts.next()?, parts.next()?);
    date(
        parts.next().filter(|_| token.matches('/').count() == 2)?,
        month,
        day,
    )
}

fn half_of_day(suffix: &str) -> Option<Item> {
    let letters: String = suffix
        .chars()
        .filter(|c| *c != '.')
        .collect::<String>()
        .to_ascii_uppercase();
    matches!(letters.as_str(), "AM" | "PM").then(|| Item::letters(&letters))
}

fn time(token: &str, around: Around<'_>) -> Option<Reading> {
    let end = token
        .find(|c: char| !c.is_ascii_digit() && c != ':')
        .unwrap_or(token.len());
    let (clock, suffix) = token.split_at_checked(end)?;
    let half = half_of_day(suffix);
    let mut taken = 0;
    let next = if around.parted || half.is_some() {
        None
    } else {
        half_of_day(around.after)
    };
    if half.is_none() && (!suffix.is_empty() || (next.is_none() && !clock.contains(':'))) {
        return None;
    }
    let mut parts = clock.split(':');
    let hour: u64 = parts.next()?.parse().ok().filter(|hour| *hour <= 24)?;
    let minutes = parts.next();
    if clock.matches(':').count() > 1 || minutes.is_some_and(|m| m.len() != 2) {
        return None;
    }
    let minutes: Option<u64> = minutes.map(str::parse).transpose().ok()?;
    let spoken = match minutes {
        None => numbers::cardinal(hour),
        Some(0) if half.is_some() || next.is_some() => numbers::cardinal(hour),
        Some(0) if (1..=12).contains(&hour) => format!("{} o'clock", numbers::cardinal(hour)),
        Some(0) => format!("{} hundred hours", numbers::cardinal(hour)),
        Some(minute @ 1..10) => format!(
            "{} oh {}",
            numbers::cardinal(hour),
            numbers::cardinal(minute)
        ),
        Some(minute @ 10..60) => {
            format!("{} {}", numbers::cardinal(hour), numbers::cardinal(minute))
        }
        Some(_) => return None,
    };
    let mut items = vec![Item::word(spoken)];
    if next.is_some() {
        taken = 1;
    }
    items.extend(half.or(next));
    Some(Reading { items, taken })
}

fn money(token: &str, around: Around<'_>) -> Option<Reading> {
    let bare = token.trim_start_matches(['U', 'S', 'A', 'C']);
    let (amount, currency) = match bare.chars().next().and_then(tables::currency) {
        Some(currency) => (bare.strip_prefix(currency.sign)?, currency),
        None => {
            let currency = token.chars().next_back().and_then(tables::currency)?;
            (token.strip_suffix(currency.sign)?, currency)
        }
    };
    let (digits, suffix) = split_number(amount)?;
    let plain = digits.replace(',', "");
    let mut taken = 0;
    let magnitude = if let Some(magnitude) = tables::money_magnitude(suffix) {
        Some(magnitude)
    } else if !suffix.is_empty() {
        return None;
    } else if !around.parted && tables::is_magnitude(around.after) {
        taken = 1;
        Some(around.after)
    } else {
        None
    };
    if let Some(magnitude) = magnitude {
        let words = format!("{} {magnitude} {}", numbers::decimal(&plain), currency.many);
        return Some(Reading {
            items: vec![Item::word(words)],
            taken,
        });
    }
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let count = |text: &str, one: &str, many: &str| {
        let value = text.trim_start_matches('0');
        (!value.is_empty()).then(|| {
            format!(
                "{} {}",
                numbers::integer(value),
                if value == "1" { one } else { many }
            )
        })
    };
    let words = match part.len() {
        0 => count(whole, currency.one, currency.many)
            .unwrap_or_else(|| format!("zero {}", currency.many)),
        2 => match (
            count(whole, currency.one, currency.many),
            count(part, currency.cent, currency.cents),
        ) {
            (Some(whole), Some(part)) => format!("{whole} and {part}"),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => format!("zero {}", currency.many),
        },
        _ => format!("{} {}", numbers::decimal(&plain), currency.many),
    };
    say(words)
}

fn phone(token: &str) -> Option<Reading> {
    let groups: Vec<&str> = token.split('-').collect();
    let lengths: Vec<usize> = groups
        .iter()
        .map(|group| if all_digits(group) { group.len() } else { 0 })
        .collect();
    if !matches!(lengths.as_slice(), [3, 4] | [3, 3, 4] | [1, 3, 3, 4]) {
        return None;
    }
    let mut items = Vec::new();
    for group in groups {
        items.push(Item::word(numbers::digits(group)));
        items.push(Item::Mark(Mark::Comma));
    }
    items.pop();
    Some(Reading { items, taken: 0 })
}

/// Digits with their separators, and the rest. Commas count only before three digits, points only before a digit.
fn split_number(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    loop {
        match bytes.get(end) {
            Some(b'0'..=b'9') => end += 1,
            Some(b'.') if digit(end + 1) => end += 1,
            Some(b',')
                if end > 0
                    && digit(end + 1)
                    && digit(end + 2)
                    && digit(end + 3)
                    && !digit(end + 4) =>
            {
                end += 1
            }
            _ => break,
        }
    }
    if end == 0 {
        None
    } else {
        text.split_at_checked(end)
    }
}

fn number(token: &str, around: Around<'_>) -> Option<Reading> {
    if let Some(rest) = token.strip_prefix('\'') {
        // '40s
        let (digits, suffix) = split_number(rest)?;
        return if digits.len() == 2 && suffix == "s" {
            say(numbers::decade(digits.parse().ok()?))
        } else {
            None
        };
    }
    let (sign, rest) = match token.as_bytes().first()? {
        b'-' => ("minus ", token.get(1..)?),
        b'+' => ("plus ", token.get(1..)?),
        _ => ("", token),
    };
    let (digits, suffix) = split_number(rest)?;
    let plain = digits.replace(',', "");
    let grouped = digits.contains(',');
    let value: Option<u64> = plain
        .parse()
        .ok()
        .filter(|_| plain.len() <= numbers::MAX_DIGITS);
    let amount = || {
        format!(
            "{sign}{}",
            if plain.contains('.') {
                numbers::decimal(&plain)
            } else {
                numbers::integer(&plain)
            }
        )
    };
    match (suffix, value) {
        ("", Some(value)) if sign.is_empty() && !grouped => bare(&plain, value, around),
        ("", _) => with_next(amount(), value == Some(1), around),
        ("%", _) => say(format!("{} percent", amount())),
        ("st" | "nd" | "rd" | "th", Some(value)) => {
            say(format!("{sign}{}", numbers::ordinal(value)))
        }
        ("s" | "'s", Some(value)) if plain.len() == 2 || plain.len() == 4 => {
            say(numbers::decade(value))
        }
        ("+", _) => say(format!("{} plus", amount())),
        ("x", _) => say(format!("{} times", amount())),
        _ => range(&plain, value, sign, suffix)
            .or_else(|| over(value, suffix))
            .or_else(|| {
                say(format!(
                    "{} {}",
                    amount(),
                    tables::unit(suffix, value == Some(1))?
                ))
            })
            .or_else(|| suffixed(amount(), suffix)),
    }
}

/// A whole number without sign or separators: a day, a year, a model or a quantity.
fn bare(plain: &str, value: u64, around: Around<'_>) -> Option<Reading> {
    let day = (1..=31).contains(&value) && plain.len() <= 2;
    if around.after_month && day {
        return say(numbers::ordinal(value));
    }
    if let Some(month) =
        tables::month(around.after).filter(|_| day && !around.parted && around.after.len() > 3)
    {
        let article = if around.before.eq_ignore_ascii_case("the") {
            ""
        } else {
            "the "
        };
        return Some(Reading {
            items: vec![Item::word(format!(
                "{article}{} of {month}",
                numbers::ordinal(value)
            ))],
            taken: 1,
        });
    }
    let year = plain.len() == 4 && (1100..2100).contains(&value);
    if year && (around.after_month || around.after_day) {
        return say(numbers::year(value));
    }
    if !around.parted
        && (tables::unit(around.after, false).is_some()
            || tables::is_magnitude(around.after)
            || around.after == "percent")
    {
        return with_next(numbers::integer(plain), value == 1, around);
    }
    let counts = !around.parted && is_plural(around.after) || tables::is_comparison(around.before);
    let acronym = around.before.len() > 1 && around.before.bytes().all(|b| b.is_ascii_uppercase());
    if acronym && (plain.len() == 3 || plain.len() == 4) && !counts {
        return say(numbers::model(value));
    }
    say(if year && !counts {
        numbers::year(value)
    } else {
        numbers::integer(plain)
    })
}

fn is_plural(word: &str) -> bool {
    let lower = word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    lower
        && (matches!(word, "people" | "men" | "women" | "children" | "percent")
            || (word.len() > 3 && word.ends_with('s') && !tables::is_singular_s(word)))
}

/// An amount and the unit in the next token, if there is one.
fn with_next(amount: String, singular: bool, around: Around<'_>) -> Option<Reading> {
    match tables::unit(around.after, singular).filter(|_| !around.parted && around.after != "x") {
        Some(unit) => Some(Reading {
            items: vec![Item::word(format!("{amount} {unit}"))],
            taken: 1,
        }),
        None => say(amount),
    }
}

/// "1943-1945", "1943-45", "10-20%", "3-2".
fn range(plain: &str, value: Option<u64>, sign: &str, suffix: &str) -> Option<Reading> {
    let (until, unit) = split_number(suffix.strip_prefix('-')?)?;
    let until = until.replace(',', "");
    let tail = match unit {
        "" => String::new(),
        "%" => " percent".into(),
        other => format!(" {}", tables::unit(other, false)?),
    };
    let end: Option<u64> = until
        .parse()
        .ok()
        .filter(|_| until.len() <= numbers::MAX_DIGITS);
    let years = plain.len() == 4
        && value.is_some_and(|v| (1100..2100).contains(&v))
        && matches!(until.len(), 2 | 4)
        && unit.is_empty();
    let words = match (value, end) {
        (Some(from), Some(to)) if years => {
            let to = if until.len() == 4 {
                numbers::year(to)
            } else {
                numbers::cardinal(to)
            };
            format!("{} to {to}", numbers::year(from))
        }
        _ => format!(
            "{sign}{} to {}{tail}",
            numbers::decimal(plain),
            numbers::decimal(&until)
        ),
    };
    say(words)
}

/// "1/2", "24/7".
fn over(value: Option<u64>, suffix: &str) -> Option<Reading> {
    let below = suffix.strip_prefix('/').filter(|below| all_digits(below))?;
    let (above, below) = (value?, below.parse().ok()?);
    if (above, below) == (24, 7) {
        return say("twenty four seven");
    }
    say(numbers::fraction(above, below).unwrap_or_else(|| {
        format!(
            "{} over {}",
            numbers::cardinal(above),
            numbers::cardinal(below)
        )
    }))
}

/// "64-bit", "20-year-old", "3:1", "5G", "3D".
fn suffixed(amount: String, suffix: &str) -> Option<Reading> {
    let mut items = vec![Item::word(amount)];
    if let Some(words) = suffix.strip_prefix('-').filter(|words| {
        !words.is_empty() && words.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
    }) {
        items.push(Item::word(words.replace('-', " ")));
    } else if let Some(ratio) = suffix.strip_prefix(':').filter(|ratio| all_digits(ratio)) {
        items.push(Item::word(format!("to {}", numbers::integer(ratio))));
    } else if suffix.len() <= 2 && suffix.bytes().all(|b| b.is_ascii_uppercase()) {
        items.push(Item::letters(suffix));
    } else {
        return None;
    }
    Some(Reading { items, taken: 0 })
}
