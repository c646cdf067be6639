//! What a text consists of once it is read: words, letters to be spelled, and marks between them.

/// A piece of text as it will be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// One word or several, in ASCII letters, apostrophes, hyphens and single spaces.
    Word(String),
    /// ASCII letters, each read by its name ("IBM").
    Letters {
        /// The letters, in capitals.
        letters: String,
        /// A plural or possessive s follows ("PCs").
        plural: bool,
    },
    /// A pause and a tone.
    Mark(Mark),
}

impl Item {
    pub(super) fn word(text: impl Into<String>) -> Self {
        Self::Word(text.into())
    }

    pub(super) fn letters(text: &str) -> Self {
        Self::Letters {
            letters: text.to_ascii_uppercase(),
            plural: false,
        }
    }
}

/// Pauses in order of their strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Comma, bracket.
    Comma,
    /// A dash between parts of a sentence.
    Dash,
    /// Colon.
    Colon,
    /// Semicolon.
    Semicolon,
    /// End of a statement.
    Stop,
    /// End of a question.
    Question,
    /// End of an exclamation.
    Exclamation,
    /// End of a paragraph, heading or list item.
    Paragraph,
}

impl Mark {
    /// Whether a sentence ends here.
    #[must_use]
    pub fn ends_sentence(self) -> bool {
        self >= Self::Stop
    }

    /// The mark of a punctuation character, if it is one that is heard.
    pub(super) fn of(c: char) -> Option<Self> {
        Some(match c {
            ',' | '(' | ')' | '{' | '}' => Self::Comma,
            '—' => Self::Dash,
            ':' => Self::Colon,
            ';' => Self::Semicolon,
            '.' => Self::Stop,
            '?' => Self::Question,
            '!' => Self::Exclamation,
            '\n' => Self::Paragraph,
            _ => return None,
        })
    }
}

/// Appends `item`. Marks never lead, and of several in a row the strongest stays.
pub(super) fn push(items: &mut Vec<Item>, item: Item) {
    match (items.last_mut(), item) {
        (None, Item::Mark(_)) => {}
        // A question or an exclamation keeps its tone at the end of a paragraph.
        (Some(Item::Mark(Mark::Question | Mark::Exclamation)), Item::Mark(_)) => {}
        (Some(Item::Mark(last)), Item::Mark(next)) => *last = (*last).max(next),
        (_, Item::Word(word)) if word.is_empty() => {}
        (_, Item::Letters { letters, .. }) if letters.is_empty() => {}
        (_, item) => items.push(item),
    }
}
