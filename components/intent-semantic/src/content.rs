//! The content base by meaning: every item and every type in pieces, and how near each is to a question.
//!
//! Embedding costs time when a stage is loaded, 5 to 20 ms a piece in a component, so the number of pieces has a limit. Whole summaries
//! come first and titles last, so that a base that is too large loses what is told elsewhere too.

use intent_rules::base::{ContentBase, Item};

use crate::error::Error;
use crate::model::{Embed, Meaning};

/// Most pieces that are embedded.
pub const MAX_PIECES: usize = 1_000;

/// How similarities become parts of a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// A similarity that tells nothing: any two texts about one person have it. It becomes 0.
    pub nothing: f32,
    /// That of a question to the piece that answers it in other words. It becomes 1.
    pub all: f32,
    /// An item that is farther than this from the nearest one does not fit by its meaning alone.
    pub margin: f32,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            nothing: 0.2,
            all: 0.7,
            margin: 0.05,
        }
    }
}

impl Calibration {
    /// What [`intent_rules::Engine::select_near`] takes, of the similarity of each item.
    #[must_use]
    pub fn near(&self, similarities: &[f32]) -> Vec<f32> {
        let best = similarities.iter().copied().fold(-1.0, f32::max);
        let near = |&similarity: &f32| {
            let share = ((similarity - self.nothing) / (self.all - self.nothing)).clamp(0.0, 1.0);
            if similarity < best - self.margin {
                share.min(JUST_UNFIT)
            } else {
                share
            }
        };
        similarities.iter().map(near).collect()
    }
}

/// Below one half, from where on an item fits.
const JUST_UNFIT: f32 = 0.49;

/// What a piece is of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The title alone.
    Title,
    /// Title with summary, or title with details.
    Text,
    /// Title with keywords.
    Keywords,
}

/// The meanings of all items, in the order of the base, and of its types.
#[derive(Debug)]
pub struct Items {
    items: Vec<Vec<(Kind, Meaning)>>,
    types: Vec<Vec<Meaning>>,
}

/// How near the pieces of an item are to a question; -1 where it has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Its title.
    pub title: f32,
    /// The nearer of summary and details.
    pub text: f32,
    /// Its keywords.
    pub keywords: f32,
}

impl Near {
    /// The nearest of all.
    #[must_use]
    pub fn most(&self) -> f32 {
        self.title.max(self.text).max(self.keywords)
    }

    /// The sum of what is told in words rather than named.
    #[must_use]
    pub fn told(&self) -> f32 {
        self.text + self.keywords
    }
}

impl Items {
    /// Embeds a content base.
    ///
    /// # Errors
    /// Those of `embed`.
    pub fn new(base: &ContentBase, embed: Embed<'_>) -> Result<Self, Error> {
        let mut items: Vec<Vec<(Kind, Meaning)>> = base.items.iter().map(|_| Vec::new()).collect();
        let mut types: Vec<Vec<Meaning>> = Vec::new();
        let mut left = MAX_PIECES;
        for of_type in &base.types {
            let nouns = std::iter::once(of_type.title.to_lowercase())
                .chain(of_type.synonyms.iter().cloned());
            let ways = nouns
                .map(|noun| format!("which {noun} did she have"))
                .chain(
                    of_type
                        .verbs
                        .iter()
                        .map(|verb| format!("what did she {verb}")),
                );
            let ways: Vec<String> = ways.take(left).collect();
            left -= ways.len();
            types.push(
                ways.iter()
                    .map(|way| embed(way))
                    .collect::<Result<_, _>>()?,
            );
        }
        for (at, kind, text) in pieces(&base.items).take(left) {
            if let Some(pieces) = items.get_mut(at) {
                pieces.push((kind, embed(&text)?));
            }
        }
        Ok(Self { items, types })
    }

    /// How near each item is to a question.
    #[must_use]
    pub fn near(&self, question: &Meaning) -> Vec<Near> {
        let near = |pieces: &Vec<(Kind, Meaning)>| {
            let mut near = Near {
                title: -1.0,
                text: -1.0,
                keywords: -1.0,
            };
            for (kind, piece) in pieces {
                let most = match kind {
                    Kind::Title => &mut near.title,
                    Kind::Text => &mut near.text,
                    Kind::Keywords => &mut near.keywords,
                };
                *most = most.max(piece.similarity(question));
            }
            near
        };
        self.items.iter().map(near).collect()
    }

    /// How near the nearest way to ask for each type is to a question.
    #[must_use]
    pub fn types(&self, question: &Meaning) -> Vec<f32> {
        let near = |ways: &Vec<Meaning>| {
            let all = ways.iter().map(|way| way.similarity(question));
            all.fold(-1.0, f32::max)
        };
        self.types.iter().map(near).collect()
    }
}

/// Index of the item, kind and text of each piece.
fn pieces(items: &[Item]) -> impl Iterator<Item = (usize, Kind, String)> {
    let of = |kind: Kind, texts: fn(&Item) -> Vec<String>| {
        let all = items.iter().enumerate();
        all.flat_map(move |(at, item)| texts(item).into_iter().map(move |text| (at, kind, text)))
    };
    of(Kind::Text, |item| with_title(item, &item.summary))
        .chain(of(Kind::Text, |item| with_title(item, &item.details)))
        .chain(of(Kind::Keywords, |item| {
            with_title(item, &item.keywords.join(", "))
        }))
        .chain(of(Kind::Title, |item| vec![item.title.clone()]))
}

fn with_title(item: &Item, text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    vec![format!("{}. {text}", item.title)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_come_first_and_titles_last() {
        let json = std::fs::read(crate::testing::content_folder().join("content.json")).unwrap();
        let base = ContentBase::from_json(&json).unwrap();
        let all: Vec<(usize, Kind, String)> = pieces(&base.items).collect();
        let n = base.items.len();
        assert!(all.len() > 3 * n, "{} pieces", all.len());
        assert!(all.iter().take(n).map(|(at, ..)| *at).eq(0..n));
        assert!(
            all.iter()
                .all(|(at, _, text)| text.starts_with(&base.items[*at].title))
        );
        let last = all.iter().rev().take(n);
        assert!(
            last.map(|(_, kind, _)| *kind)
                .all(|kind| kind == Kind::Title)
        );
    }

    #[test]
    fn only_items_next_to_the_nearest_fit_by_meaning() {
        let near = Calibration::default().near(&[0.6, 0.57, 0.5, 0.2, -0.3, 0.9]);
        assert_eq!(near.iter().filter(|share| **share >= 0.5).count(), 1);
        assert_eq!(near[3..], [0.0, 0.0, 1.0]);
        let near = Calibration::default().near(&[0.6, 0.57, 0.5, 0.1]);
        assert!(near[0] > near[1] && near[1] >= 0.5 && near[2] == JUST_UNFIT);
        // Nothing is near enough.
        let near = Calibration::default().near(&[0.4, 0.39]);
        assert!(near.iter().all(|share| *share < 0.5));
        assert!(Calibration::default().near(&[]).is_empty());
    }
}
