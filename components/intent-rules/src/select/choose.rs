//! Choosing the items for an answer, and free search.
//!
//! An item fits when it meets the restrictions that the question names, and holds at least half of the question's keywords (by rarity) or
//! is restricted by more than its type. An item that the question points at (by title, by place, by pronoun) fits by itself. Nothing is
//! better than something unfitting: when no item holds even a fifth of the keywords, none is chosen. A type that only a verb hinted at is given up when nothing fits
//! with it; a type that was named is not.

use super::filter::Filter;
use super::score::{Query, Score, Time, score_all};
use super::sides::sides;
use super::spread::{cut, sort, spread};
use super::wish::Wish;
use crate::Engine;
use crate::base::Item;
use crate::error::Error;
use crate::lexicon::is_about_content;
use crate::text::tokens::words;
use crate::text::years::Years;

/// Items below this share of the best total are left out of an answer about one thing; lists are more generous.
pub(super) const NEAR_BEST: f32 = 0.8;
const NEAR_BEST_LIST: f32 = 0.4;
/// Most hits of one call, whatever the caller asks.
pub const MAX_HITS: usize = 50;

/// What to choose for an answer; as in the contract.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The question.
    pub text: String,
    /// Its intent.
    pub intent: String,
    /// Its item type.
    pub item_type: Option<String>,
    /// Kind and value of each entity.
    pub entities: Vec<(String, String)>,
    /// Its content words.
    pub keywords: Vec<String>,
    /// Items of the turn before.
    pub previous_item_ids: Vec<String>,
    /// Most hits.
    pub limit: usize,
}

/// An item that was chosen.
#[derive(Debug, Clone)]
pub struct Hit<'b> {
    /// The item.
    pub item: &'b Item,
    /// Its score.
    pub score: Score,
}

/// What was chosen.
#[derive(Debug, Clone, Default)]
pub struct Selection<'b> {
    /// Best first.
    pub hits: Vec<Hit<'b>>,
    /// How many items fit, before the limit.
    pub n_matching: usize,
    /// The restriction that was applied.
    pub applied: Filter,
    /// Nothing held what was asked for; these come nearest.
    pub is_guess: bool,
}

/// Chooses the items for an answer. `near` is that of [`Query`].
///
/// # Errors
/// `invalid-input` when the request names an item type that the base does not have.
pub fn select<'b>(
    engine: &'b Engine,
    request: &Request,
    near: &[f32],
) -> Result<Selection<'b>, Error> {
    if !is_about_content(&request.intent) {
        return Ok(Selection::default());
    }
    let mut wish = Wish::new(engine, request, near)?;
    if wish.points_nowhere {
        return Ok(Selection::default());
    }
    let scores = score_all(&engine.base, &engine.index, &wish.query);
    let scored: Vec<(Score, &Item)> = scores.into_iter().zip(&engine.base.items).collect();
    if request.intent == "compare"
        && let Some(pair) = wish.compared(engine, &scored, sides(engine, request))
    {
        return Ok(Selection {
            n_matching: pair.len(),
            hits: pair.into_iter().take(wish.limit).collect(),
            ..Selection::default()
        });
    }
    if !wish.pinned.is_empty() {
        return Ok(wish.pinned_first(engine, scored));
    }
    let mut filter = wish.filter.clone();
    let mut fitting = wish.fitting(engine, &scored, &filter);
    if wish.leave_organisation(engine, &scored, &fitting) {
        filter.organisation = None;
        fitting = wish.fitting(engine, &scored, &filter);
    }
    let list = !matches!(request.intent.as_str(), "detail" | "when" | "compare");
    let mut is_guess = false;
    if fitting.is_empty() && wish.type_is_a_guess && filter.type_name.is_some() {
        let any_type = Filter {
            type_name: None,
            ..filter.clone()
        };
        let others = wish.fitting(engine, &scored, &any_type);
        // "What did she put down in writing for the world?": words in passing do not outweigh a type.
        if list && wish.keeps_type(&others) {
            wish.query.terms.clear();
            is_guess = true;
        } else {
            filter = any_type;
            fitting = others;
        }
    }
    is_guess = is_guess || fitting.is_empty() && wish.relax(list);
    if is_guess {
        let scores = score_all(&engine.base, &engine.index, &wish.query);
        let scored: Vec<(Score, &Item)> = scores.into_iter().zip(&engine.base.items).collect();
        fitting = wish.fitting(engine, &scored, &filter);
    }
    if request.intent == "count"
        && filter.type_name.is_none()
        && let Some(name) = wish.counted_type(engine, &fitting)
    {
        filter.type_name = Some(name.to_owned());
        fitting.retain(|hit| filter.accepts(&engine.base, hit.item));
    }
    let n_matching = fitting.len();
    if wish.time_first {
        // The sort is stable, so items of the same time stay in the order of their totals.
        fitting.sort_by(|a, b| b.score.recency.total_cmp(&a.score.recency));
        fitting.truncate(wish.limit);
        return Ok(Selection {
            hits: fitting,
            n_matching,
            applied: filter,
            is_guess,
        });
    }
    if list || wish.asks_only_kind(engine) {
        wish.keep_things(engine, &mut fitting);
    }
    let least = match list {
        // Whatever touches the years that were asked for fits, however little of it lies inside them.
        true if wish.only_restricts() => 0.0,
        true => NEAR_BEST_LIST,
        false => NEAR_BEST,
    };
    let hits = cut(
        spread(fitting, wish.limit, filter.type_name.is_none() && list),
        least,
    );
    Ok(Selection {
        hits,
        n_matching,
        applied: filter,
        is_guess,
    })
}

/// Free search: keywords, nearness in meaning (`near`, as in [`Query`]) and technologies of the text score, only `filter` restricts.
///
/// # Errors
/// `invalid-input` when the filter names an unknown type, or the text is longer than a question may be.
pub fn search<'b>(
    engine: &'b Engine,
    text: &str,
    filter: Filter,
    limit: usize,
    near: &[f32],
) -> Result<Vec<Hit<'b>>, Error> {
    if text.chars().count() > crate::intent::classify::MAX_CHARACTERS {
        return Err(Error::InvalidInput(
            "the text is too long for a search".to_owned(),
        ));
    }
    let filter = filter.canonical(&engine.base)?;
    let question = crate::intent::question::read(engine, text, 0);
    let asked = question
        .entities
        .iter()
        .find_map(|entity| Years::parse(&entity.value).filter(|_| entity.kind.starts_with("year")));
    let organisations = question
        .of_kind("organisation")
        .flat_map(|entity| words(&entity.value));
    let keywords: Vec<String> = question
        .keywords
        .iter()
        .cloned()
        .chain(organisations)
        .collect();
    let query = Query {
        terms: engine.terms(&keywords),
        technologies: question
            .of_kind("technology")
            .map(|entity| entity.value.clone())
            .collect(),
        time: asked.map_or(Time::Newest, Time::Asked),
        near: near.to_vec(),
    };
    let everything = text.trim().is_empty();
    let mut hits: Vec<Hit<'_>> = score_all(&engine.base, &engine.index, &query)
        .into_iter()
        .zip(&engine.base.items)
        .filter(|(score, item)| {
            (everything || score.keyword + score.technology > 0.0)
                && filter.accepts(&engine.base, item)
        })
        .map(|(score, item)| Hit { item, score })
        .collect();
    sort(&mut hits);
    hits.truncate(limit.min(MAX_HITS));
    Ok(hits)
}
