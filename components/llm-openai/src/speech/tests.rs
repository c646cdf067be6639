use super::*;

const IDS: [&str; 2] = ["a-0", "cobol"];

/// Text and items of an answer that comes in these pieces.
fn pieces(pieces: &[&str], cut: bool) -> (String, Option<String>) {
    let mut speech = Speech::new(10_000, IDS.map(str::to_owned).to_vec());
    let mut text: String = pieces.iter().map(|piece| speech.push(piece)).collect();
    text += &speech.end(cut);
    (text, speech.items().map(str::to_owned))
}

/// Every cut into up to three pieces, and single characters, gives the same.
fn heard(written: &str, cut: bool) -> (String, Option<String>) {
    let whole = pieces(&[written], cut);
    let places: Vec<usize> = (0..=written.len())
        .filter(|at| written.is_char_boundary(*at))
        .collect();
    for &a in &places {
        for &b in places.iter().filter(|b| **b >= a) {
            let parts = [&written[..a], &written[a..b], &written[b..]];
            assert_eq!(pieces(&parts, cut), whole, "{parts:?}");
        }
    }
    let single: Vec<String> = written.chars().map(String::from).collect();
    let single: Vec<&str> = single.iter().map(String::as_str).collect();
    assert_eq!(pieces(&single, cut), whole, "{written:?}");
    whole
}

fn text(written: &str) -> String {
    let (text, items) = heard(written, false);
    assert_eq!(items, None, "{written:?}");
    text
}

#[test]
fn plain_text_is_as_it_is() {
    for written in [
        "She wrote A-0 in 1952, didn't she? Yes: \"the first\" (of many) – 3 < 4, C# and snake_case, 50 % of it; ~5 IT items.",
        "I. It is. ITEM 5 is. Items of note: none. THESE ITEMS, SHE SAID.",
        "Ça alors ! Elle a écrit le premier compilateur.",
        "彼女は1952年に最初のコンパイラを書きました。素晴らしい！",
        "نعم، كتبت ذلك.",
        "<3",
        "a < b > c",
        "What [a",
    ] {
        let expected = written.replace('[', "");
        assert_eq!(text(written), expected);
    }
}

#[test]
fn markup_is_not_spoken() {
    for (written, spoken) in [
        ("**Grace** _Hopper_ wrote `A-0`.", "Grace Hopper wrote A-0."),
        (
            "***Bold*** and __bold__ and ~~gone~~ and \\*this\\*",
            "Bold and bold and gone and this",
        ),
        ("# Compilers\nShe wrote A-0.", "Compilers. She wrote A-0."),
        (
            "She built:\n\n- **A-0**\n- FLOW-MATIC;\n* COBOL.\n",
            "She built: A-0. FLOW-MATIC; COBOL.",
        ),
        ("First\n1. A-0\n2) COBOL\nLast", "First. A-0. COBOL. Last"),
        (
            "It was 1952\nwhen she wrote it.",
            "It was 1952 when she wrote it.",
        ),
        ("1952. That year.", "1952. That year."),
        ("One paragraph\n\nanother", "One paragraph. another"),
        ("One.\n\n---\n\nTwo.", "One. Two."),
        ("```text\nShe wrote A-0.\n```\n", "She wrote A-0."),
        ("> She said so.", "She said so."),
        (
            "See [the page](https://example.org/a_(b)?) for more.",
            "See the page?) for more.",
        ),
        (
            "See ![a picture](https://example.org/x.png)!",
            "See a picture!",
        ),
        (
            "She wrote it [1][2], really [cobol], [a-0, cobol].",
            "She wrote it, really,.",
        ),
        ("She wrote it【4†source】.", "She wrote it."),
        ("She [indeed] wrote it.", "She indeed wrote it."),
        ("Well<br>then <b>so</b> <question>", "Well then so"),
        ("| A | B |\n| 1 | 2 |", "A B 1 2"),
        ("Great 🎉! Yes 👩🏽\u{200d}💻 👍🏽. 🇺🇸 → 1️⃣", "Great! Yes. 1"),
        ("  \n\n  She   said\t\tso.  \n ", "She said so."),
        ("- She said\n  that it works", "She said. that it works"),
    ] {
        assert_eq!(text(written), spoken, "{written:?}");
    }
}

#[test]
fn thoughts_are_not_spoken() {
    for (written, spoken) in [
        (
            "<think>\nHm. <b> She? </b>\n</think>\n\nShe wrote it.",
            "She wrote it.",
        ),
        (
            "<THINK>a</think>She<thinking>b</thinking> wrote it.",
            "She wrote it.",
        ),
        ("<think>never ends, ITEMS: cobol", ""),
        ("<thin", "<thin"),
    ] {
        assert_eq!(text(written), spoken);
    }
}

#[test]
fn the_line_of_items_is_withheld() {
    for (written, items) in [
        ("\nITEMS: a-0, cobol", " a-0, cobol"),
        ("\n\nITEMS: a-0\n", " a-0"),
        (" ITEMS: none", " none"),
        ("\n**ITEMS:** a-0", "** a-0"),
        ("\n**Items**: a-0", " a-0"),
        ("\n- items: a-0", " a-0"),
        ("\n`ITEMS: a-0`", " a-0`"),
        ("\n[ITEMS: a-0]", " a-0]"),
        ("\n```\nITEMS: a-0\n```", " a-0"),
        ("\nItem: a-0", " a-0"),
        ("\nITEMS:\n- a-0\n- cobol", "\n- a-0\n- cobol"),
        (
            "\n{\"items\": [\"a-0\",\n \"cobol\"]}\n",
            "{\"items\": [\"a-0\",\n \"cobol\"]}",
        ),
        ("\n[\"a-0\"]", "[\"a-0\"]"),
        ("\nITEMS: [\"a-0\"]", " [\"a-0\"]"),
    ] {
        let written = format!("She wrote it.{written}");
        let (text, got) = heard(&written, false);
        assert_eq!(text, "She wrote it.", "{written:?}");
        assert_eq!(got.as_deref(), Some(items), "{written:?}");
    }
    // It need not be the last line, and the last of several counts.
    let (text, items) = heard("ITEMS: cobol\nShe wrote it.\nITEMS: a-0\nReally.", false);
    assert_eq!(
        (text.as_str(), items.as_deref()),
        ("She wrote it. Really.", Some(" a-0"))
    );
}

#[test]
fn a_line_that_is_cut_off_is_withheld_and_not_read() {
    let line = "\n**ITEMS: a-0, cobol";
    for n in 0..line.len() {
        let written = format!("She wrote it.{}", &line[..n]);
        let (text, items) = heard(&written, true);
        assert_eq!(
            (text.as_str(), items),
            ("She wrote it.", None),
            "{written:?}"
        );
    }
    let (text, items) = heard("She wrote it.\n{\"items\": [\"a-0", true);
    assert_eq!((text.as_str(), items), ("She wrote it.", None));
    // Its end is there: more text was cut off.
    let (text, items) = heard("ITEMS: a-0\nShe wrote", true);
    assert_eq!(
        (text.as_str(), items.as_deref()),
        ("She wrote", Some(" a-0"))
    );
}

#[test]
fn what_is_not_decided_is_held_back_and_no_more() {
    let mut speech = Speech::new(100, Vec::new());
    assert_eq!(speech.push("She "), "She");
    assert_eq!(speech.push("wrote it"), " wrote it");
    assert_eq!(speech.push(". I"), ".");
    assert_eq!(speech.push("T"), "");
    assert_eq!(speech.push(" was"), " IT was");
    assert_eq!(speech.end(false), "");
}

#[test]
fn an_answer_has_a_length() {
    let fill = |characters: usize, written: &str| {
        let mut speech = Speech::new(characters, Vec::new());
        (speech.push(written), speech.is_full())
    };
    assert_eq!(
        fill(10, "She wrote it. Yes."),
        ("She wrote it.".into(), true)
    );
    assert_eq!(
        fill(20, "She wrote it. Yes."),
        ("She wrote it. Yes.".into(), false)
    );
    let (text, full) = fill(10, &"word ".repeat(1000));
    assert!(
        full && text.len() < 250 && text.trim_end().ends_with("word"),
        "{text}"
    );
    let (text, full) = fill(10, &"語".repeat(1000));
    assert!(full && text.chars().count() < 250);
    let (text, full) = fill(10, &"x".repeat(1000));
    assert!(!full || text.len() < 1001);
}

/// Text that is made to hurt, in pieces of every size: no panic, the same result, no more than what came.
#[test]
fn any_text_in_any_pieces() {
    let tokens = [
        "**", "_", "`", "```", "[", "](", ")", "]", "<", "think>", "</think>", "ITEMS", ":",
        "items", "\n", " ", "- ", "1. ", "#", "a-0", "x", "é", "語", "🎉", "\u{200d}", "|", "\\",
        "!", "{", "\"", "~", ".", "【", "】", "\r", "\0",
    ];
    let mut state = 7_u64;
    for _ in 0..3000 {
        let mut next = |n: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        let n = 1 + next(20);
        let written: String = (0..n).map(|_| tokens[next(tokens.len())]).collect();
        for cut in [false, true] {
            let whole = pieces(&[&written], cut);
            let characters: Vec<String> = written.chars().map(String::from).collect();
            for size in [1, 2, 3, 5] {
                let parts: Vec<String> = characters
                    .chunks(size)
                    .map(|chunk| chunk.concat())
                    .collect();
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                assert_eq!(pieces(&parts, cut), whole, "{written:?} {size}");
            }
        }
    }
}
