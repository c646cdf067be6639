//! Phrases with placeholders in braces: `{They} {have} built {n} things`.
//!
//! Pronouns and verbs come from the persona, `{name}` is the subject's name, other values from the caller. A placeholder with a capital
//! gets a capital. A phrase is checked when it is loaded, so filling cannot fail.

use crate::grammar::{Pronoun, capitalise};

/// Values for placeholders: name and text.
pub type Values<'v> = [(&'static str, &'v str)];

/// Fills a phrase. Whatever is unknown is left out, which [`check`] excludes for phrases from files.
#[must_use]
pub fn fill(phrase: &str, pronoun: Pronoun, name: &str, values: &Values<'_>) -> String {
    let mut text = String::with_capacity(phrase.len() + 32);
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((key, later)) = after.split_once('}') else {
            break;
        };
        let lower = key.to_lowercase();
        // A value may be named with capitals of its own, such as {firstWhen}.
        let value = values
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, value)| *value)
            .or_else(|| (lower == "name").then_some(name))
            .or_else(|| pronoun.form(&lower))
            .unwrap_or_default();
        if key.starts_with(char::is_uppercase) {
            text.push_str(&capitalise(value))
        } else {
            text.push_str(value)
        }
        rest = later;
    }
    text.push_str(rest);
    text
}

/// Whether a phrase can be filled with pronouns, the name and `values`.
///
/// # Errors
/// In words, when a brace is open or a placeholder unknown.
pub fn check(phrase: &str, values: &[&str]) -> Result<(), String> {
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        if before.contains('}') {
            return Err("a } without its {".to_owned());
        }
        let (key, later) = after.split_once('}').ok_or("a { without its }")?;
        let lower = key.to_lowercase();
        if lower != "name" && Pronoun::I.form(&lower).is_none() && !values.contains(&key) {
            return Err(format!("unknown placeholder {{{key}}}"));
        }
        rest = later;
    }
    if rest.contains('}') {
        Err("a } without its {".to_owned())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{check, fill};
    use crate::grammar::Pronoun;

    #[test]
    fn placeholders_follow_person_and_capitals() {
        let phrase = "{They} {have} {n} things, and {name} {am} proud of {their} work.";
        let she = fill(phrase, Pronoun::She, "Grace", &[("n", "four")]);
        assert_eq!(she, "She has four things, and Grace is proud of her work.");
        let first = fill(
            "{Their} work, and {they} {was} glad.",
            Pronoun::I,
            "Sam",
            &[],
        );
        assert_eq!(first, "My work, and I was glad.");
    }

    #[test]
    fn broken_phrases_are_named() {
        assert_eq!(check("fine {They} {n}", &["n"]), Ok(()));
        assert_eq!(
            check("{thier}", &[]).unwrap_err(),
            "unknown placeholder {thier}"
        );
        assert!(check("open {they", &[]).is_err());
        assert!(check("closed} {they}", &[]).is_err());
    }
}
