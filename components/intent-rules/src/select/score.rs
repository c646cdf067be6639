//! The score of an item: `total = 0.4 keyword + 0.3 technology + 0.2 recency + 0.1 impact`, every part from 0 to 1.
//!
//! * **keyword**: the share of the question's keywords that the item holds, each weighed by its rarity and by the field it is in:
//!   `sum(idf * field weight) / sum(idf)`. A keyword that no item knows counts in the divisor, so a question about something else scores low.
//!   A stage that can compare meanings says how near each item is in meaning ([`Query::near`]); the larger of the two counts.
//! * **technology**: the share of the technologies asked for that the item names; 0 when none was asked for.
//! * **recency**: what "near in time" means depends on the question, see [`Time`]. A content base may be historic, so nothing compares with
//!   today's date.
//! * **impact**: as the content base says.
//!
//! Order: total, then impact, then id, so that equal scores never depend on the order of a hash map.

use std::cmp::Ordering;

use crate::Engine;
use crate::base::{ContentBase, Item};
use crate::index::Index;
use crate::terms::Term;
use crate::text::years::Years;

/// Weights of keyword, technology, recency and impact; they add up to 1.
pub const WEIGHTS: [f32; 4] = [0.4, 0.3, 0.2, 0.1];

/// Which time the question prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// Nothing said: the last year of an item on the line from the oldest (0) to the newest (1) year of the base.
    Newest,
    /// The latest is asked for: scored like [`Time::Newest`], but time comes before everything else in the order.
    Latest,
    /// The earliest is asked for, likewise: the same line backwards, from the first year of an item.
    Earliest,
    /// Years are named: the share of an item's own years that lies inside them, so that what happened just then beats what went on for decades.
    Asked(Years),
    /// The question asks for what mattered most, whenever that was: one half for every item, so that time decides nothing.
    Indifferent,
}

/// What items are scored against.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Keywords.
    pub terms: Vec<Term>,
    /// Canonical names of technologies asked for.
    pub technologies: Vec<String>,
    /// Preferred time.
    pub time: Time,
    /// How near in meaning each item is, 0 to 1, in the order of the base; empty where nothing compares meanings.
    pub near: Vec<f32>,
}

/// Parts and total, each 0 to 1, and why.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Score {
    /// Weighted sum.
    pub total: f32,
    /// Share of keywords found.
    pub keyword: f32,
    /// Share of technologies found.
    pub technology: f32,
    /// Nearness in time.
    pub recency: f32,
    /// Impact of the item.
    pub impact: f32,
    /// In words for a person, the heaviest part first.
    pub reasons: Vec<String>,
}

/// Scores every item of a base, in the order of the base.
#[must_use]
pub fn score_all(base: &ContentBase, index: &Index, query: &Query) -> Vec<Score> {
    let mut scores: Vec<Score> = base.items.iter().map(|_| Score::default()).collect();
    let divisor: f32 = query.terms.iter().map(|term| term.weight).sum();
    let mut found: Vec<Vec<&str>> = vec![Vec::new(); base.items.len()];
    for term in &query.terms {
        let share = term.weight / divisor;
        for posting in term.held(index) {
            if let (Some(score), Some(words)) =
                (scores.get_mut(posting.item), found.get_mut(posting.item))
            {
                score.keyword += share * posting.weight;
                words.push(&term.word);
            }
        }
    }
    for (score, &near) in scores.iter_mut().zip(&query.near) {
        if near > score.keyword {
            score.keyword = near;
            score.reasons.push(format!("meaning: {near:.2}"));
        }
    }
    let span = base.span();
    for ((score, item), words) in scores.iter_mut().zip(&base.items).zip(found) {
        finish(score, item, &words, query, span);
    }
    scores
}

impl Engine {
    /// Every item with its score, in the order of the base.
    pub(super) fn scored(&self, query: &Query) -> Vec<(Score, &Item)> {
        score_all(&self.base, &self.index, query)
            .into_iter()
            .zip(&self.base.items)
            .collect()
    }

    /// Share of a query's keywords, by their weight alone, that each item holds anywhere, or how near it is in meaning if that is more; in
    /// the order of the base.
    pub(super) fn held_shares(&self, query: &Query) -> Vec<f32> {
        let mut shares = self.shares(&query.terms);
        for (share, near) in shares.iter_mut().zip(&query.near) {
            *share = share.max(*near);
        }
        shares
    }
}

/// Best first: total, then impact, then id.
#[must_use]
pub fn order(a: (&Score, &Item), b: (&Score, &Item)) -> Ordering {
    b.0.total
        .total_cmp(&a.0.total)
        .then(b.1.impact.total_cmp(&a.1.impact))
        .then_with(|| a.1.id.cmp(&b.1.id))
}

fn finish(score: &mut Score, item: &Item, words: &[&str], query: &Query, span: Option<(i32, i32)>) {
    let has: Vec<&str> = query
        .technologies
        .iter()
        .filter(|name| item.technologies.contains(name))
        .map(String::as_str)
        .collect();
    score.keyword = score.keyword.clamp(0.0, 1.0);
    score.technology = ratio(has.len(), query.technologies.len());
    score.recency = span.map_or(0.0, |span| recency(item, query.time, span));
    score.impact = item.impact;
    score.total = WEIGHTS
        .iter()
        .zip([score.keyword, score.technology, score.recency, score.impact])
        .map(|(w, part)| w * part)
        .sum();
    if !words.is_empty() {
        score.reasons.push(format!("keyword: {}", words.join(", ")));
    }
    if !has.is_empty() {
        score
            .reasons
            .push(format!("technology: {}", has.join(", ")));
    }
    if score.recency > 0.0 {
        score.reasons.extend(time_reason(item, query.time));
    }
    if item.impact >= 0.8 {
        score.reasons.push(format!("impact: {:.2}", item.impact));
    }
}

fn time_reason(item: &Item, time: Time) -> Option<String> {
    let start = item.start_year?;
    let years = Years {
        from: Some(start),
        to: item.end_year,
    };
    match time {
        Time::Newest | Time::Latest | Time::Earliest => {
            Some(format!("time: {}", years.canonical()))
        }
        Time::Asked(asked) => Some(format!(
            "time: {} within {}",
            years.canonical(),
            asked.canonical()
        )),
        Time::Indifferent => None,
    }
}

fn recency(item: &Item, time: Time, (oldest, newest): (i32, i32)) -> f32 {
    let Some((start, end)) = item.years(newest) else {
        return 0.0;
    };
    match time {
        Time::Newest | Time::Latest if newest == oldest => 1.0,
        Time::Newest | Time::Latest => part(end - oldest, newest - oldest),
        Time::Earliest if newest == oldest => 1.0,
        Time::Earliest => part(newest - start, newest - oldest),
        Time::Indifferent => 0.5,
        Time::Asked(years) => {
            let (from, to) = (
                years.from.unwrap_or(oldest).max(start),
                years.to.unwrap_or(newest).min(end),
            );
            part((to.saturating_sub(from)).saturating_add(1), end - start + 1)
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "years are far below 2^24")]
pub(super) fn part(some: i32, all: i32) -> f32 {
    (some as f32 / all as f32).clamp(0.0, 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^24")]
fn ratio(some: usize, all: usize) -> f32 {
    if all == 0 {
        0.0
    } else {
        some as f32 / all as f32
    }
}
