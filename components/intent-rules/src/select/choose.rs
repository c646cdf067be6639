//! Choosing the items for an answer, and free search.
//!
//! An item fits when it meets the restrictions that the question names, and holds at least half of the question's keywords (by rarity) or
//! is restricted by more than its type. An item that the question points at (by title, by place, by pronoun) fits by itself. Nothing is
//! better than something unfitting: when no item holds even a fifth of the keywords, none is chosen. A type that only a verb hinted at is
//! given up when nothing fits with it; a type that was named is not.

use super::best::best;
use super::filter::Filter;
pub use super::request::{Hit, MAX_HITS, Request, Selection};
use super::score::{Query, Time};
use super::sides::sides;
use super::spread::sort;
use super::wish::Wish;
use crate::Engine;
use crate::error::Error;
use crate::lexicon::is_about_content;
use crate::text::tokens::words;
use crate::text::years::Years;

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
    let wish = Wish::new(engine, request, near)?;
    if wish.points_nowhere {
        return Ok(Selection::default());
    }
    let scored = engine.scored(&wish.query);
    if request.intent == "compare"
        && let Some(pair) = wish.compared(engine, &scored, sides(engine, request))
    {
        return Ok(Selection {
            n_matching: pair.len(),
            hits: pair.into_iter().take(wish.limit).collect(),
            ..Selection::default()
        });
    }
    Ok(best(engine, request, wish, scored))
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
    let mut hits: Vec<Hit<'_>> = engine
        .scored(&query)
        .into_iter()
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
