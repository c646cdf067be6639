//! Words about years that are not years themselves, short or long ways of naming some, and years in digits: what `years` reads years and
//! ranges with.

use super::numbers::below_hundred;

/// After these words `about` is what is told, and not a year that is not known exactly.
pub(super) fn is_telling(word: &str) -> bool {
    matches!(
        word,
        "what"
            | "how"
            | "tell"
            | "me"
            | "us"
            | "hear"
            | "know"
            | "talk"
            | "learn"
            | "more"
            | "something"
            | "anything"
            | "everything"
            | "all"
            | "bit"
            | "lot"
    )
}

/// "Up to 1947" has become "doing 1947" on its way here, as in "what was she up to".
pub(super) fn is_up_to(words: &[&str], at: usize) -> bool {
    let year = after_article(words, at + 1);
    words.get(at) == Some(&"doing")
        && words
            .get(year)
            .is_some_and(|word| four_digits(word).is_some())
}

/// `in fifty five`: only where a word before it tells that it is a year.
pub(super) fn spoken_short(words: &[&str], at: usize, century: i32) -> Option<((i32, i32), usize)> {
    let (n, used) = below_hundred(words.get(at..)?)?;
    let is_spoken = used == 2 && n > 20;
    is_spoken.then_some(((century + n, century + n), at + used))
}

/// `the twenty first century`, `the 20th century`.
pub(super) fn hundred_years(words: &[&str], at: usize) -> Option<((i32, i32), usize)> {
    let (first, used) = match (words.get(at).copied()?, words.get(at + 1).copied()?) {
        ("twenty", "first") => (2000, 2),
        ("21st" | "twentyfirst", _) => (2000, 1),
        ("20th" | "twentieth", _) => (1900, 1),
        ("19th" | "nineteenth", _) => (1800, 1),
        ("18th" | "eighteenth", _) => (1700, 1),
        _ => return None,
    };
    (words.get(at + used) == Some(&"century")).then_some(((first, first + 99), at + used + 1))
}

/// The word here, or the one after `the`.
pub(super) fn after_article(words: &[&str], at: usize) -> usize {
    at + usize::from(words.get(at).copied() == Some("the"))
}

/// A year in digits, 1000 to 2199.
pub(super) fn four_digits(word: &str) -> Option<i32> {
    if word.len() != 4 || !word.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    word.parse().ok().filter(|year| (1000..2200).contains(year))
}
