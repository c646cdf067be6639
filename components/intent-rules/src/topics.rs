//! Words by what they are about, from `data/topics.txt`: food, sport, weapons, insults. They answer nothing; they tell what a question is
//! about that the content does not know.
//!
//! A line is a topic, a colon, and its words. A word counts in any form that has the same stem, and may belong to several topics.

use std::collections::HashMap;

use crate::text::stem;

/// The topics of each stem.
#[derive(Debug, Default)]
pub struct Topics {
    names: Vec<String>,
    of: HashMap<String, Vec<u8>>,
    words: Vec<String>,
}

impl Topics {
    /// Reads the built-in lists.
    ///
    /// # Errors
    /// In words, when the file is broken.
    pub fn built_in() -> Result<Self, String> {
        Self::from_text(include_str!("../data/topics.txt"))
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let mut topics = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (name, words) = line
                .split_once(':')
                .ok_or_else(|| format!("topics.txt: no topic in {line:?}"))?;
            let at = u8::try_from(topics.names.len()).map_err(|e| format!("topics.txt: {e}"))?;
            topics.names.push(name.to_owned());
            for word in words.split_whitespace() {
                let of = topics.of.entry(stem(word)).or_default();
                if !of.contains(&at) {
                    of.push(at);
                }
                topics.words.push(word.to_owned());
            }
        }
        Ok(topics)
    }

    /// All words.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether a word is about a world of its own, so that a question with it is about that: awards for swimming, projects on Mars.
    #[must_use]
    pub fn is_foreign(&self, word: &str) -> bool {
        self.of(word).any(|topic| {
            matches!(
                topic,
                "food"
                    | "drink"
                    | "sport"
                    | "music"
                    | "film"
                    | "game"
                    | "finance"
                    | "medicine"
                    | "place"
                    | "animal"
                    | "space"
                    | "famous"
                    | "brand"
                    | "politics"
                    | "religion"
                    | "fantasy"
                    | "car"
                    | "clothes"
            )
        })
    }

    /// The topics of a word.
    pub fn of(&self, word: &str) -> impl Iterator<Item = &str> {
        let topics = self.of.get(&stem(word)).into_iter().flatten();
        topics.filter_map(|at| self.names.get(usize::from(*at)).map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::Topics;

    #[test]
    fn words_have_topics_in_any_form() {
        let topics = Topics::from_text("food: pizza apple\n\nfirm: apple\n").unwrap();
        let of = |word: &str| topics.of(word).collect::<Vec<_>>();
        assert_eq!(of("apples"), ["food", "firm"]);
        assert_eq!(of("pizza"), ["food"]);
        assert!(of("moth").is_empty());
        assert!(Topics::from_text("no topic").is_err());
        assert!(Topics::built_in().unwrap().words().len() > 1_000);
    }
}
