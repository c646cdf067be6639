//! Which items answer a question, by what was learned from labelled ones: decision trees over what the rules and the meanings tell of each
//! item give the probability that it belongs to the answer.
//!
//! The trees (`data/items.json`) come from `training/train.py`. No input names a thing of a content base, so they hold for any.

use intent_rules::base::{ContentBase, Item};
use intent_rules::text::years::Years;

use crate::content::Near;
use crate::error::Error;
use crate::trees::Trees;

/// The inputs of the trees, in order.
pub const INPUTS: [&str; 44] = [
    "r_title",
    "r_sum",
    "r_key",
    "n_title",
    "n_sum",
    "n_key",
    "best",
    "best_gap",
    "mean",
    "mean_gap",
    "rank",
    "z",
    "zmax",
    "kw",
    "kw_gap",
    "kw_max",
    "kw_rank",
    "tech",
    "org",
    "year",
    "type",
    "itype",
    "tsim",
    "tsim_gap",
    "pin",
    "any_pin",
    "prev",
    "n_prev",
    "sel",
    "n_sel",
    "i_list",
    "i_count",
    "i_detail",
    "i_when",
    "i_compare",
    "i_follow-up",
    "i_about",
    "n_ent",
    "known",
    "n_kw",
    "impact",
    "skill",
    "npin_n",
    "tfrac",
];
/// The intents that are inputs.
const INTENTS: [&str; 7] = [
    "list",
    "count",
    "detail",
    "when",
    "compare",
    "follow-up",
    "about",
];
/// From which place on order tells nothing more.
const FAR: usize = 10;
/// How many content words are many.
const MANY: usize = 8;
/// A similarity this much below the greatest is about as near.
const NEARLY: f32 = 0.1;
/// What each place in a list counts less than the one before.
const STEP: f32 = 0.2;

/// When an item is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// With at least this probability.
    pub fits: f32,
    /// And at least this share of the greatest probability.
    pub beside_best: f32,
    /// The best one also with this.
    pub alone: f32,
    /// Nothing is, when the content has no word of the question, unless one item has this probability: to a model, words that mean
    /// nothing are still like something.
    pub without_words: f32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fits: 0.15,
            beside_best: 0.25,
            alone: 0.05,
            without_words: 0.5,
        }
    }
}

impl Limits {
    /// The places of those that are shown, best first; `has_words` when the content has a word of the question.
    #[must_use]
    pub fn shown(&self, probabilities: &[f32], has_words: bool) -> Vec<usize> {
        let mut order: Vec<(usize, f32)> = probabilities.iter().copied().enumerate().collect();
        // The sort is stable, so equal ones stay in the order of the base.
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        let best = order.first().map_or(0.0, |(_, p)| *p);
        if !has_words && best < self.without_words {
            return Vec::new();
        }
        let fits = |p: f32| p >= self.fits && p >= self.beside_best * best;
        let n = order.iter().take_while(|(_, p)| fits(*p)).count();
        let n = if n == 0 && best >= self.alone { 1 } else { n };
        order.into_iter().take(n).map(|(at, _)| at).collect()
    }
}

/// What is known of a question when items are chosen for it.
#[derive(Debug)]
pub struct Asked<'q> {
    /// Its intent.
    pub intent: &'q str,
    /// The type asked for.
    pub item_type: Option<&'q str>,
    /// Kind and value of what it names.
    pub entities: &'q [(String, String)],
    /// Its content words.
    pub n_keywords: usize,
    /// How much of them the content knows.
    pub known_share: f32,
    /// Ids of the items shown before.
    pub previous: &'q [String],
    /// Ids of the items that the rules choose.
    pub by_rules: Vec<&'q str>,
    /// How much of its words each item holds.
    pub keywords: Vec<f32>,
    /// How near each item is to the question as asked.
    pub asked: Vec<Near>,
    /// How near each item is to its corrected words.
    pub corrected: Vec<Near>,
    /// How near each type is.
    pub types: Vec<f32>,
}

/// The trees.
#[derive(Debug)]
pub struct Choice(Trees);

impl Choice {
    /// The built-in trees.
    ///
    /// # Errors
    /// `internal` when the file is broken, which a test excludes.
    pub fn built_in() -> Result<Self, Error> {
        Trees::read(include_str!("../data/items.json"), &INPUTS).map(Self)
    }

    /// The probability of each item of the base.
    #[must_use]
    pub fn probabilities(&self, base: &ContentBase, asked: &Asked<'_>) -> Vec<f32> {
        let inputs = inputs(base, asked);
        inputs
            .iter()
            .map(|inputs| self.0.probability(inputs))
            .collect()
    }
}

/// The inputs for each item.
#[must_use]
pub fn inputs(base: &ContentBase, asked: &Asked<'_>) -> Vec<[f32; INPUTS.len()]> {
    let both = || asked.asked.iter().zip(&asked.corrected);
    let best = Spread::of(both().map(|(a, b)| a.most().max(b.most())).collect());
    let mean = Spread::of(both().map(|(a, b)| (a.told() + b.told()) / 4.0).collect());
    let words = Spread::of(asked.keywords.clone());
    let nearest_type = asked.types.iter().copied().fold(-1.0, f32::max);
    let newest = base.span().map_or(0, |(_, newest)| newest);
    let named = |kind: &str| asked.entities.iter().filter(|(k, _)| k == kind).count();
    let n_pinned = count(named("item"));
    let n_names = ["technology", "organisation", "year", "year-range"].map(named);
    let intents = INTENTS.map(|intent| yes(asked.intent == intent));
    let items = base.items.iter().zip(both()).enumerate();
    items
        .map(|(at, (item, (a, b)))| {
            let (held, to_type) = (words.at(at), asked.types.get(item.type_index));
            let to_type = to_type.copied().unwrap_or(-1.0);
            let type_name = base.type_name(item);
            let verdict = |kind: &str, fits: &dyn Fn(&str) -> bool| {
                let mut values = asked.entities.iter().filter(|(k, _)| k == kind).peekable();
                match values.peek() {
                    None => 0.0,
                    Some(_) => sign(values.any(|(_, value)| fits(value))),
                }
            };
            let touches = |value: &str| touches(item, newest, value);
            let near = [
                a.title,
                a.text,
                a.keywords,
                b.title,
                b.text,
                b.keywords,
                best.at(at),
                best.at(at) - best.most,
                mean.at(at),
                mean.at(at) - mean.most,
                mean.place(at),
                mean.off_middle(mean.at(at)),
                mean.off_middle(mean.most),
            ];
            let words = [
                held,
                held - words.most,
                words.most,
                if held > 0.0 {
                    words.place(at)
                } else {
                    count(FAR)
                },
            ];
            let named = [
                verdict("technology", &|name| {
                    item.technologies.iter().any(|own| own == name)
                }),
                verdict("organisation", &|name| {
                    item.organisation.as_deref() == Some(name)
                }),
                verdict("year", &touches) + verdict("year-range", &touches),
                verdict("item-type", &|name| name == type_name),
                asked.item_type.map_or(0.0, |name| sign(name == type_name)),
                to_type,
                to_type - nearest_type,
                yes(asked
                    .entities
                    .iter()
                    .any(|(kind, id)| kind == "item" && *id == item.id)),
                n_pinned,
                in_list(item, asked.previous.iter().map(String::as_str)),
                count(asked.previous.len()),
                in_list(item, asked.by_rules.iter().copied()),
                count(asked.by_rules.len()),
            ];
            let rest = [
                count(n_names.iter().sum()),
                asked.known_share,
                count(asked.n_keywords.min(MANY)),
                item.impact,
                yes(item.start_year.is_none()),
                n_pinned,
                share_near_best(base, item, &best),
            ];
            let mut row = [0.0; INPUTS.len()];
            let values = near
                .iter()
                .chain(&words)
                .chain(&named)
                .chain(&intents)
                .chain(&rest);
            for (slot, value) in row.iter_mut().zip(values) {
                *slot = *value;
            }
            row
        })
        .collect()
}

/// A number for each item, and how those of all are spread.
struct Spread {
    values: Vec<f32>,
    most: f32,
    middle: f32,
    deviation: f32,
}

impl Spread {
    fn of(values: Vec<f32>) -> Self {
        let n = count(values.len().max(1));
        let middle = values.iter().sum::<f32>() / n;
        let square = values
            .iter()
            .map(|value| (value - middle).powi(2))
            .sum::<f32>()
            / n;
        Self {
            most: values.iter().copied().reduce(f32::max).unwrap_or(0.0),
            middle,
            deviation: square.sqrt() + 1e-6,
            values,
        }
    }

    fn at(&self, at: usize) -> f32 {
        self.values.get(at).copied().unwrap_or(0.0)
    }

    /// How many are greater.
    fn place(&self, at: usize) -> f32 {
        let own = self.at(at);
        count(
            self.values
                .iter()
                .filter(|value| **value > own)
                .count()
                .min(FAR),
        )
    }

    fn off_middle(&self, value: f32) -> f32 {
        (value - self.middle) / self.deviation
    }
}

/// How many of the items of the same type are about as near as the nearest of all.
fn share_near_best(base: &ContentBase, item: &Item, best: &Spread) -> f32 {
    let same = base
        .items
        .iter()
        .enumerate()
        .filter(|(_, other)| other.type_index == item.type_index);
    let (near, all) = same.fold((0, 0), |(near, all), (at, _)| {
        (
            near + usize::from(best.at(at) > best.most - NEARLY),
            all + 1,
        )
    });
    count(near) / count(all.max(1))
}

/// Whether an item touches years, as the rules write them.
fn touches(item: &Item, newest: i32, value: &str) -> bool {
    let (Some(asked), Some((from, to))) = (Years::parse(value), item.years(newest)) else {
        return false;
    };
    from <= asked.to.unwrap_or(i32::MAX) && to >= asked.from.unwrap_or(i32::MIN)
}

/// 1 for the first of a list, less for each further place, 0 when it is not there.
fn in_list<'i>(item: &Item, mut ids: impl Iterator<Item = &'i str>) -> f32 {
    let place = ids.position(|id| id == item.id);
    place.map_or(0.0, |place| 1.0 - STEP * count(place))
}

fn yes(holds: bool) -> f32 {
    f32::from(u8::from(holds))
}

fn sign(holds: bool) -> f32 {
    if holds { 1.0 } else { -1.0 }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of items and words are far below 2^24"
)]
fn count(n: usize) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trees_are_of_these_inputs() {
        Choice::built_in().unwrap();
    }

    #[test]
    fn what_fits_is_shown_and_the_best_one_sooner() {
        let limits = Limits::default();
        assert_eq!(limits.shown(&[0.2, 0.9, 0.3, 0.1], true), [1, 2]);
        assert_eq!(limits.shown(&[0.01, 0.1, 0.02], true), [1]);
        assert!(limits.shown(&[0.01, 0.04], true).is_empty());
        assert!(limits.shown(&[], true).is_empty());
    }

    #[test]
    fn without_a_word_of_the_content_more_is_asked_for() {
        let limits = Limits::default();
        assert!(limits.shown(&[0.1, 0.45, 0.3], false).is_empty());
        assert_eq!(limits.shown(&[0.1, 0.9, 0.3], false), [1, 2]);
    }

    #[test]
    fn years_touch_where_one_lies_in_both() {
        let json = std::fs::read(crate::testing::content_folder().join("content.json")).unwrap();
        let base = ContentBase::from_json(&json).unwrap();
        let item = base
            .items
            .iter()
            .find(|item| item.start_year.is_some() && item.end_year.is_some())
            .unwrap();
        let (from, to) = item.years(3000).unwrap();
        for (asked, expected) in [
            (from.to_string(), true),
            (format!("{to}.."), true),
            (format!("..{from}"), true),
            (format!("..{}", from - 1), false),
            (format!("{}..", to + 1), false),
            ("soon".to_owned(), false),
        ] {
            assert_eq!(touches(item, 3000, &asked), expected, "{asked}");
        }
    }
}
