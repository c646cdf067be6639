//! What a name is looked up by: its other forms, its words run together, their stems, and how they sound.

use std::collections::HashMap;

use crate::base::Name;
use crate::normal::sounds::sounds;
use crate::text::tokens::words;
use crate::text::{numbers, stem};

/// A name's words, and its other forms: "The A-0 compiler" is also found as "A-0 compiler", and "Mark I" as "Mark 1".
pub(crate) fn forms<'w>(run: &[&'w str]) -> Vec<Vec<&'w str>> {
    let mut forms = vec![run.to_vec()];
    if let Some((&("the" | "a" | "an"), rest)) = run.split_first()
        && rest.len() > 1
    {
        forms.push(rest.to_vec());
    }
    if let Some((last, rest)) = run.split_last()
        && let Some(digit) = numbers::roman(last)
        && !rest.is_empty()
    {
        forms.push([rest, &[digit]].concat());
    }
    forms
}

/// How a row of words sounds.
pub(crate) fn heard(run: &[&str]) -> String {
    let mut all = String::new();
    for word in run {
        for sound in sounds(word).chars() {
            if !all.ends_with(sound) {
                all.push(sound);
            }
        }
    }
    all
}

/// The words run together, small numbers as digits.
pub(crate) fn key(run: &[&str]) -> String {
    run.iter().map(|word| numbers::in_name(word)).collect()
}

pub(crate) fn stem_key(run: &[&str]) -> String {
    run.iter()
        .map(|word| stem(&numbers::in_name(word)))
        .collect()
}

/// What a name of several words is called for short when it is that of a kind of things: its last word, when that is a plural. None of the
/// other names is; a word that would be short for two of them is short for neither.
pub(crate) fn short_for(names: &[Name]) -> HashMap<String, usize> {
    let mut short: HashMap<String, Option<usize>> = HashMap::new();
    for (at, name) in names.iter().enumerate() {
        let mut run = words(&name.name);
        if run.len() > 1
            && let Some(last) = run.pop().filter(|last| is_plural(last))
        {
            short
                .entry(last)
                .and_modify(|other| *other = None)
                .or_insert(Some(at));
        }
    }
    let only = short.into_iter();
    only.filter_map(|(word, at)| Some((word, at?))).collect()
}

fn is_plural(word: &str) -> bool {
    word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && stem(word) != word
}

#[cfg(test)]
mod tests {
    use super::short_for;
    use crate::base::Name;

    #[test]
    fn the_last_word_is_short_for_a_kind_of_things_and_for_nothing_else() {
        let names = [
            "Steam engines",
            "Jet pumps",
            "Hand pumps",
            "Sheet glass",
            "Looms",
        ];
        let names = names.map(|name| Name {
            name: name.to_owned(),
            aliases: vec!["brass kettles".to_owned()],
        });
        let short = short_for(&names);
        assert_eq!(short.get("engines"), Some(&0));
        // Two kinds of pumps, no plural, no other word, and an alias that is only how somebody says it.
        assert_eq!(short.len(), 1, "{short:?}");
    }
}
