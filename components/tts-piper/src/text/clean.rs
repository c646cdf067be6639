//! The first step of reading: a text as people and language models write it becomes plain lines of characters that can be read out.
//!
//! Markdown loses its marks, links keep their words, emoji and control characters disappear, typographic signs and accented
//! letters become ASCII. Nothing is spelled out here. The result holds printable ASCII, the signs `£ € ¥ ° µ —` and, between paragraphs, `\n`.
//! Square brackets never survive: the phonemizer gives them a meaning of its own.

/// Cleans `text`. Never fails; text without anything to say becomes an empty string or punctuation.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fenced = false;
    let mut open_line = false; // the line before can go on in this one
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            // Code is not meant to be heard.
            fenced = !fenced;
            open_line = false;
            continue;
        }
        if fenced {
            continue;
        }
        let body = Body::of(line);
        if !out.is_empty() {
            out.push(if open_line && body.continues {
                ' '
            } else {
                '\n'
            });
        }
        inline(body.text, &mut out);
        open_line = body.open;
    }
    out
}

/// A line without the marks of its block.
struct Body<'a> {
    text: &'a str,
    /// It may belong to the sentence of the line before.
    continues: bool,
    /// The next line may belong to its sentence.
    open: bool,
}

impl<'a> Body<'a> {
    fn of(line: &'a str) -> Self {
        let heading = line.trim_start_matches('#');
        if heading.len() < line.len() && (heading.is_empty() || heading.starts_with(' ')) {
            return Self {
                text: heading,
                continues: false,
                open: false,
            };
        }
        let quoted = line.trim_start_matches(['>', ' ']);
        if quoted.is_empty()
            || quoted
                .chars()
                .all(|c| matches!(c, '-' | '=' | '*' | '_' | '|' | ':' | ' '))
        {
            // Blank lines, rules and the second line of a table.
            return Self {
                text: "",
                continues: false,
                open: false,
            };
        }
        for bullet in ["- ", "* ", "+ ", "• ", "[ ] ", "[x] "] {
            if let Some(item) = quoted.strip_prefix(bullet) {
                return Self {
                    text: Self::of(item).text,
                    continues: false,
                    open: true,
                };
            }
        }
        let digits = quoted.bytes().take_while(u8::is_ascii_digit).count();
        let numbered = (1..=3).contains(&digits)
            && quoted
                .get(digits..)
                .is_some_and(|rest| rest.starts_with(". "));
        Self {
            text: quoted,
            continues: !numbered,
            open: true,
        }
    }
}

/// Cleans within a line.
fn inline(line: &str, out: &mut String) {
    let chars: Vec<char> = line.chars().collect();
    let at = |i: Option<usize>| i.and_then(|i| chars.get(i)).copied().unwrap_or(' ');
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        let (before, after) = (at(i.checked_sub(1)), at(Some(i + 1)));
        match c {
            // `[words](target)`: the target is for machines.
            ']' if after == '(' => {
                i += target(chars.get(i + 1..).unwrap_or_default());
            }
            '!' if after == '[' => {}
            '[' | ']' | '`' | '~' | '|' | '\\' | '<' | '>' => out.push(' '),
            '*' if before.is_ascii_digit() && after.is_ascii_digit() => out.push_str(" times "),
            '*' => {}
            // An underscore inside a name separates words; elsewhere it is emphasis.
            '_' => out.push_str(if before.is_alphanumeric() && after.is_alphanumeric() {
                " "
            } else {
                ""
            }),
            '–' | '‐' | '‑' | '−'
                if after.is_alphanumeric() && (before.is_alphanumeric() || c == '−') =>
            {
                out.push('-')
            }
            '–' | '—' | '―' | '−' => out.push_str(" — "),
            '-' if before == '-' || after == '-' => {
                out.push_str(if before == '-' { "" } else { " — " })
            }
            c if c.is_ascii_graphic() || c == ' ' => out.push(c),
            c => fold(c, out),
        }
        i += 1;
    }
}

/// The length of a link's target with its brackets, which may be nested; 0 when it is never closed.
fn target(chars: &[char]) -> usize {
    let mut depth = 0;
    for (i, c) in chars.iter().enumerate() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i + 1;
        }
    }
    0
}

/// One character beyond ASCII as something that can be read out, or nothing.
fn fold(c: char, out: &mut String) {
    let plain = match c {
        '’' | '‘' | '‛' | 'ʼ' | '′' | '´' => "'",
        '“' | '”' | '„' | '«' | '»' | '″' => "\"",
        '…' => "...",
        '½' => " 1/2",
        '¼' => " 1/4",
        '¾' => " 3/4",
        '⅓' => " 1/3",
        '⅔' => " 2/3",
        '²' => " squared",
        '³' => " cubed",
        '×' => " times ",
        '÷' => " divided by ",
        '±' => " plus or minus ",
        '≈' => " about ",
        '≤' => " at most ",
        '≥' => " at least ",
        '→' => " to ",
        'α' => " alpha ",
        'β' => " beta ",
        'γ' => " gamma ",
        'δ' | 'Δ' => " delta ",
        'λ' => " lambda ",
        'π' => " pi ",
        'σ' => " sigma ",
        'ω' | 'Ω' => " omega ",
        'μ' | 'µ' => "µ",
        '£' | '€' | '¥' | '°' => return out.push(c),
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ª' => "a",
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => "A",
        'æ' => "ae",
        'Æ' => "Ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'Ç' | 'Ć' | 'Č' => "C",
        'ď' | 'đ' | 'ð' => "d",
        'Ď' | 'Đ' => "D",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'È'..='Ë' | 'Ē' | 'Ė' | 'Ę' | 'Ě' => "E",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'Ğ' => "G",
        'ì'..='ï' | 'ĩ' | 'ī' | 'į' | 'ı' => "i",
        'Ì'..='Ï' | 'Ī' | 'İ' => "I",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'Ł' => "L",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'Ñ' | 'Ń' | 'Ň' => "N",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'º' => "o",
        'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ő' => "O",
        'œ' => "oe",
        'Œ' => "Oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'Ř' => "R",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'Ś' | 'Ş' | 'Š' | 'Ș' => "S",
        'ß' => "ss",
        'ţ' | 'ť' | 'ț' => "t",
        'þ' => "th",
        'Þ' => "Th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'Ù'..='Ü' | 'Ū' | 'Ů' | 'Ű' => "U",
        'ý' | 'ÿ' => "y",
        'Ý' => "Y",
        'ź' | 'ż' | 'ž' => "z",
        'Ź' | 'Ż' | 'Ž' => "Z",
        // Marks that belong to the letter before, joiners and variation selectors.
        '\u{300}'..='\u{36f}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ad}' => "",
        _ => " ",
    };
    out.push_str(plain);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let words = |t: &str| {
            t.split(' ')
                .filter(|w| !w.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(words(&clean(text)), expected, "{text:?}");
    }

    #[test]
    fn markdown_loses_its_marks() {
        check(
            "She **really** built the *first* `compiler`.",
            "She really built the first compiler .",
        );
        check(
            "# Career\nShe joined the Navy.",
            " Career\nShe joined the Navy.".trim(),
        );
        check("- one\n- two", "one\ntwo");
        check("> quoted\n> twice", "quoted twice");
        check(
            "See [her notes](https://example.org/a_(b)) now",
            "See her notes now",
        );
        check("![a photo](x.png) of her", "a photo of her");
        check("before\n```rust\nlet x = 1;\n```\nafter", "before\nafter");
        check("snake_case and _emphasis_", "snake case and emphasis");
    }

    #[test]
    fn wrapped_lines_are_one_paragraph() {
        check(
            "She went\nto Yale.\n\nThen she left.",
            "She went to Yale.\n\nThen she left.",
        );
    }

    #[test]
    fn emoji_and_foreign_scripts_disappear() {
        check("Great 🎉👩‍💻!", "Great !");
        check("你好", "");
        check("\u{0}\u{7}bell", "bell");
    }

    #[test]
    fn letters_lose_their_accents() {
        check("naïve café Erdős Łódź e\u{301}", "naive cafe Erdos Lodz e");
    }

    #[test]
    fn dashes_are_pauses_or_hyphens() {
        check("1943–1945", "1943-1945");
        check("she — of course — won", "she — of course — won");
        check("yes -- no", "yes — no");
        check("−5", "-5");
    }

    #[test]
    fn no_bracket_survives() {
        assert!(!clean("[x](/ɪ/) [[y] ]z[").contains(['[', ']']));
    }
}
