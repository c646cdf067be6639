use super::*;

fn split(text: &str) -> Vec<String> {
    let mut splitter = Splitter::default();
    let mut sentences = splitter.push(text);
    sentences.extend(splitter.finish());
    sentences
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(split(text), expected, "{text:?}");
}

#[test]
fn plain_sentences() {
    check(
        "She joined in 1943. It was war! Who knew?",
        &["She joined in 1943.", "It was war!", "Who knew?"],
    );
    check("", &[]);
    check("  \n ", &[]);
    check("no end", &["no end"]);
}

#[test]
fn titles_and_initials_stay() {
    check(
        "Dr. Grace B. Hopper met Adm. Smith. They talked.",
        &["Dr. Grace B. Hopper met Adm. Smith.", "They talked."],
    );
    check(
        "J. A. Smith wrote it. I read it.",
        &["J. A. Smith wrote it.", "I read it."],
    );
    check(
        "She has a Ph.D. The year was 1934.",
        &["She has a Ph.D.", "The year was 1934."],
    );
    check(
        "The U.S. Navy called. She left the U.S. It was May.",
        &["The U.S. Navy called.", "She left the U.S.", "It was May."],
    );
    check("At 9 a.m. She rose.", &["At 9 a.m.", "She rose."]);
    check(
        "Vitamin C. The rest is myth.",
        &["Vitamin C.", "The rest is myth."],
    );
    check(
        "Languages, e.g. COBOL, won.",
        &["Languages, e.g. COBOL, won."],
    );
    check(
        "Sperry Rand Corp. In 1955 it merged.",
        &["Sperry Rand Corp.", "In 1955 it merged."],
    );
    check(
        "On Dec. 9 it began. On we went.",
        &["On Dec. 9 it began.", "On we went."],
    );
}

#[test]
fn numbers() {
    check(
        "It took 3.14 seconds. Version 2.0 came.",
        &["It took 3.14 seconds.", "Version 2.0 came."],
    );
    check(
        "No. 5 lives. No. She left.",
        &["No. 5 lives.", "No.", "She left."],
    );
    check("1. First. 2. Second.", &["1. First.", "2. Second."]);
    check(
        "See example.com/a.b for more. Bye.",
        &["See example.com/a.b for more.", "Bye."],
    );
}

#[test]
fn quotes_brackets_and_dots() {
    check(
        "\"Really?\" she asked. \"Yes.\" He left.",
        &["\"Really?\" she asked.", "\"Yes.\"", "He left."],
    );
    check(
        "“Dare and do.” That was her motto.",
        &["“Dare and do.”", "That was her motto."],
    );
    check(
        "(It was a moth.) They taped it.",
        &["(It was a moth.)", "They taped it."],
    );
    check(
        "Well... that is it. So... The end.",
        &["Well... that is it.", "So...", "The end."],
    );
    check(
        "Wait… Now. What?! Yes!",
        &["Wait…", "Now.", "What?!", "Yes!"],
    );
    check("彼女は誰？海軍です。", &["彼女は誰？", "海軍です。"]);
    check("... !!! Yes.", &["Yes."]);
}

#[test]
fn lines_and_lists() {
    check(
        "Three things:\n- one\n- two\n\nDone",
        &["Three things:", "- one", "- two", "Done"],
    );
    check("A list\n1. one\n2) two", &["A list", "1. one", "2) two"]);
    check(
        "a line\nthat goes on in\n1952 and ends.",
        &["a line that goes on in 1952 and ends."],
    );
}

#[test]
fn long_sentences_are_cut_at_clauses_then_words_then_anywhere() {
    let clause = "and she explained the compiler to them once more, ";
    let long = clause.repeat(10);
    let sentences = split(&long);
    assert!(sentences.len() >= 2);
    for sentence in &sentences {
        assert!(sentence.chars().count() <= MAX_CHARS, "{sentence}");
        assert!(sentence.ends_with("once more,"), "{sentence}");
    }
    assert_eq!(sentences.join(" "), long.trim());

    let words = "word ".repeat(120);
    assert_eq!(split(&words).join(" "), words.trim());
    assert!(split(&words).iter().all(|s| s.chars().count() <= MAX_CHARS));

    let solid = "é".repeat(1_000);
    assert_eq!(split(&solid).concat(), solid);
    assert!(split(&solid).iter().all(|s| s.chars().count() <= MAX_CHARS));
}

#[test]
fn a_sentence_comes_out_as_soon_as_it_is_certain() {
    let mut splitter = Splitter::default();
    assert!(
        splitter.push("Hello there.").is_empty(),
        "a closing quote might follow"
    );
    assert!(
        splitter.push(" ").is_empty(),
        "a lower-case word might follow"
    );
    assert_eq!(splitter.push("S"), ["Hello there."]);
    assert!(splitter.push("he left the U.S. ").is_empty());
    assert!(splitter.push("It").is_empty(), "Italy might follow");
    assert_eq!(splitter.push(" was"), ["She left the U.S."]);
    assert_eq!(splitter.finish(), ["It was"]);
}

#[test]
fn any_chunking_gives_the_same_sentences() {
    let long = "and then, after all of it, she went on; ".repeat(30);
    let texts = [
        "Dr. Grace B. Hopper (1906–1992) joined the U.S. Navy in Dec. 1943. \"Dare and do!\" she said... It's 3.5 ns. No. 2? Yes!",
        "A list:\n1. one. Two\n2. three\n\n- four… Five\nsix 1952. e.g. this. J. A. B. C",
        "彼女は。Hello? “Yes.”  (No.) He said 'Go.' And U.S.A. The end etc. She. ?!?! ...",
        long.as_str(),
    ];
    // A small linear congruential generator: the chunkings are the same in every run.
    let mut state = 42_u64;
    let mut random = move |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for text in texts {
        let whole = split(text);
        let chars: Vec<char> = text.chars().collect();
        for longest in [1, 2, 3, 7, 20] {
            for _ in 0..40 {
                let mut splitter = Splitter::default();
                let (mut sentences, mut rest) = (Vec::new(), chars.as_slice());
                while !rest.is_empty() {
                    let n = (1 + random(longest)).min(rest.len());
                    let (chunk, tail) = rest.split_at(n);
                    sentences.extend(splitter.push(&chunk.iter().collect::<String>()));
                    rest = tail;
                }
                sentences.extend(splitter.finish());
                assert_eq!(sentences, whole, "{text:?} in chunks of at most {longest}");
            }
        }
    }
}
