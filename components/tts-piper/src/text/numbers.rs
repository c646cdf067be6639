//! Numbers as English words: cardinals, ordinals, years, digits, decimals, fractions and Roman numerals.
//!
//! Works on digits that were already found to be a number; which reading a number takes is decided in `reading`.
//! American usage throughout: no "and" after the hundreds, "oh" for a zero inside a year.

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const SCALES: [&str; 6] = [
    "thousand",
    "million",
    "billion",
    "trillion",
    "quadrillion",
    "quintillion",
];

/// Digits that are still read as one number; longer runs are codes and are read digit by digit.
pub(super) const MAX_DIGITS: usize = 15;

fn one(value: u64) -> &'static str {
    usize::try_from(value)
        .ok()
        .and_then(|i| ONES.get(i))
        .copied()
        .unwrap_or_default()
}

fn below_thousand(value: u64, out: &mut Vec<&'static str>) {
    let rest = value % 100;
    if value >= 100 {
        out.push(one(value / 100));
        out.push("hundred");
    }
    match rest {
        0 => {}
        1..20 => out.push(one(rest)),
        _ => {
            out.push(
                usize::try_from(rest / 10)
                    .ok()
                    .and_then(|i| TENS.get(i))
                    .copied()
                    .unwrap_or_default(),
            );
            if !rest.is_multiple_of(10) {
                out.push(one(rest % 10));
            }
        }
    }
}

/// 1906 -> "one thousand nine hundred six".
pub(super) fn cardinal(value: u64) -> String {
    if value == 0 {
        return ONES[0].into();
    }
    let mut groups = Vec::new();
    let mut rest = value;
    while rest > 0 {
        groups.push(rest % 1000);
        rest /= 1000;
    }
    let mut words = Vec::new();
    for (scale, group) in groups
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, group)| **group > 0)
    {
        below_thousand(*group, &mut words);
        words.extend(scale.checked_sub(1).and_then(|i| SCALES.get(i)));
    }
    words.join(" ")
}

/// 21 -> "twenty first".
pub(super) fn ordinal(value: u64) -> String {
    let words = cardinal(value);
    let (head, last) = words
        .rsplit_once(' ')
        .map_or(("", words.as_str()), |(head, last)| (head, last));
    let last = match last {
        "one" => "first".into(),
        "two" => "second".into(),
        "three" => "third".into(),
        "five" => "fifth".into(),
        "eight" => "eighth".into(),
        "nine" => "ninth".into(),
        "twelve" => "twelfth".into(),
        other => other
            .strip_suffix('y')
            .map_or_else(|| format!("{other}th"), |stem| format!("{stem}ieth")),
    };
    if head.is_empty() {
        last
    } else {
        format!("{head} {last}")
    }
}

/// 1906 -> "nineteen oh six", 1900 -> "nineteen hundred", 2005 -> "two thousand five", 2026 -> "twenty twenty six".
pub(super) fn year(value: u64) -> String {
    let (century, rest) = (value / 100, value % 100);
    if !(1000..10_000).contains(&value) || (century % 10 == 0 && rest < 10) {
        return cardinal(value);
    }
    match rest {
        0 => format!("{} hundred", cardinal(century)),
        1..10 => format!("{} oh {}", cardinal(century), one(rest)),
        _ => format!("{} {}", cardinal(century), cardinal(rest)),
    }
}

/// 1940 -> "nineteen forties", 80 -> "eighties", 2000 -> "two thousands".
pub(super) fn decade(value: u64) -> String {
    let words = year(value);
    words
        .strip_suffix('y')
        .map_or_else(|| format!("{words}s"), |stem| format!("{stem}ies"))
}

/// A model number of three digits, as in IBM 704: "seven oh four". Others are cardinals or years.
pub(super) fn model(value: u64) -> String {
    match (value, value % 100) {
        (100..1000, 0) => cardinal(value),
        (100..1000, rest @ 1..10) => format!("{} oh {}", one(value / 100), one(rest)),
        (100..1000, rest) => format!("{} {}", one(value / 100), cardinal(rest)),
        (1000..10_000, _) => year(value),
        _ => cardinal(value),
    }
}

/// "0042" -> "zero zero four two". Characters that are no digits are left out.
pub(super) fn digits(text: &str) -> String {
    text.chars()
        .filter_map(|c| c.to_digit(10))
        .map(|d| one(d.into()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// "12" -> "twelve", "007" and runs longer than [`MAX_DIGITS`] digit by digit. `text` holds digits only.
pub(super) fn integer(text: &str) -> String {
    let padded = text.len() > 1 && text.starts_with('0');
    match text.parse() {
        Ok(value) if !padded && text.len() <= MAX_DIGITS => cardinal(value),
        _ => digits(text),
    }
}

/// "3.14" -> "three point one four", "1.2.3" -> "one point two point three". `text` holds digits and inner points.
pub(super) fn decimal(text: &str) -> String {
    let mut parts = text.split('.');
    let whole = parts.next().unwrap_or_default();
    let several = text.matches('.').count() > 1;
    let mut words = if whole.is_empty() {
        String::new()
    } else {
        integer(whole)
    };
    for part in parts {
        words.push_str(" point ");
        words.push_str(&if several { integer(part) } else { digits(part) });
    }
    words.trim_start().into()
}

/// 1/2 -> "one half", 3/4 -> "three quarters", 2/10 -> "two tenths". None when it is not spoken as a fraction.
pub(super) fn fraction(above: u64, below: u64) -> Option<String> {
    if !(1..=20).contains(&above) || !(2..=100).contains(&below) {
        return None;
    }
    let plural = above > 1;
    let part = match below {
        2 if plural => "halves".into(),
        2 => "half".into(),
        4 => format!("quarter{}", if plural { "s" } else { "" }),
        _ => format!("{}{}", ordinal(below), if plural { "s" } else { "" }),
    };
    Some(format!("{} {part}", cardinal(above)))
}

/// The value of a canonical Roman numeral up to 49, in capitals: "IV" -> 4. Anything else ("IIII", "MIX") is none.
pub(super) fn roman(text: &str) -> Option<u64> {
    const FORMS: [(&str, u64); 6] = [
        ("XL", 40),
        ("X", 10),
        ("IX", 9),
        ("V", 5),
        ("IV", 4),
        ("I", 1),
    ];
    let mut rest = text;
    let mut value = 0;
    for (form, worth) in FORMS {
        let most = if matches!(form, "X" | "I") { 3 } else { 1 };
        for _ in 0..most {
            let Some(shorter) = rest.strip_prefix(form) else {
                break;
            };
            rest = shorter;
            value += worth;
        }
    }
    // "IXI" and the like would pass the loop above; a canonical numeral survives the way back.
    (rest.is_empty() && value > 0 && to_roman(value) == text).then_some(value)
}

fn to_roman(mut value: u64) -> String {
    const FORMS: [(u64, &str); 6] = [
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut text = String::new();
    for (worth, form) in FORMS {
        while value >= worth {
            text.push_str(form);
            value -= worth;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinals() {
        for (value, words) in [
            (0, "zero"),
            (7, "seven"),
            (13, "thirteen"),
            (40, "forty"),
            (85, "eighty five"),
            (100, "one hundred"),
            (906, "nine hundred six"),
            (1000, "one thousand"),
            (12_345, "twelve thousand three hundred forty five"),
            (1_000_001, "one million one"),
            (2_000_000_000, "two billion"),
        ] {
            assert_eq!(cardinal(value), words);
        }
        assert!(cardinal(u64::MAX).starts_with("eighteen quintillion"));
    }

    #[test]
    fn ordinals() {
        for (value, words) in [
            (1, "first"),
            (2, "second"),
            (3, "third"),
            (5, "fifth"),
            (8, "eighth"),
            (9, "ninth"),
            (11, "eleventh"),
            (12, "twelfth"),
            (20, "twentieth"),
            (21, "twenty first"),
            (100, "one hundredth"),
            (1000, "one thousandth"),
        ] {
            assert_eq!(ordinal(value), words);
        }
    }

    #[test]
    fn years_and_decades() {
        for (value, words) in [
            (1906, "nineteen oh six"),
            (1900, "nineteen hundred"),
            (1943, "nineteen forty three"),
            (2000, "two thousand"),
            (2005, "two thousand five"),
            (2010, "twenty ten"),
            (2026, "twenty twenty six"),
            (1066, "ten sixty six"),
            (1000, "one thousand"),
        ] {
            assert_eq!(year(value), words);
        }
        assert_eq!(decade(1940), "nineteen forties");
        assert_eq!(decade(1900), "nineteen hundreds");
        assert_eq!(decade(2010), "twenty tens");
        assert_eq!(decade(80), "eighties");
    }

    #[test]
    fn model_numbers_group_their_digits() {
        for (value, words) in [
            (704, "seven oh four"),
            (360, "three sixty"),
            (700, "seven hundred"),
            (1107, "eleven oh seven"),
            (11, "eleven"),
            (5, "five"),
        ] {
            assert_eq!(model(value), words);
        }
    }

    #[test]
    fn decimals_and_codes() {
        assert_eq!(decimal("3.14"), "three point one four");
        assert_eq!(decimal("0.05"), "zero point zero five");
        assert_eq!(decimal(".5"), "point five");
        assert_eq!(decimal("1.20.3"), "one point twenty point three");
        assert_eq!(integer("007"), "zero zero seven");
        assert_eq!(integer("12"), "twelve");
        assert_eq!(integer("1234567890123456").split(' ').count(), 16);
    }

    #[test]
    fn fractions() {
        assert_eq!(fraction(1, 2).as_deref(), Some("one half"));
        assert_eq!(fraction(3, 4).as_deref(), Some("three quarters"));
        assert_eq!(fraction(2, 3).as_deref(), Some("two thirds"));
        assert_eq!(fraction(1, 10).as_deref(), Some("one tenth"));
        assert_eq!(fraction(0, 2), None);
        assert_eq!(fraction(300, 7), None);
    }

    #[test]
    fn roman_numerals() {
        for (text, value) in [
            ("I", 1),
            ("II", 2),
            ("IV", 4),
            ("VIII", 8),
            ("IX", 9),
            ("XIV", 14),
            ("XXIX", 29),
            ("XLIX", 49),
        ] {
            assert_eq!(roman(text), Some(value), "{text}");
        }
        for text in ["", "IIII", "VV", "IXI", "MIX", "ABC", "IIX", "IC"] {
            assert_eq!(roman(text), None, "{text}");
        }
    }
}
