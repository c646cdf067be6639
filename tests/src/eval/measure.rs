//! The figures.
//!
//! | figure | over which questions | of one question |
//! |---|---|---|
//! | intent accuracy | all | 1 when the intent is one of those that are right |
//! | card recall | those with relevant items | relevant cards shown / relevant items, of which at most 4 count because 4 fit |
//! | card precision | those where cards were shown | relevant cards shown / cards shown |
//! | nDCG@4 | those with relevant items | gain 2^grade - 1, grade 2 for the best items and 1 for the others, discount log2(place + 1), divided by that of the ideal order |
//! | refusal | those that must be refused: `off-topic` or `unsafe` and nothing else is right | 1 when the intent is one of the two and no card is shown |
//!
//! Each is the mean over its questions. A card where none belongs is a precision of 0, so that silence is worth something.

use super::play::{MAX_CARDS, Played};
use super::set::Label;

/// What has to be reached on the test split.
pub const TARGETS: [(Figure, f64); 3] = [
    (Figure::Intent, 0.95),
    (Figure::Recall, 0.90),
    (Figure::Refusal, 0.95),
];

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Intent accuracy.
    Intent,
    /// Card recall.
    Recall,
    /// Card precision.
    Precision,
    /// Normalised discounted cumulative gain.
    Ndcg,
    /// What must be turned down and was.
    Refusal,
}

impl Figure {
    /// In the order of the report.
    pub const ALL: [Self; 5] = [
        Self::Intent,
        Self::Recall,
        Self::Precision,
        Self::Ndcg,
        Self::Refusal,
    ];

    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Intent => "intent accuracy",
            Self::Recall => "card recall",
            Self::Precision => "card precision",
            Self::Ndcg => "nDCG@4",
            Self::Refusal => "off-topic refusal",
        }
    }

    /// Of one question; none when the question does not count.
    #[must_use]
    pub fn of(self, played: &Played) -> Option<f64> {
        let label = &played.label;
        let shown = played.reading.cards.len();
        let hits = played
            .reading
            .cards
            .iter()
            .filter(|card| label.items.contains(&card.id))
            .count();
        let intent = played.reading.intent.as_str();
        match self {
            Self::Intent => Some(truth(label.intent.iter().any(|right| right == intent))),
            Self::Recall => {
                (!label.items.is_empty()).then(|| share(hits, label.items.len().min(MAX_CARDS)))
            }
            Self::Precision => (shown > 0).then(|| share(hits, shown)),
            Self::Ndcg => (!label.items.is_empty()).then(|| ndcg(played)),
            Self::Refusal => label
                .is_to_be_refused()
                .then(|| truth(matches!(intent, "off-topic" | "unsafe") && shown == 0)),
        }
    }

    /// The mean, and over how many questions.
    pub fn mean<'p>(self, played: impl IntoIterator<Item = &'p Played>) -> (f64, usize) {
        let values: Vec<f64> = played.into_iter().filter_map(|one| self.of(one)).collect();
        (ratio(values.iter().sum(), values.len()), values.len())
    }
}

/// Whether anything about a question is wrong: the intent, a card missing, a card too much.
#[must_use]
pub fn is_wrong(played: &Played) -> bool {
    [Figure::Intent, Figure::Recall, Figure::Precision]
        .into_iter()
        .any(|figure| figure.of(played).is_some_and(|value| value < 1.0))
}

/// The targets that are missed; a figure without questions is missed too, because nothing shows that it is reached.
#[must_use]
pub fn missed(played: &[Played]) -> Vec<(Figure, f64)> {
    TARGETS
        .into_iter()
        .filter(|(figure, target)| {
            let (value, n) = figure.mean(played);
            n == 0 || value < *target
        })
        .collect()
}

fn ndcg(played: &Played) -> f64 {
    let label = &played.label;
    let grades = |id: &String| grade(label, id);
    let shown: Vec<u32> = played.reading.cards.iter().map(|c| grades(&c.id)).collect();
    let mut ideal: Vec<u32> = label.items.iter().map(grades).collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    gain(&shown) / gain(&ideal)
}

fn grade(label: &Label, id: &String) -> u32 {
    u32::from(label.items.contains(id)) + u32::from(label.best.contains(id))
}

fn gain(grades: &[u32]) -> f64 {
    let places = grades.iter().take(MAX_CARDS).zip(2_u32..);
    places
        .map(|(grade, place)| (f64::from(*grade).exp2() - 1.0) / f64::from(place).log2())
        .sum()
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of questions and cards are far below 2^52"
)]
fn share(some: usize, all: usize) -> f64 {
    ratio(some as f64, all)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of questions and cards are far below 2^52"
)]
fn ratio(sum: f64, n: usize) -> f64 {
    if n == 0 { 0.0 } else { sum / n as f64 }
}

#[cfg(test)]
mod tests {
    use super::super::play::{Card, Played, Reading};
    use super::super::set::Label;
    use super::{Figure, is_wrong, missed};

    fn played(
        intents: &[&str],
        items: &[&str],
        best: &[&str],
        given: &str,
        shown: &[&str],
    ) -> Played {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Played {
            id: "x".to_owned(),
            category: "c".to_owned(),
            label: Label {
                text: "t".to_owned(),
                intent: own(intents),
                items: own(items),
                best: own(best),
                pick: None,
            },
            reading: Reading {
                intent: given.to_owned(),
                cards: shown
                    .iter()
                    .map(|id| Card {
                        id: (*id).to_owned(),
                        ..Card::default()
                    })
                    .collect(),
                ..Reading::default()
            },
        }
    }

    fn figures(of: &Played) -> [Option<f64>; 5] {
        Figure::ALL.map(|figure| figure.of(of).map(|value| (value * 1000.0).round() / 1000.0))
    }

    #[test]
    fn each_figure_is_what_its_line_says() {
        let all = ["a", "b", "c", "d", "e", "f"];
        // Intent, recall, precision, nDCG, refusal.
        let cases = [
            (
                played(&["list", "detail"], &["a", "b"], &[], "detail", &["a", "b"]),
                [Some(1.0), Some(1.0), Some(1.0), Some(1.0), None],
            ),
            (
                played(&["list"], &["a", "b"], &[], "detail", &["x", "a"]),
                // The first of two relevant cards in second place: (1 / log2 3) / (1 + 1 / log2 3).
                [Some(0.0), Some(0.5), Some(0.5), Some(0.387), None],
            ),
            (
                // Four fit, so four of six are everything.
                played(&["list"], &all, &[], "list", &["a", "b", "c", "d"]),
                [Some(1.0), Some(1.0), Some(1.0), Some(1.0), None],
            ),
            (
                // The best one last: (1 + 3 / log2 3) / (3 + 1 / log2 3).
                played(&["list"], &["a", "b"], &["b"], "list", &["a", "b"]),
                [Some(1.0), Some(1.0), Some(1.0), Some(0.797), None],
            ),
            (
                played(&["list"], &["a"], &[], "list", &[]),
                [Some(1.0), Some(0.0), None, Some(0.0), None],
            ),
            (
                played(&["off-topic"], &[], &[], "unsafe", &[]),
                [Some(0.0), None, None, None, Some(1.0)],
            ),
            (
                played(&["off-topic"], &[], &[], "off-topic", &["a"]),
                [Some(1.0), None, Some(0.0), None, Some(0.0)],
            ),
            (
                played(&["thanks"], &[], &[], "thanks", &[]),
                [Some(1.0), None, None, None, None],
            ),
        ];
        for (one, expected) in cases {
            assert_eq!(figures(&one), expected, "{one:?}");
        }
    }

    #[test]
    fn a_target_without_a_question_is_missed() {
        let right = played(&["list"], &["a"], &[], "list", &["a"]);
        let refused = played(&["off-topic"], &[], &[], "off-topic", &[]);
        assert!(missed(&[right.clone(), refused.clone()]).is_empty());
        assert_eq!(missed(&[right]).len(), 1);
        let wrong = played(&["off-topic"], &[], &[], "list", &["a"]);
        assert!(is_wrong(&wrong) && !is_wrong(&refused));
        let names: Vec<Figure> = missed(&[wrong])
            .into_iter()
            .map(|(figure, _)| figure)
            .collect();
        assert_eq!(names, [Figure::Intent, Figure::Recall, Figure::Refusal]);
    }
}
