//! The sides of a comparison: `her time at Vassar or the job at Remington Rand` is read as two questions, one for each side.

use std::collections::HashSet;

use super::choose::{Request, select};
use super::score::part;
use crate::Engine;
use crate::base::Item;
use crate::intent::question::{Question, read};
use crate::text::Token;
use crate::text::tokens::words;

/// What stands between two sides, the surest first.
const BETWEEN: [&[&str]; 3] = [
    &["or", "versus", "vs", "than", "against"],
    &["and", "before", "after"],
    &["from", "with", "to", "compared"],
];

/// The items that a comparison names, one for each side, when there are at least two.
pub(super) fn sides(engine: &Engine, request: &Request) -> Option<Vec<String>> {
    let tokens = engine.normaliser.tokens(&request.text);
    BETWEEN.iter().find_map(|between| {
        let mut seen = HashSet::new();
        let ids: Vec<String> = tokens
            .split(|token| between.contains(&token.text.as_str()))
            .filter_map(|part| side(engine, &request.text, part))
            .filter(|id| seen.insert(id.clone()))
            .collect();
        (ids.len() >= 2).then_some(ids)
    })
}

/// The item that one side means.
fn side(engine: &Engine, text: &str, part: &[Token]) -> Option<String> {
    let (first, last) = part.first().zip(part.last())?;
    let text = text.get(first.start..last.end)?;
    let question = read(engine, text, 0);
    let names_thing = ["item", "technology"]
        .iter()
        .any(|kind| question.of_kind(kind).next().is_some());
    if let Some(place) = place(engine, &question)
        && !names_thing
    {
        return Some(place.id.clone());
    }
    let has_words = !question.keywords.is_empty() && engine.known_share(&question.keywords) > 0.2;
    if !has_words && !names_thing {
        return None;
    }
    let request = Request {
        text: text.to_owned(),
        intent: "detail".to_owned(),
        entities: question
            .entities
            .iter()
            .map(|entity| (entity.kind.to_owned(), entity.value.clone()))
            .collect(),
        keywords: question.keywords,
        limit: 1,
        ..Request::default()
    };
    let found = select(engine, &request, &[]).ok()?;
    found.hits.first().map(|hit| hit.item.id.clone())
}

/// What an organisation is as a side of a comparison: the item with its name that holds most of the words and lasted longest.
fn place<'e>(engine: &'e Engine, question: &Question) -> Option<&'e Item> {
    let name = &question.of_kind("organisation").next()?.value;
    let base = engine.base();
    let organisation = base
        .organisations
        .iter()
        .find(|other| other.name == *name)?;
    let own: HashSet<String> = std::iter::once(&organisation.name)
        .chain(&organisation.aliases)
        .flat_map(|name| words(name))
        .filter(|word| !engine.lexicon.stop.contains(word))
        .collect();
    let is_called = |item: &Item| {
        let names = item.aliases.iter().chain([&item.title]);
        names
            .flat_map(|name| words(name))
            .any(|word| own.contains(&word))
    };
    let (oldest, newest) = base.span()?;
    let shares = engine.shares(&engine.terms(&question.keywords));
    let worth = |(item, share): &(&Item, f32)| {
        let years = item.years(newest).map_or(0, |(start, end)| end - start);
        let name = if is_called(item) { 0.5 } else { 0.0 };
        2.0 * share + name + 0.5 * part(years, newest - oldest)
    };
    base.items
        .iter()
        .zip(shares)
        .filter(|(item, _)| item.organisation.as_ref() == Some(name))
        .max_by(|a, b| worth(a).total_cmp(&worth(b)))
        .map(|(item, _)| item)
}
