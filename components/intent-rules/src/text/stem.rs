//! Light stemming for English: enough that `compilers`, `compiling` and `compiled` meet, not enough to invent words.
//!
//! One suffix is removed after the plural, and never down to fewer than three letters (four for the riskier endings). British and
//! American spelling fold together. The result is a key for the index, not something to show.

/// The stem of a normalised word.
#[must_use]
pub fn stem(word: &str) -> String {
    if !word.bytes().all(|b| b.is_ascii_lowercase()) || word.len() < 4 {
        return word.to_owned();
    }
    let singular = singular(word);
    let base = strip(
        &singular,
        &[
            "isation", "ization", "ising", "izing", "ised", "ized", "iser", "izer", "ise", "ize",
        ],
        4,
    )
    .or_else(|| strip(&singular, &["ation"], 5))
    .map(str::to_owned)
    .or_else(|| {
        strip(&singular, &["ing", "ed"], 3)
            .filter(|rest| has_vowel(rest))
            .map(undouble)
    })
    .or_else(|| strip(&singular, &["er", "or"], 4).map(undouble))
    .unwrap_or(singular);
    let base = if base.len() > 4 {
        base.replace("our", "or")
    } else {
        base
    };
    match base.strip_suffix('e') {
        Some(rest) if rest.len() >= 3 => rest.to_owned(),
        _ => base,
    }
}

fn singular(word: &str) -> String {
    if let Some(rest) = word.strip_suffix("ies").filter(|rest| rest.len() >= 2) {
        return format!("{rest}y");
    }
    if strip(word, &["sses", "ches", "shes", "xes"], 2).is_some() {
        return word.trim_end_matches("es").to_owned();
    }
    match word.strip_suffix('s') {
        Some(rest) if rest.len() >= 3 && !rest.ends_with(['s', 'u', 'i']) => rest.to_owned(),
        _ => word.to_owned(),
    }
}

/// The word without the first suffix that fits and leaves at least `least` letters.
fn strip<'w>(word: &'w str, suffixes: &[&str], least: usize) -> Option<&'w str> {
    suffixes
        .iter()
        .find_map(|suffix| word.strip_suffix(suffix))
        .filter(|rest| rest.len() >= least)
}

/// `programm` to `program`, but not `call` to `cal`: l, s and z are doubled in many plain words.
fn undouble(word: &str) -> String {
    let mut letters = word.chars().rev();
    match (letters.next(), letters.next()) {
        (Some(a), Some(b))
            if a == b && !matches!(a, 'l' | 's' | 'z' | 'a' | 'e' | 'i' | 'o' | 'u') =>
        {
            word.chars().take(word.chars().count() - 1).collect()
        }
        _ => word.to_owned(),
    }
}

fn has_vowel(word: &str) -> bool {
    word.contains(['a', 'e', 'i', 'o', 'u', 'y'])
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn forms_of_a_word_meet() {
        let families: [&[&str]; 8] = [
            &["compiler", "compilers", "compile", "compiled", "compiling"],
            &[
                "program",
                "programs",
                "programmer",
                "programming",
                "programmed",
            ],
            &[
                "standard",
                "standards",
                "standardise",
                "standardised",
                "standardization",
            ],
            &["honour", "honor", "honours", "honoured"],
            &["study", "studies"],
            &["teach", "teaching", "teaches", "teacher"],
            &["create", "created", "creating", "creates"],
            &["computer", "computers", "computing"],
        ];
        for family in families {
            let stems: Vec<String> = family.iter().map(|word| stem(word)).collect();
            assert!(
                stems.iter().all(|s| *s == stems[0]),
                "{family:?} -> {stems:?}"
            );
        }
    }

    #[test]
    fn different_words_stay_apart() {
        for (a, b) in [
            ("war", "ward"),
            ("navy", "naval"),
            ("ship", "shape"),
            ("class", "clad"),
            ("string", "str"),
            ("bus", "bu"),
        ] {
            assert_ne!(stem(a), stem(b), "{a} {b}");
        }
    }

    #[test]
    fn foreign_and_short_words_are_left_alone() {
        for word in ["a", "is", "日本語", "naïveté", "1950s", ""] {
            assert_eq!(stem(word), word);
        }
    }
}
