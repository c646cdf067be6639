//! The best items for one question. Comparing two things is not done here: that asks for the best of each side.

use super::filter::Filter;
use super::request::{Request, Selection};
use super::score::Score;
use super::spread::{cut, spread};
use super::wish::Wish;
use crate::Engine;
use crate::base::Item;
use crate::error::Error;

/// Items below this share of the best total are left out of an answer about one thing; lists are more generous.
const NEAR_BEST: f32 = 0.8;
const NEAR_BEST_LIST: f32 = 0.4;

/// The best items for a question that compares nothing, by its words alone.
///
/// # Errors
/// As [`Wish::new`].
pub(super) fn best_for<'b>(engine: &'b Engine, request: &Request) -> Result<Selection<'b>, Error> {
    let wish = Wish::new(engine, request, &[])?;
    if wish.points_nowhere {
        return Ok(Selection::default());
    }
    let scored = engine.scored(&wish.query);
    Ok(best(engine, request, wish, scored))
}

/// The items that a wish points at, or else those that fit it best, of all items with their scores for it.
pub(super) fn best<'b>(
    engine: &'b Engine,
    request: &Request,
    mut wish: Wish<'_>,
    scored: Vec<(Score, &'b Item)>,
) -> Selection<'b> {
    if !wish.pinned.is_empty() {
        return wish.pinned_first(engine, scored);
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
        fitting = wish.fitting(engine, &engine.scored(&wish.query), &filter);
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
        return Selection {
            hits: fitting,
            n_matching,
            applied: filter,
            is_guess,
        };
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
    Selection {
        hits,
        n_matching,
        applied: filter,
        is_guess,
    }
}
