//! What the word before a period says about it, and which words begin sentences. English.

/// What stands before a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// An ordinary word: the period ends the sentence.
    Word,
    /// Something that a name or an example follows: the period never ends a sentence.
    Always,
    /// Something that a number follows ("No. 3"), and an ordinary word otherwise ("No. She did not.").
    Numbered,
    /// An abbreviation or an initial that may also be the last word of a sentence.
    Maybe,
}

/// Titles and the like.
const ALWAYS: &[&str] = &[
    "adm", "capt", "cdr", "cf", "cmdr", "col", "dr", "drs", "e.g", "gen", "gov", "hon", "i.e",
    "lt", "maj", "messrs", "mmes", "mr", "mrs", "ms", "mt", "mx", "pres", "prof", "rep", "rev",
    "sen", "sgt", "st", "supt", "viz", "vs",
];

const NUMBERED: &[&str] = &["art", "ch", "fig", "no", "nos", "pp", "sec", "vol", "vols"];

const MAYBE: &[&str] = &[
    "al", "apr", "approx", "assn", "aug", "ave", "blvd", "bros", "ca", "co", "corp", "dec", "dept",
    "est", "etc", "feb", "fri", "ft", "inc", "jan", "jr", "jul", "jun", "ltd", "mar", "mon", "nov",
    "oct", "rd", "sat", "sep", "sept", "sr", "sun", "thu", "tue", "univ", "wed",
];

/// Words that begin sentences often and names never.
const STARTERS: &[&str] = &[
    "a", "after", "all", "also", "although", "an", "and", "another", "as", "at", "because",
    "before", "both", "but", "by", "do", "during", "each", "for", "from", "he", "her", "here",
    "his", "how", "however", "i", "if", "in", "instead", "is", "it", "its", "later", "many",
    "most", "my", "next", "no", "not", "now", "on", "one", "our", "she", "since", "so", "some",
    "that", "the", "their", "then", "there", "these", "they", "this", "those", "to", "today",
    "was", "we", "what", "when", "where", "which", "while", "who", "why", "with", "yes", "yet",
    "you", "your",
];

/// Looks at the characters of a sentence up to a period (without it).
pub(super) fn before(sentence: &[char]) -> Before {
    let is_part = |c: &char| c.is_alphanumeric() || matches!(c, '.' | '\'' | '’' | '-' | '&');
    let length = sentence.iter().rev().take_while(|c| is_part(c)).count();
    let start = sentence.len() - length;
    let word: String = sentence
        .get(start..)
        .unwrap_or_default()
        .iter()
        .flat_map(|c| c.to_lowercase())
        .collect();
    if start == 0 && (1..=3).contains(&length) && word.bytes().all(|b| b.is_ascii_digit()) {
        // "1. First do this": the number of a list item.
        return Before::Always;
    }
    let known = |list: &[&str]| list.contains(&word.as_str());
    if known(ALWAYS) {
        Before::Always
    } else if known(NUMBERED) {
        Before::Numbered
    } else if known(MAYBE) || is_initials(&word) {
        Before::Maybe
    } else {
        Before::Word
    }
}

/// One letter, or short parts with periods between them: "b", "u.s", "ph.d", "a.m".
fn is_initials(word: &str) -> bool {
    let mut parts = word.split('.').map(|part| part.chars().count());
    let is_letters = word.chars().all(|c| c.is_alphabetic() || c == '.');
    match word.contains('.') {
        false => is_letters && word.chars().count() == 1,
        true => is_letters && parts.all(|n| (1..=2).contains(&n)),
    }
}

/// Whether a word is one that begins sentences.
pub(super) fn starts_sentence(word: &[char]) -> bool {
    let word: String = word.iter().flat_map(|c| c.to_lowercase()).collect();
    STARTERS.contains(&word.as_str())
}
