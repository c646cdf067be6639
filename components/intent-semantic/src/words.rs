//! A question as the learned judgement sees its words: names, types, years and numbers by what they are, everyday words as they are, and
//! everything else by a star. So it holds for any content base.

use std::collections::{BTreeSet, HashSet};

use intent_rules::intent::pattern::{Class, Unit};
use intent_rules::intent::question::Question;

/// The words of a question as the rules have put them right: in English, spelled as the content spells them.
#[must_use]
pub fn corrected(question: &Question) -> String {
    let words: Vec<&str> = question
        .units
        .iter()
        .map(|unit| unit.text.as_str())
        .collect();
    words.join(" ")
}

/// Words, pairs and triples of a question, each once. Words that `known` does not hold are stars.
#[must_use]
pub fn grams(question: &Question, known: &HashSet<String>) -> BTreeSet<String> {
    let ends = |mark: &'static str| std::iter::once(mark);
    let inner = question.units.iter().map(token);
    let tokens: Vec<&str> = ends("^")
        .chain(inner)
        .chain(ends("$"))
        .map(|token| if known.contains(token) { token } else { "*" })
        .collect();
    let mut all: BTreeSet<String> = (2..=3)
        .flat_map(|n| tokens.windows(n).map(|run| run.join(" ")))
        .collect();
    let inner = tokens.iter().skip(1).take(question.units.len());
    all.extend(inner.map(|token| (*token).to_owned()));
    all
}

fn token(unit: &Unit) -> &str {
    let is = |class: Class| unit.classes.contains(&class);
    match () {
        () if is(Class::Subject) && unit.text.starts_with("you") => "you",
        () if is(Class::Subject) => "S",
        () if is(Class::Ordinal) => "O",
        () if is(Class::Years) => "Y",
        () if is(Class::Item) => "N",
        () if is(Class::Type) => "T",
        () if is(Class::Name) => "N",
        () if is(Class::Number) || is(Class::Count) => "#",
        () => &unit.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str, classes: &[Class]) -> Unit {
        Unit {
            text: text.to_owned(),
            classes: classes.to_vec(),
        }
    }

    #[test]
    fn names_are_not_told_apart_and_rare_words_are_stars() {
        let question = |name: &str, word: &str| Question {
            units: vec![
                unit("when", &[]),
                unit("was", &[]),
                unit(name, &[Class::Name, Class::Item]),
                unit(word, &[]),
            ],
            ..Question::default()
        };
        let known: HashSet<String> = ["when", "was", "N", "^", "$"].map(str::to_owned).into();
        let one = grams(&question("flow matic", "zorbed"), &known);
        assert_eq!(one, grams(&question("uss hopper", "quindled"), &known));
        for gram in ["when", "N", "*", "^ when was", "was N *", "* $"] {
            assert!(one.contains(gram), "{gram}: {one:?}");
        }
        assert!(!one.contains("^") && !one.contains("$"));
        assert_eq!(corrected(&question("a 0", "made")), "when was a 0 made");
    }
}
