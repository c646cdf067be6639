//! The reading of whole texts, as a table.

use super::{Item, Mark, read};

/// What is said, in one line: letters as `<IBM>`, marks as punctuation.
fn said(text: &str) -> String {
    let mut out = String::new();
    for utterance in read(text) {
        for item in &utterance.items {
            match item {
                Item::Word(word) => out.push_str(&format!(" {word}")),
                Item::Letters { letters, plural } => {
                    out.push_str(&format!(" <{letters}{}>", if *plural { "s" } else { "" }))
                }
                Item::Mark(mark) => out.push(sign(*mark)),
            }
        }
        out.push(utterance.end.map_or('/', sign));
    }
    out.trim_start().into()
}

fn sign(mark: Mark) -> char {
    match mark {
        Mark::Comma => ',',
        Mark::Dash => '-',
        Mark::Colon => ':',
        Mark::Semicolon => ';',
        Mark::Stop => '.',
        Mark::Question => '?',
        Mark::Exclamation => '!',
        Mark::Paragraph => '|',
    }
}

fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(text, expected)| said(text) != *expected)
        .map(|(text, expected)| {
            format!("{text:?}\n  said     {}\n  expected {expected}", said(text))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn plain_sentences() {
    check(&[
        ("Hello world.", "Hello world."),
        ("Really? Yes!", "Really? Yes!"),
        (
            "She said: \"Go ahead, do it.\"",
            "She said: Go ahead, do it.",
        ),
        ("it's hers, isn't it", "it's hers, isn't it."),
        ("one (of many) things", "one, of many, things."),
        ("Well... maybe", "Well, maybe."),
        ("so — in short — no", "so- in short- no."),
        ("state-of-the-art", "state-of-the-art."),
        ("", ""),
        ("... !!! ---", ""),
        ("🎉", ""),
    ]);
}

#[test]
fn years_and_quantities() {
    check(&[
        ("born in 1906", "born in nineteen oh six."),
        (
            "It has 1906 relays",
            "It has one thousand nine hundred six relays.",
        ),
        (
            "more than 1500 of them",
            "more than one thousand five hundred of them.",
        ),
        (
            "in 2005 and 2026",
            "in two thousand five and twenty twenty six.",
        ),
        ("3,000 people", "three thousand people."),
        ("42", "forty two."),
        ("the 1940s and '50s", "the nineteen forties and fifties."),
        ("agent 007", "agent zero zero seven."),
        ("1943-1945", "nineteen forty three to nineteen forty five."),
        ("1943–45", "nineteen forty three to forty five."),
        ("pages 10-20", "pages ten to twenty."),
        ("1952 was good", "nineteen fifty two was good."),
        (
            "12345 steps",
            "twelve thousand three hundred forty five steps.",
        ),
    ]);
}

#[test]
fn ordinals_decimals_fractions() {
    check(&[
        (
            "the 1st, 22nd and 103rd",
            "the first, twenty second and one hundred third.",
        ),
        ("3.14 or -5", "three point one four or minus five."),
        ("version 1.2.3", "version one point two point three."),
        ("1/2 cup and 3/4", "one half cup and three quarters."),
        ("½ of it", "one half of it."),
        ("open 24/7", "open twenty four seven."),
        ("#1", "number one."),
        ("a 3:1 lead", "a three to one lead."),
        ("64-bit words", "sixty four bit words."),
        ("2x faster", "two times faster."),
        ("100+ awards", "one hundred plus awards."),
    ]);
}

#[test]
fn money_and_percent() {
    check(&[
        ("$5", "five dollars."),
        ("$1", "one dollar."),
        (
            "$1,250.75",
            "one thousand two hundred fifty dollars and seventy five cents.",
        ),
        ("$0.50", "fifty cents."),
        ("$3.5 million", "three point five million dollars."),
        ("$2M", "two million dollars."),
        ("US$20", "twenty dollars."),
        ("£9.99", "nine pounds and ninety nine pence."),
        ("20€", "twenty euros."),
        (
            "40% of 12.5 %",
            "forty percent of twelve point five percent.",
        ),
        ("10-20%", "ten to twenty percent."),
    ]);
}

#[test]
fn units() {
    check(&[
        ("5 km", "five kilometers."),
        ("60mph", "sixty miles per hour."),
        ("60 mph.", "sixty miles per hour."),
        ("1 kg", "one kilogram."),
        ("-40 °C", "minus forty degrees Celsius."),
        ("72°F", "seventy two degrees Fahrenheit."),
        ("100 km/h", "one hundred kilometers per hour."),
        ("64 KB of memory", "sixty four kilobytes of memory."),
        ("2.5 GHz", "two point five gigahertz."),
        (
            "a nanosecond, 11.8 in long",
            "a nanosecond, eleven point eight in long.",
        ),
        ("5 ms later", "five milliseconds later."),
    ]);
}

#[test]
fn dates_and_times() {
    check(&[
        ("December 9, 1906", "December ninth, nineteen oh six."),
        (
            "Dec. 9, 1906, in New York",
            "December ninth, nineteen oh six, in New York.",
        ),
        ("9 December 1906", "the ninth of December nineteen oh six."),
        ("on the 9 December", "on the ninth of December."),
        ("1906-12-09", "December ninth, nineteen oh six."),
        ("12/9/1906", "December ninth, nineteen oh six."),
        ("In May 1952 it ran.", "In May nineteen fifty two it ran."),
        ("You may go. May I?", "You may go. May I?"),
        ("March on", "March on."),
        ("Jan. 1, 1992", "January first, nineteen ninety two."),
        ("at 10:30", "at ten thirty."),
        ("at 9:05 a.m. sharp", "at nine oh five <AM> sharp."),
        ("9am to 5pm", "nine <AM> to five <PM>."),
        ("at 3:00 pm", "at three <PM>."),
        ("at 3:00", "at three o'clock."),
        ("7 p.m. She left", "seven <PM>. She left."),
        ("call 555-1234", "call five five five, one two three four."),
    ]);
}

#[test]
fn abbreviations() {
    check(&[
        ("Dr. Grace Hopper", "doctor Grace Hopper."),
        (
            "Mr. Aiken met Mrs. Mauchly",
            "mister Aiken met missus Mauchly.",
        ),
        ("Rear Adm. Hopper", "Rear admiral Hopper."),
        (
            "St. Paul is on Main St. It is big.",
            "saint Paul is on Main street. It is big.",
        ),
        (
            "compilers, e.g. A-0, i.e. the first",
            "compilers, for example <A> zero, that is the first.",
        ),
        (
            "bugs, moths, etc. She kept it.",
            "bugs, moths, et cetera. She kept it.",
        ),
        ("the U.S. Navy", "the <US> Navy."),
        ("in the U.S. She", "in the <US>. She."),
        ("Washington, D.C.", "Washington, <DC>."),
        ("a Ph.D. in math", "a <PHD> in math."),
        ("No. 7", "number seven."),
        ("No. I won't.", "No. I won't."),
        ("Grace B. Hopper", "Grace <B> Hopper."),
        ("J. R. R. Tolkien", "<J> <R> <R> Tolkien."),
        ("pp. 3-5", "pages three to five."),
        (
            "Remington Rand Inc. built it",
            "Remington Rand incorporated built it.",
        ),
        ("left vs. right", "left versus right."),
        ("Sgt. Pepper Jr.", "sergeant Pepper junior."),
        ("approx. 5", "approximately five."),
    ]);
}

#[test]
fn acronyms_and_models() {
    check(&[
        ("COBOL and FLOW-MATIC", "COBOL and flowmatic."),
        ("the UNIVAC I", "the UNIVAC one."),
        ("IBM 704", "<IBM> seven oh four."),
        ("A-0 and B-0", "<A> zero and <B> zero."),
        ("the PDP-11 and VAX", "the <PDP> eleven and <VAX>."),
        ("ENIAC's tubes", "ENIAC's tubes."),
        ("two PCs, IBM's", "two <PCs>, <IBMs>."),
        ("the ANSI board", "the <ANSI> board."),
        ("C++ and C#", "<C> plus plus and <C> sharp."),
        ("JavaScript, GitHub", "Java Script, Git Hub."),
        ("x86 and MP3", "<X> eighty six and <MP> three."),
        ("HTTPServer", "<HTTP> Server."),
        ("AT&T", "<AT> and <T>."),
        ("vitamin C is", "vitamin <C> is."),
        ("TCP/IP", "<TCP> <IP>."),
        ("it is NOT easy", "it is not easy."),
        ("THIS IS VERY LOUD NOW", "this is very loud now."),
        ("5G and 3D", "five <G> and three <D>."),
        ("Y2K", "<Y> two <K>."),
        ("I am. A plan.", "I am. A plan."),
        ("McCarthy, O'Brien", "McCarthy, O'Brien."),
    ]);
}

#[test]
fn roman_numerals() {
    check(&[
        ("the Mark I", "the Mark one."),
        ("Harvard Mark II computer", "Harvard Mark two computer."),
        ("World War II", "World War two."),
        ("Elizabeth II", "Elizabeth the second."),
        ("Henry VIII", "Henry the eighth."),
        ("Chapter IV", "Chapter four."),
        ("I think so", "I think so."),
        ("then I did", "then I did."),
    ]);
}

#[test]
fn addresses() {
    check(&[
        (
            "see https://www.example.com/docs?x=1",
            "see example dot com slash docs.",
        ),
        ("mail grace@navy.mil", "mail grace at navy dot mil."),
        ("example.org.", "example dot org."),
    ]);
}

#[test]
fn markdown() {
    check(&[
        ("**Bold** and `code`", "Bold and code."),
        (
            "# Title\nText here.\n- one\n- two",
            "Title| Text here| one| two.",
        ),
        ("See [the notes](http://x.org/y).", "See the notes."),
        ("1. First\n2. Second", "one. First| two. Second."),
    ]);
}

/// Nothing that anyone sends may panic, and only speakable characters leave.
#[test]
fn hostile_input() {
    let nasty = [
        "[",
        "](",
        "\u{0}",
        "'''''",
        "-----",
        "$",
        "$-",
        "%%%",
        "1,",
        ",1",
        ".",
        "1.",
        "1..2",
        "é\u{301}",
        "--5",
        "#",
        "#-",
        "a/",
        "//",
        "5/",
        "12/40/1999",
        "25:99",
        "99999999999999999999",
        "🎉1",
        "x-",
        "-x-",
        "O'",
        "'s",
        "A.",
        ".A",
        "…",
        "\u{202e}",
        "1-",
        "1-x",
        "$1.234",
        "1e9",
        "0x1F",
    ];
    for first in nasty {
        for second in nasty {
            for joint in ["", " ", "\n"] {
                for utterance in read(&format!("{first}{joint}{second}")) {
                    assert!(!utterance.items.is_empty());
                    for item in &utterance.items {
                        match item {
                            Item::Word(word) => assert!(
                                word.bytes()
                                    .all(|b| b.is_ascii_alphabetic()
                                        || matches!(b, b' ' | b'\'' | b'-')),
                                "{first}{joint}{second}: {word:?}"
                            ),
                            Item::Letters { letters, .. } => assert!(
                                letters.bytes().all(|b| b.is_ascii_uppercase()),
                                "{letters:?}"
                            ),
                            Item::Mark(_) => {}
                        }
                    }
                }
            }
        }
    }
}
