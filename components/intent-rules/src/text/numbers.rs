//! Numbers as words: cardinals to 99, ordinals to tenth, and the digit form of names (`mark one` and `Mark I` are both `mark1`).

/// 0 to 19 for a word such as `seven`, or for digits below 20.
fn below_twenty(word: &str) -> Option<i32> {
    const WORDS: [&str; 20] = [
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
    WORDS
        .iter()
        .position(|w| *w == word)
        .and_then(|n| i32::try_from(n).ok())
}

/// 20, 30 and so on for `twenty`, `thirty`; also `forty` in the spelling `fourty`.
fn tens(word: &str) -> Option<i32> {
    const WORDS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    if word == "fourty" {
        return Some(40);
    }
    WORDS
        .iter()
        .position(|w| *w == word)
        .and_then(|n| i32::try_from(n).ok())
        .map(|n| (n + 2) * 10)
}

/// A number below 100 at the start of `words` and how many words it takes: `fifty two`, `fifty`, `oh six`, `12`.
#[must_use]
pub fn below_hundred(words: &[&str]) -> Option<(i32, usize)> {
    let first = *words.first()?;
    let second = words.get(1).copied();
    if matches!(first, "oh" | "o" | "zero")
        && let Some(unit) = second
            .and_then(below_twenty)
            .filter(|n| (1..10).contains(n))
    {
        return Some((unit, 2));
    }
    if let Some(ten) = tens(first) {
        return Some(
            match second
                .and_then(below_twenty)
                .filter(|n| (1..10).contains(n))
            {
                Some(unit) => (ten + unit, 2),
                None => (ten, 1),
            },
        );
    }
    if let Some(n) = below_twenty(first) {
        return Some((n, 1));
    }
    if first.len() <= 2 && first.bytes().all(|b| b.is_ascii_digit()) {
        return first.parse().ok().map(|n| (n, 1));
    }
    None
}

/// The decade for `forties` (40), or for `40s`.
#[must_use]
pub fn decade(word: &str) -> Option<i32> {
    const WORDS: [&str; 8] = [
        "twenties",
        "thirties",
        "forties",
        "fifties",
        "sixties",
        "seventies",
        "eighties",
        "nineties",
    ];
    if let Some(n) = WORDS.iter().position(|w| *w == word) {
        return i32::try_from(n).ok().map(|n| (n + 2) * 10);
    }
    let digits = word.strip_suffix('s').filter(|d| d.len() == 2)?;
    digits.parse().ok().filter(|n| n % 10 == 0)
}

/// 1 for `first` or `1st`, up to 10.
#[must_use]
pub fn ordinal(word: &str) -> Option<u32> {
    const WORDS: [&str; 10] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth",
    ];
    const SHORT: [&str; 10] = [
        "1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th",
    ];
    let at = WORDS
        .iter()
        .position(|w| *w == word)
        .or_else(|| SHORT.iter().position(|w| *w == word))?;
    u32::try_from(at + 1).ok()
}

/// 1 to 20 for a cardinal in words or digits.
#[must_use]
pub fn cardinal(word: &str) -> Option<u32> {
    below_hundred(&[word])
        .and_then(|(n, _)| u32::try_from(n).ok())
        .filter(|n| (1..=20).contains(n))
}

/// The form of one word inside a name: small numbers become digits, everything else stays.
#[must_use]
pub fn in_name(word: &str) -> String {
    below_twenty(word).map_or_else(|| word.to_owned(), |n| n.to_string())
}

/// The digit for a Roman numeral that ends a name: `ii` is 2.
#[must_use]
pub fn roman(word: &str) -> Option<&'static str> {
    match word {
        "i" => Some("1"),
        "ii" => Some("2"),
        "iii" => Some("3"),
        "iv" => Some("4"),
        "v" => Some("5"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_words_and_digits() {
        assert_eq!(below_hundred(&["fifty", "two"]), Some((52, 2)));
        assert_eq!(below_hundred(&["fifty", "people"]), Some((50, 1)));
        assert_eq!(below_hundred(&["oh", "six"]), Some((6, 2)));
        assert_eq!(below_hundred(&["sixteen"]), Some((16, 1)));
        assert_eq!(below_hundred(&["07"]), Some((7, 1)));
        assert_eq!(below_hundred(&["many"]), None);
        assert_eq!(below_hundred(&[]), None);
        assert_eq!(decade("forties"), Some(40));
        assert_eq!(decade("80s"), Some(80));
        assert_eq!(decade("45s"), None);
        assert_eq!(ordinal("2nd"), Some(2));
        assert_eq!(cardinal("three"), Some(3));
        assert_eq!(cardinal("zero"), None);
        assert_eq!(in_name("one"), "1");
    }
}
