//! What a name is looked up by: its other forms, its words run together, their stems, and how they sound.

use crate::normal::sounds::sounds;
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
