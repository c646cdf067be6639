//! Words by what they are about, from `data/topics.txt`: food, sport, weapons, insults. They answer nothing; they tell what a question is
//! about that the content does not know.
//!
//! A line is a topic, a colon, and its words. A word counts in any form that has the same stem, and may belong to several topics.

use std::collections::HashMap;

use crate::text::stem;

const TEXT: &str = include_str!("../data/topics.txt");

/// The topics of each stem.
#[derive(Debug, Default)]
pub struct Topics {
    names: Vec<String>,
    of: HashMap<String, Box<[u8]>>,
}

impl Topics {
    /// Reads the built-in lists.
    ///
    /// # Errors
    /// In words, when the file is broken.
    pub fn built_in() -> Result<Self, String> {
        Self::from_text(TEXT)
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let mut names = Vec::new();
        let mut stems: HashMap<String, Vec<u8>> = HashMap::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (name, words) = line
                .split_once(':')
                .ok_or_else(|| format!("topics.txt: no topic in {line:?}"))?;
            let at = u8::try_from(names.len()).map_err(|e| format!("topics.txt: {e}"))?;
            names.push(name.to_owned());
            for word in words.split_whitespace() {
                let of = stems.entry(stem(word)).or_default();
                if !of.contains(&at) {
                    of.push(at);
                }
            }
        }
        let of = stems
            .into_iter()
            .map(|(stem, of)| (stem, of.into()))
            .collect();
        Ok(Self { names, of })
    }

    /// All words of the built-in lists.
    pub fn words() -> impl Iterator<Item = &'static str> {
        let lists = TEXT.lines().filter_map(|line| line.split_once(':'));
        lists.flat_map(|(_, words)| words.split_whitespace())
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
        let topics = self
            .of
            .get(&stem(word))
            .into_iter()
            .flat_map(|of| of.iter());
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
        assert!(Topics::built_in().unwrap().of.len() > 1_000);
        assert!(Topics::words().any(|word| word == "pizza"));
    }
}
