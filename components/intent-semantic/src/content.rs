//! The content base by meaning: every item in pieces, and how near each item is to a question.
//!
//! Embedding costs time when a stage is loaded, about 20 ms a piece in a component, so the number of pieces has a limit. Summaries come
//! first, so that of a base that is too large only details are left out, and last whole items, which words still find.

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

/// The meanings of all items, in the order of the base.
#[derive(Debug)]
pub struct Items(Vec<Vec<Meaning>>);

impl Items {
    /// Embeds a content base.
    ///
    /// # Errors
    /// Those of `embed`.
    pub fn new(base: &ContentBase, embed: Embed<'_>) -> Result<Self, Error> {
        let mut items: Vec<Vec<Meaning>> = base.items.iter().map(|_| Vec::new()).collect();
        for (at, text) in pieces(&base.items).take(MAX_PIECES) {
            if let Some(pieces) = items.get_mut(at) {
                pieces.push(embed(&text)?);
            }
        }
        Ok(Self(items))
    }

    /// The similarity of a question to the nearest piece of each item; 0 for an item without pieces.
    #[must_use]
    pub fn similarities(&self, question: &Meaning) -> Vec<f32> {
        let nearest = |pieces: &Vec<Meaning>| {
            let all = pieces.iter().map(|piece| piece.similarity(question));
            all.reduce(f32::max).unwrap_or(0.0)
        };
        self.0.iter().map(nearest).collect()
    }
}

/// Index of the item and text of each piece: title with summary of all items, then title with details.
fn pieces(items: &[Item]) -> impl Iterator<Item = (usize, String)> {
    let of = |text: fn(&Item) -> &str| {
        let all = items.iter().enumerate();
        all.filter(move |(_, item)| !text(item).is_empty())
            .map(move |(at, item)| (at, format!("{}. {}", item.title, text(item))))
    };
    of(|item| &item.summary).chain(of(|item| &item.details))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_come_before_details() {
        let json = std::fs::read(crate::testing::content_folder().join("content.json")).unwrap();
        let base = ContentBase::from_json(&json).unwrap();
        let all: Vec<(usize, String)> = pieces(&base.items).collect();
        let n = base.items.len();
        assert!(all.len() > n, "{} pieces", all.len());
        assert!(all.iter().take(n).map(|(at, _)| *at).eq(0..n));
        assert!(
            all.iter()
                .all(|(at, text)| text.starts_with(&base.items[*at].title))
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
