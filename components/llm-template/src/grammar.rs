//! Small pieces of English: pronouns and their verbs, number words, lists, years, sentences. It knows neither persona nor cards.

/// Who the sentences are about, for pronouns and verb forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pronoun {
    /// First person: the speaker is the subject.
    I,
    /// Third person.
    She,
    /// Third person.
    He,
    /// Third person of someone who goes by `they`; verbs are plural.
    They,
}

impl Pronoun {
    /// The form for a placeholder of a phrase, which is named by its form for `they`; none when there is no such placeholder.
    #[must_use]
    pub fn form(self, placeholder: &str) -> Option<&'static str> {
        const FORMS: [(&str, [&str; 4]); 8] = [
            ("they", ["I", "she", "he", "they"]),
            ("them", ["me", "her", "him", "them"]),
            ("their", ["my", "her", "his", "their"]),
            ("themselves", ["myself", "herself", "himself", "themselves"]),
            ("was", ["was", "was", "was", "were"]),
            ("am", ["am", "is", "is", "are"]),
            ("have", ["have", "has", "has", "have"]),
            ("do", ["do", "does", "does", "do"]),
        ];
        let [first, she, he, they] = FORMS.iter().find(|(name, _)| *name == placeholder)?.1;
        Some(match self {
            Self::I => first,
            Self::She => she,
            Self::He => he,
            Self::They => they,
        })
    }
}

/// A number as people say it: words to twelve, digits above.
#[must_use]
pub fn number(n: u32) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    usize::try_from(n)
        .ok()
        .and_then(|at| WORDS.get(at))
        .map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn join(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `in 1952`, `from 1943 to 1949`, `since 1967`; none without a first year.
#[must_use]
pub fn when(start: Option<i32>, end: Option<i32>) -> Option<String> {
    let start = start?;
    Some(match end {
        Some(end) if end == start => format!("in {start}"),
        Some(end) => format!("from {start} to {end}"),
        None => format!("since {start}"),
    })
}

/// A title inside a sentence: its article does not keep the capital. Titles of works do.
#[must_use]
pub fn inside(title: &str, is_work: bool) -> String {
    const ARTICLES: [(&str, &str); 3] = [("The ", "the "), ("A ", "a "), ("An ", "an ")];
    let article = ARTICLES
        .iter()
        .find(|(upper, _)| !is_work && title.starts_with(upper));
    article.map_or_else(
        || title.to_owned(),
        |(upper, lower)| title.replacen(upper, lower, 1),
    )
}

/// The text with its first letter as a capital.
#[must_use]
pub fn capitalise(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Number of words, as far as speech is concerned.
#[must_use]
pub fn n_words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The sentences of a text, each with its final mark; white space is reduced to single spaces.
///
/// A full stop ends a sentence when a space and a capital follow and the word before is neither an initial nor a title such as `Dr.`.
#[must_use]
pub fn sentences(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut sentences = Vec::new();
    let mut current: Vec<&str> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        current.push(word);
        let starts_next = words.get(at + 1).is_none_or(|next| {
            next.chars()
                .find(|c| c.is_alphanumeric())
                .is_some_and(|c| !c.is_lowercase())
        });
        if starts_next && ends(word) {
            sentences.push(current.join(" "));
            current.clear();
        }
    }
    if !current.is_empty() {
        sentences.push(finish(&current.join(" ")));
    }
    sentences
}

/// The text with a full stop unless it ends with a mark of its own.
#[must_use]
pub fn finish(text: &str) -> String {
    let text = text.trim();
    let text = text.trim_end_matches([',', ';', ':']);
    if text.is_empty() || text.ends_with(['.', '?', '!']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

fn ends(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '\'', ')', '\u{201d}', '\u{2019}']);
    if bare.ends_with(['?', '!']) {
        return true;
    }
    let Some(before) = bare.strip_suffix('.') else {
        return false;
    };
    let is_initial =
        before.chars().count() == 1 && before.chars().all(char::is_uppercase) && before != "I";
    !is_initial
        && !matches!(
            before,
            "Dr" | "Mr"
                | "Mrs"
                | "Ms"
                | "Prof"
                | "St"
                | "Sen"
                | "Gen"
                | "Capt"
                | "Adm"
                | "No"
                | "vs"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_numbers_and_years_sound_natural() {
        let own = |parts: &[&str]| parts.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        assert_eq!(join(&own(&["a"])), "a");
        assert_eq!(join(&own(&["a", "b"])), "a and b");
        assert_eq!(join(&own(&["a", "b", "c"])), "a, b and c");
        assert_eq!(number(4), "four");
        assert_eq!(number(30), "30");
        assert_eq!(when(Some(1952), Some(1952)).as_deref(), Some("in 1952"));
        assert_eq!(
            when(Some(1931), Some(1943)).as_deref(),
            Some("from 1931 to 1943")
        );
        assert_eq!(when(Some(1967), None).as_deref(), Some("since 1967"));
        assert_eq!(when(None, Some(1)), None);
    }

    #[test]
    fn sentences_end_where_a_reader_would_breathe() {
        assert_eq!(
            sentences("One. Two?  Three!\nFour"),
            ["One.", "Two?", "Three!", "Four."]
        );
        assert_eq!(
            sentences("Dr. Hopper met J. Presper Eckert. So it was."),
            ["Dr. Hopper met J. Presper Eckert.", "So it was."]
        );
        assert_eq!(
            sentences("It cost 1.5 dollars. 1952 was the year."),
            ["It cost 1.5 dollars.", "1952 was the year."]
        );
        assert_eq!(sentences("   "), Vec::<String>::new());
    }

    #[test]
    fn articles_of_works_keep_their_capital() {
        assert_eq!(inside("The A-0 compiler", false), "the A-0 compiler");
        assert_eq!(
            inside("The Education of a Computer", true),
            "The Education of a Computer"
        );
        assert_eq!(inside("Theory", false), "Theory");
    }

    #[test]
    fn verbs_agree_with_the_person() {
        for (pronoun, expected) in [
            (Pronoun::I, "I am"),
            (Pronoun::She, "she is"),
            (Pronoun::He, "he is"),
            (Pronoun::They, "they are"),
        ] {
            assert_eq!(
                format!(
                    "{} {}",
                    pronoun.form("they").unwrap(),
                    pronoun.form("am").unwrap()
                ),
                expected
            );
        }
        assert_eq!(Pronoun::I.form("nobody"), None);
    }
}
