//! Choosing the items for an answer, and free search.
//!
//! An item fits when it meets the restrictions that the question names, and holds at least half of the question's keywords (by rarity) or
//! is restricted by more than its type. An item that the question points at (by title, by place, by pronoun) fits by itself. Nothing is
//! better than something unfitting: when no item fits, none is chosen. A type that only a verb hinted at is given up when nothing fits
//! with it; a type that was named is not.

use std::collections::HashSet;

use super::filter::Filter;
use super::score::{Query, Score, Time, order, score_all};
use crate::Engine;
use crate::base::Item;
use crate::error::Error;
use crate::intent::classify::is_about_content;
use crate::text::tokens::words;
use crate::text::years::Years;

/// Share of the keywords, by rarity, that an item must hold to fit by keywords alone.
const MIN_KEYWORD_SHARE: f32 = 0.5;
/// Items below this share of the best total are left out of an answer about one thing; lists are more generous.
const NEAR_BEST: f32 = 0.7;
const NEAR_BEST_LIST: f32 = 0.4;
/// What an item loses in the choice for each item already chosen of its type, and of its organisation.
const SAME_TYPE: f32 = 0.08;
const SAME_ORGANISATION: f32 = 0.04;
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
}

/// Chooses the items for an answer.
///
/// # Errors
/// `invalid-input` when the request names an item type that the base does not have.
pub fn select<'b>(engine: &'b Engine, request: &Request) -> Result<Selection<'b>, Error> {
    if !is_about_content(&request.intent) {
        return Ok(Selection::default());
    }
    let wish = Wish::new(engine, request)?;
    if wish.points_nowhere {
        return Ok(Selection::default());
    }
    let scores = score_all(&engine.base, &engine.index, &wish.query);
    let scored: Vec<(Score, &Item)> = scores.into_iter().zip(&engine.base.items).collect();
    if request.intent == "compare"
        && let Some(pair) = wish.compared(engine, &scored)
    {
        return Ok(Selection { n_matching: pair.len(), hits: pair.into_iter().take(wish.limit).collect(), applied: Filter::default() });
    }
    if !wish.pinned.is_empty() {
        return Ok(wish.pinned_first(engine, scored));
    }
    let mut filter = wish.filter.clone();
    let mut fitting = wish.fitting(engine, &scored, &filter);
    if fitting.is_empty() && wish.type_is_a_guess && filter.type_name.take().is_some() {
        fitting = wish.fitting(engine, &scored, &filter);
    }
    let n_matching = fitting.len();
    let list = !matches!(request.intent.as_str(), "detail" | "when" | "compare");
    let hits = cut(spread(fitting, wish.limit, filter.type_name.is_none() && list), if list { NEAR_BEST_LIST } else { NEAR_BEST });
    Ok(Selection { hits, n_matching, applied: filter })
}

/// Free search: keywords and technologies of the text score, only `filter` restricts.
///
/// # Errors
/// `invalid-input` when the filter names an unknown type, or the text is longer than a question may be.
pub fn search<'b>(engine: &'b Engine, text: &str, filter: Filter, limit: usize) -> Result<Vec<Hit<'b>>, Error> {
    if text.chars().count() > crate::intent::classify::MAX_CHARACTERS {
        return Err(Error::InvalidInput("the text is too long for a search".to_owned()));
    }
    let filter = filter.canonical(&engine.base)?;
    let question = crate::intent::question::read(engine, text, 0);
    let asked = question.entities.iter().find_map(|entity| Years::parse(&entity.value).filter(|_| entity.kind.starts_with("year")));
    let organisations = question.of_kind("organisation").flat_map(|entity| words(&entity.value));
    let keywords: Vec<String> = question.keywords.iter().cloned().chain(organisations).collect();
    let query = Query {
        terms: engine.terms(&keywords),
        technologies: question.of_kind("technology").map(|entity| entity.value.clone()).collect(),
        time: asked.map_or(Time::Newest, Time::Asked),
    };
    let everything = text.trim().is_empty();
    let mut hits: Vec<Hit<'_>> = score_all(&engine.base, &engine.index, &query)
        .into_iter()
        .zip(&engine.base.items)
        .filter(|(score, item)| (everything || score.keyword + score.technology > 0.0) && filter.accepts(&engine.base, item))
        .map(|(score, item)| Hit { item, score })
        .collect();
    sort(&mut hits);
    hits.truncate(limit.min(MAX_HITS));
    Ok(hits)
}

/// What a request asks for, worked out.
struct Wish<'r> {
    query: Query,
    filter: Filter,
    /// Every organisation named; the filter can only tell one.
    organisations: Vec<String>,
    /// Every type named, when there are several.
    types: Vec<String>,
    type_is_a_guess: bool,
    /// Items pointed at, in order.
    pinned: Vec<String>,
    /// An item of the list was meant that the list did not have.
    points_nowhere: bool,
    /// Items that must not come again.
    excluded: HashSet<&'r str>,
    only_pinned: bool,
    limit: usize,
    n_names: usize,
}

impl<'r> Wish<'r> {
    fn new(engine: &Engine, request: &'r Request) -> Result<Self, Error> {
        let base = &engine.base;
        let of = |kind: &'r str| request.entities.iter().filter(move |(k, _)| k == kind).map(|(_, value)| value.clone());
        let types: Vec<String> = unique(of("item-type"));
        let technologies: Vec<String> = unique(of("technology"));
        let organisations: Vec<String> = unique(of("organisation"));
        let years = of("year").chain(of("year-range")).find_map(|value| Years::parse(&value));
        let said = words(&request.text);
        let says = |list: &HashSet<String>| said.iter().any(|word| list.contains(word));
        let list = matches!(request.intent.as_str(), "list" | "count");
        let others = says(&engine.lexicon.others) && !request.previous_item_ids.is_empty() && (list || request.intent == "follow-up");
        let places: Vec<usize> = of("ordinal").filter_map(|place| place.parse().ok()).collect();
        let by_place: Vec<String> = places.iter().filter_map(|place| request.previous_item_ids.get(place.checked_sub(1)?).cloned()).collect();
        let mut pinned = unique(of("item").chain(by_place.clone()).filter(|id| engine.item(id).is_some()));
        // "Which projects used COBOL?" names a technology, although an item has that name too.
        if others || (list && !(technologies.is_empty() && organisations.is_empty() && types.is_empty())) {
            pinned.clear();
        }
        let restricted = !(technologies.is_empty() && organisations.is_empty() && types.is_empty()) || years.is_some();
        let mut only_pinned = request.intent == "follow-up" && !restricted || !by_place.is_empty();
        let terms = engine.terms(&request.keywords);
        if request.intent == "follow-up" && pinned.is_empty() && !others && !restricted && terms.is_empty() {
            pinned = request.previous_item_ids.iter().filter(|id| engine.item(id).is_some()).cloned().collect();
            only_pinned = true;
        }
        let guess = types.is_empty();
        let type_name = match types.as_slice() {
            [] => request.item_type.clone(),
            [one] => Some(one.clone()),
            _ => None,
        };
        let filter = Filter {
            type_name,
            technologies: technologies.clone(),
            organisation: organisations.first().filter(|_| organisations.len() == 1).cloned(),
            from_year: years.and_then(|y| y.from),
            to_year: years.and_then(|y| y.to),
        };
        let count = of("count").find_map(|n| n.parse::<usize>().ok()).unwrap_or(MAX_HITS);
        let lexicon = &engine.lexicon;
        let time = match years {
            Some(years) => Time::Asked(years),
            None if says(&lexicon.earliest) => Time::Earliest,
            None if says(&lexicon.latest) => Time::Newest,
            None if says(&lexicon.greatest) || !(list || request.intent == "follow-up") => Time::Indifferent,
            None => Time::Newest,
        };
        Ok(Self {
            query: Query { terms, technologies, time },
            filter: filter.canonical(base)?,
            organisations,
            types: if types.len() > 1 { types } else { Vec::new() },
            type_is_a_guess: guess,
            points_nowhere: !places.is_empty() && by_place.is_empty() && pinned.is_empty(),
            pinned,
            excluded: if others { request.previous_item_ids.iter().map(String::as_str).collect() } else { HashSet::new() },
            only_pinned,
            limit: request.limit.min(MAX_HITS).min(count),
            n_names: request.entities.iter().filter(|(kind, _)| matches!(kind.as_str(), "item" | "technology")).count(),
        })
    }

    /// Items that fit under a filter, best first.
    fn fitting<'b>(&self, engine: &'b Engine, scored: &[(Score, &'b Item)], filter: &Filter) -> Vec<Hit<'b>> {
        let restricts = !filter.technologies.is_empty() || !self.organisations.is_empty() || filter.from_year.is_some() || filter.to_year.is_some();
        let mut found: Vec<(f32, Hit<'b>)> = scored
            .iter()
            .filter(|(_, item)| filter.accepts(&engine.base, item) && !self.excluded.contains(item.id.as_str()))
            .filter(|(_, item)| self.organisations.len() < 2 || item.organisation.as_ref().is_some_and(|name| self.organisations.contains(name)))
            .filter(|(_, item)| self.types.is_empty() || self.types.iter().any(|name| name == engine.base.type_name(item)))
            .map(|(score, item)| (engine.held_share(&self.query, item), Hit { item, score: score.clone() }))
            .filter(|(share, _)| self.query.terms.is_empty() || restricts || *share >= MIN_KEYWORD_SHARE)
            .collect();
        // When some items hold the words of the question, those that hold none of them are beside the point.
        if found.iter().any(|(share, _)| *share >= MIN_KEYWORD_SHARE) {
            found.retain(|(share, _)| *share > 0.0);
        }
        let mut hits: Vec<Hit<'b>> = found.into_iter().map(|(_, hit)| hit).collect();
        sort(&mut hits);
        hits
    }

    /// The items pointed at, in their order, then others that fit nearly as well.
    fn pinned_first<'b>(&self, engine: &'b Engine, scored: Vec<(Score, &'b Item)>) -> Selection<'b> {
        let related = if self.only_pinned { Vec::new() } else { self.fitting(engine, &scored, &Filter::default()) };
        let take = |id: &String| scored.iter().find(|(_, item)| item.id == *id).map(|(score, item)| Hit { item, score: score.clone() });
        let mut hits: Vec<Hit<'b>> = self.pinned.iter().filter_map(take).collect();
        let least = hits.first().map_or(0.0, |hit| hit.score.total) * NEAR_BEST;
        let near = related.into_iter().filter(|hit| hit.score.total >= least && !self.query.terms.is_empty());
        hits.extend(near.filter(|hit| !self.pinned.contains(&hit.item.id)));
        let n_matching = hits.len();
        hits.truncate(self.limit);
        Selection { hits, n_matching, applied: Filter::default() }
    }

    /// The best item for each of at least two names.
    fn compared<'b>(&self, engine: &'b Engine, scored: &[(Score, &'b Item)]) -> Option<Vec<Hit<'b>>> {
        let mut ids: Vec<String> = self.pinned.clone();
        if ids.len() < 2 && self.n_names >= 2 {
            ids.extend(self.query.technologies.iter().filter_map(|name| {
                let query = Query { terms: engine.terms(&words(name)), technologies: vec![name.clone()], time: Time::Indifferent };
                let scores = score_all(&engine.base, &engine.index, &query);
                let best = scores.iter().zip(&engine.base.items).min_by(|a, b| order((a.0, a.1), (b.0, b.1)))?;
                (best.0.technology > 0.0).then(|| best.1.id.clone())
            }));
        }
        let ids = unique(ids.into_iter());
        let hits: Vec<Hit<'b>> = ids
            .iter()
            .filter_map(|id| scored.iter().find(|(_, item)| item.id == *id))
            .map(|(score, item)| Hit { item, score: score.clone() })
            .collect();
        (hits.len() >= 2).then_some(hits)
    }
}

impl Engine {
    /// Share of a query's keywords, by rarity alone, that an item holds anywhere.
    fn held_share(&self, query: &Query, item: &Item) -> f32 {
        let at = self.base.items.iter().position(|other| other.id == item.id);
        let all: f32 = query.terms.iter().map(|term| self.index.idf(&term.stem)).sum();
        let holds = |stem: &str| self.index.postings(stem).iter().any(|posting| Some(posting.item) == at);
        let held: f32 = query.terms.iter().filter(|term| holds(&term.stem)).map(|term| self.index.idf(&term.stem)).sum();
        if all > 0.0 { held / all } else { 0.0 }
    }
}

/// At most `limit` hits; when asked, of different types and organisations where that costs little. Best first.
fn spread(hits: Vec<Hit<'_>>, limit: usize, diverse: bool) -> Vec<Hit<'_>> {
    let mut left = hits;
    let mut chosen: Vec<Hit<'_>> = Vec::new();
    while chosen.len() < limit && !left.is_empty() {
        let worth = |hit: &Hit<'_>| {
            let same = |test: &dyn Fn(&Hit<'_>) -> bool, cost: f32| chosen.iter().filter(|other| test(other)).map(|_| cost).sum::<f32>();
            let types = same(&|other| other.item.type_index == hit.item.type_index, SAME_TYPE);
            let organisations = same(&|other| other.item.organisation.is_some() && other.item.organisation == hit.item.organisation, SAME_ORGANISATION);
            if diverse { hit.score.total - types - organisations } else { hit.score.total }
        };
        // `left` is sorted, so the first of equal worth is the better one.
        let mut best = (0, f32::MIN);
        for (i, hit) in left.iter().enumerate() {
            if worth(hit) > best.1 {
                best = (i, worth(hit));
            }
        }
        chosen.push(left.remove(best.0));
    }
    sort(&mut chosen);
    chosen
}

fn cut(mut hits: Vec<Hit<'_>>, share: f32) -> Vec<Hit<'_>> {
    let least = hits.first().map_or(0.0, |hit| hit.score.total) * share;
    hits.retain(|hit| hit.score.total >= least);
    hits
}

fn sort(hits: &mut [Hit<'_>]) {
    hits.sort_by(|a, b| order((&a.score, a.item), (&b.score, b.item)));
}

fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}
