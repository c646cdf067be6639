//! The sides of a comparison: `her time at Vassar or the job at Remington Rand` is read as two questions, one for each side.

use std::collections::HashSet;

use super::best::best_for;
use super::request::Request;
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

/// Most items that are looked at for one side.
const MAX_MEANT: usize = 3;

/// The items that a comparison names, one for each side, when there are at least two.
pub(super) fn sides(engine: &Engine, request: &Request) -> Option<Vec<String>> {
    let tokens = engine.normaliser.tokens(&request.text);
    BETWEEN.iter().find_map(|between| {
        let parts: Vec<Vec<&Item>> = tokens
            .split(|token| between.contains(&token.text.as_str()))
            .map(|part| side(engine, &request.text, part))
            .filter(|items| !items.is_empty())
            .collect();
        let mut seen = HashSet::new();
        let ids: Vec<String> = alike(&parts)
            .into_iter()
            .map(|item| item.id.clone())
            .filter(|id| seen.insert(id.clone()))
            .collect();
        (ids.len() >= 2).then_some(ids)
    })
}

/// The items that one side may mean, the best first.
fn side<'e>(engine: &'e Engine, text: &str, part: &[Token]) -> Vec<&'e Item> {
    let range = part.first().zip(part.last());
    let Some(text) = range.and_then(|(first, last)| text.get(first.start..last.end)) else {
        return Vec::new();
    };
    let question = read(engine, text, 0);
    let names_thing = ["item", "technology"]
        .iter()
        .any(|kind| question.of_kind(kind).next().is_some());
    if let Some(place) = place(engine, &question)
        && !names_thing
    {
        return vec![place];
    }
    let has_words = !question.keywords.is_empty() && engine.known_share(&question.keywords) > 0.2;
    if !has_words && !names_thing {
        return Vec::new();
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
        limit: MAX_MEANT,
        ..Request::default()
    };
    let found = best_for(engine, &request).unwrap_or_default();
    found.hits.into_iter().map(|hit| hit.item).collect()
}

/// One item of each side, all of one type where that is possible: the teacher and the leader are both skills.
fn alike<'e>(sides: &[Vec<&'e Item>]) -> Vec<&'e Item> {
    let firsts: Vec<&Item> = sides
        .iter()
        .filter_map(|side| side.first().copied())
        .collect();
    let of_type = |kind: usize| -> Option<Vec<&'e Item>> {
        let one = |side: &Vec<&'e Item>| side.iter().copied().find(|item| item.type_index == kind);
        sides.iter().map(one).collect()
    };
    firsts
        .iter()
        .find_map(|item| of_type(item.type_index))
        .unwrap_or(firsts)
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
    // "Computer" is in many names.
    let n_called = |item: &Item| {
        let names = item.aliases.iter().chain([&item.title]);
        let said: HashSet<String> = names.flat_map(|name| words(name)).collect();
        own.iter().filter(|word| said.contains(*word)).count()
    };
    let (oldest, newest) = base.span()?;
    let shares = engine.shares(&engine.terms(&question.keywords));
    let worth = |(item, share): &(&Item, f32)| {
        let years = item.years(newest).map_or(0, |(start, end)| end - start);
        let name = 0.3 * f32::from(u8::try_from(n_called(item)).unwrap_or(u8::MAX));
        2.0 * share + name + 0.5 * part(years, newest - oldest)
    };
    base.items
        .iter()
        .zip(shares)
        .filter(|(item, _)| item.organisation.as_ref() == Some(name))
        .max_by(|a, b| worth(a).total_cmp(&worth(b)))
        .map(|(item, _)| item)
}
