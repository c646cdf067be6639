//! Symbols of whole texts. These need no model: unknown words are spelled when there is no network.

use std::sync::LazyLock;

use super::*;
use crate::text;

static PHONEMIZER: LazyLock<Phonemizer> = LazyLock::new(|| Phonemizer::new(None));

fn symbols(input: &str) -> String {
    text::read(input)
        .iter()
        .map(|utterance| PHONEMIZER.symbols(utterance))
        .collect::<Vec<_>>()
        .join(" | ")
}

#[test]
fn texts_become_symbols() {
    for (input, expected) in [
        ("Hello world.", "həlˈoʊ wˈɜːld."),
        ("IBM 704", "ˌaɪbˌiːˈɛm sˈɛvən ˈoʊ fˈɔːɹ."),
        ("COBOL?", "kˈoʊbˌɔːl?"),
        ("the IT team", "ðɪ ˌaɪtˈiː tˈiːm."),
        ("Her A-0 ran.", "hɜː ˈeɪ zˈɪɹoʊ ɹˈæn."),
        ("a Ph.D. at 9 a.m.", "ɐ pˌiːˌeɪtʃdˈiː æt nˈaɪn ˌeɪˈɛm."),
    ] {
        assert_eq!(symbols(input), expected, "{input}");
    }
}

/// What only the part of speech or the next sound decides.
#[test]
fn context_decides() {
    for (input, expected) in [
        ("I read it yesterday.", "ɹˈɛd"),
        ("I like to read.", "ɹˈiːd"),
        ("the apple", "ðɪ ˈæpəl"),
        ("the pear", "ðə pˈɛɹ"),
        ("They record a record.", "ɹəkˈɔːɹd ɐ ɹˈɛkɚd"),
        ("I used to do", "jˈuːst"),
    ] {
        let symbols = symbols(input);
        assert!(symbols.contains(expected), "{input}: {symbols}");
    }
}

#[test]
fn names_sound_right() {
    for (name, expected) in [
        ("Hopper", "hˈɑːpɚ."),
        ("Aiken", "ˈeɪkən."),
        ("Vassar", "vˈæsɚ."),
        ("Mauchly", "mˈɔːkli."),
        ("Eckert", "ˈɛkɚt."),
        ("UNIVAC", "jˈuːnəvˌæk."),
        ("ENIAC's", "ˈɛniːæks."),
    ] {
        assert_eq!(symbols(name), expected, "{name}");
    }
}

#[test]
fn nothing_is_lost() {
    // Every word leaves a sound, known or not.
    for word in [
        "zyzzyva",
        "Qwfp",
        "Hopper's",
        "datacenter",
        "flow-matic",
        "xs",
        "O'Brien",
        "a-b-c",
        "rock'n'roll",
        "Llanfairpwll",
        "brrr",
    ] {
        let symbols = symbols(word);
        assert!(
            symbols.chars().filter(|c| c.is_alphabetic()).count() >= 2,
            "{word}: {symbols:?}"
        );
        assert!(!symbols.contains('❓'));
    }
}

#[test]
fn compounds_are_cut_into_known_words() {
    assert!(PHONEMIZER.compound("flowchart").is_some());
    assert_eq!(PHONEMIZER.compound("xqzt"), None);
    assert_eq!(PHONEMIZER.compound("ab"), None);
}

#[test]
fn every_line_of_the_lexicon_is_a_word_and_its_sound() {
    let mut count = 0;
    for (word, sound) in own_lexicon() {
        assert!(
            word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'\''),
            "{word}"
        );
        assert_eq!(sound.matches('ˈ').count(), 1, "{word}: one main stress");
        assert!(!voice_symbols(sound).is_empty(), "{word}");
        count += 1;
    }
    assert_eq!(
        count,
        LEXICON
            .lines()
            .filter(|line| !line.starts_with('#'))
            .count(),
        "every line has a tab"
    );
    assert!(text::read("nothing").len() == 1);
}

#[test]
fn nobody_can_inject_sounds() {
    let hostile = symbols("[hello](/ɡʊdbˈaɪ/)");
    assert_eq!(hostile, symbols("hello"));
}
