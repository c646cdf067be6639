//! Cuts what was read into utterances: sentences, and clauses where sentences are long.
//!
//! The encoder looks at a whole utterance before the first sound, and its attention grows with the square of the length; short utterances start
//! early. They also cost naturalness, so a sentence is cut only when it is long, and then at its marks.

use super::item::{Item, Mark};

/// From this many characters on, an utterance ends at the next mark of any kind.
const LONG: usize = 120;

/// At this many characters an utterance ends, mark or not: about 20 seconds of speech.
const LONGEST: usize = 300;

/// What is synthesized in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    /// Words, letters and inner marks; never empty, never ends in a mark.
    pub items: Vec<Item>,
    /// The mark at its end. None where a sentence was too long and has none.
    pub end: Option<Mark>,
}

/// Cuts `items`, losing nothing but marks without words.
pub(super) fn cut(items: Vec<Item>) -> Vec<Utterance> {
    let mut utterances = Vec::new();
    let mut open = Vec::new();
    let mut length = 0;
    for item in items {
        let size = match &item {
            Item::Word(word) => word.len() + 1,
            // A letter takes the time of a short word.
            Item::Letters { letters, .. } => letters.len() * 4,
            Item::Mark(_) => 0,
        };
        if let Item::Mark(mark) = item {
            if !open.is_empty() && (mark.ends_sentence() || length >= LONG) {
                utterances.push(Utterance {
                    items: std::mem::take(&mut open),
                    end: Some(mark),
                });
                length = 0;
            } else if !open.is_empty() {
                open.push(item);
            }
            continue;
        }
        if length + size > LONGEST && !open.is_empty() {
            utterances.push(Utterance {
                items: std::mem::take(&mut open),
                end: None,
            });
            length = 0;
        }
        length += size;
        open.push(item);
    }
    while matches!(open.last(), Some(Item::Mark(_))) {
        open.pop();
    }
    if !open.is_empty() {
        utterances.push(Utterance {
            items: open,
            end: Some(Mark::Stop),
        });
    }
    utterances
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(count: usize) -> Vec<Item> {
        (0..count).map(|_| Item::word("seven")).collect()
    }

    #[test]
    fn sentences_are_utterances() {
        let mut items = words(2);
        items.push(Item::Mark(Mark::Question));
        items.extend(words(1));
        let utterances = cut(items);
        assert_eq!(
            utterances.iter().map(|u| u.end).collect::<Vec<_>>(),
            [Some(Mark::Question), Some(Mark::Stop)]
        );
        assert!(cut(Vec::new()).is_empty());
    }

    #[test]
    fn a_long_sentence_is_cut_at_a_mark_and_at_the_limit() {
        let mut items = words(25);
        items.push(Item::Mark(Mark::Comma));
        items.extend(words(3));
        assert_eq!(
            cut(items).iter().map(|u| u.items.len()).collect::<Vec<_>>(),
            [25, 3]
        );
        let utterances = cut(words(120));
        assert_eq!(utterances.iter().map(|u| u.items.len()).sum::<usize>(), 120);
        assert!(
            utterances.iter().all(|u| u.items.len() * 6 <= LONGEST),
            "none is longer than the limit"
        );
    }
}
