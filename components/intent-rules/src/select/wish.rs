//! What a request asks for: entities and cues turned into a filter, a query and items pointed at; and which items fit that.

use std::collections::HashSet;

use super::choose::{Hit, MAX_HITS, NEAR_BEST, Request, Selection};
use super::filter::Filter;
use super::score::{Query, Score, Time, order, score_all};
use super::spread::sort;
use crate::Engine;
use crate::base::Item;
use crate::error::Error;
use crate::text::tokens::words;
use crate::text::years::Years;

/// Share of the keywords, by rarity, that an item must hold to fit by keywords alone.
const MIN_KEYWORD_SHARE: f32 = 0.5;

/// What a request asks for, worked out.
pub(super) struct Wish<'r> {
    pub(super) query: Query,
    pub(super) filter: Filter,
    /// Every organisation named; the filter can only tell one.
    organisations: Vec<String>,
    /// Every type named, when there are several.
    types: Vec<String>,
    pub(super) type_is_a_guess: bool,
    /// Items pointed at, in order.
    pub(super) pinned: Vec<String>,
    /// An item of the list was meant that the list did not have.
    pub(super) points_nowhere: bool,
    /// The earliest or the latest is asked for and nothing else: the order is that of time.
    pub(super) time_first: bool,
    /// Items that must not come again.
    excluded: HashSet<&'r str>,
    only_pinned: bool,
    pub(super) limit: usize,
    n_names: usize,
}

impl<'r> Wish<'r> {
    /// Works a request out.
    ///
    /// # Errors
    /// `invalid-input` for an unknown item type.
    pub(super) fn new(engine: &Engine, request: &'r Request, near: &[f32]) -> Result<Self, Error> {
        let base = &engine.base;
        let of = |kind: &'r str| {
            request
                .entities
                .iter()
                .filter(move |(k, _)| k == kind)
                .map(|(_, value)| value.clone())
        };
        let types: Vec<String> = unique(of("item-type"));
        let technologies: Vec<String> = unique(of("technology"));
        let organisations: Vec<String> = unique(of("organisation"));
        let years = of("year")
            .chain(of("year-range"))
            .find_map(|value| Years::parse(&value));
        let said = words(&request.text);
        let says = |list: &HashSet<String>| said.iter().any(|word| list.contains(word));
        let list = matches!(request.intent.as_str(), "list" | "count");
        let others = says(&engine.lexicon.others)
            && !request.previous_item_ids.is_empty()
            && (list || request.intent == "follow-up");
        let places: Vec<usize> = of("ordinal")
            .filter_map(|place| place.parse().ok())
            .collect();
        let by_place: Vec<String> = places
            .iter()
            .filter_map(|place| {
                request
                    .previous_item_ids
                    .get(place.checked_sub(1)?)
                    .cloned()
            })
            .collect();
        let mut pinned = unique(
            of("item")
                .chain(by_place.clone())
                .filter(|id| engine.item(id).is_some()),
        );
        // "Which projects used COBOL?" names a technology, although an item has that name too.
        if others
            || (list && !(technologies.is_empty() && organisations.is_empty() && types.is_empty()))
        {
            pinned.clear();
        }
        let restricted = !(technologies.is_empty() && organisations.is_empty() && types.is_empty())
            || years.is_some();
        let mut only_pinned = request.intent == "follow-up" && !restricted || !by_place.is_empty();
        let terms = engine.terms(&request.keywords);
        if request.intent == "follow-up"
            && pinned.is_empty()
            && places.is_empty()
            && !others
            && !restricted
            && terms.is_empty()
        {
            pinned = request
                .previous_item_ids
                .iter()
                .filter(|id| engine.item(id).is_some())
                .cloned()
                .collect();
            only_pinned = true;
        }
        // "How did the Navy use COBOL?": the item called COBOL is not the Navy's, so it is not the one that is meant.
        let narrow = Filter {
            organisation: organisations
                .first()
                .filter(|_| organisations.len() == 1)
                .cloned(),
            from_year: years.and_then(|y| y.from),
            to_year: years.and_then(|y| y.to),
            ..Filter::default()
        };
        if request.intent != "compare" {
            pinned.retain(|id| {
                engine
                    .item(id)
                    .is_some_and(|item| narrow.accepts(base, item))
            });
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
            ..narrow
        };
        let count = of("count")
            .find_map(|n| n.parse::<usize>().ok())
            .unwrap_or(MAX_HITS);
        let lexicon = &engine.lexicon;
        let time = match years {
            Some(years) => Time::Asked(years),
            None if says(&lexicon.earliest) => Time::Earliest,
            None if says(&lexicon.latest) => Time::Latest,
            None if says(&lexicon.greatest) || !(list || request.intent == "follow-up") => {
                Time::Indifferent
            }
            None => Time::Newest,
        };
        // Only these intents mean something without a single word to go by: "what did she do?"
        let open = others || matches!(request.intent.as_str(), "list" | "count" | "about");
        let nowhere = pinned.is_empty()
            && ((!places.is_empty() && by_place.is_empty())
                || (!open
                    && !restricted
                    && terms.is_empty()
                    && near.iter().all(|near| *near < MIN_KEYWORD_SHARE)));
        let time_first = terms.is_empty() && matches!(time, Time::Earliest | Time::Latest);
        Ok(Self {
            query: Query {
                terms,
                technologies,
                time,
                // What is pointed at is certain, and what goes with it is told by its words.
                near: if pinned.is_empty() {
                    near.to_vec()
                } else {
                    Vec::new()
                },
            },
            filter: filter.canonical(base)?,
            organisations,
            types: if types.len() > 1 { types } else { Vec::new() },
            type_is_a_guess: guess,
            points_nowhere: nowhere,
            time_first,
            pinned,
            excluded: if others {
                request
                    .previous_item_ids
                    .iter()
                    .map(String::as_str)
                    .collect()
            } else {
                HashSet::new()
            },
            only_pinned,
            limit: request.limit.min(MAX_HITS).min(count),
            n_names: request
                .entities
                .iter()
                .filter(|(kind, _)| matches!(kind.as_str(), "item" | "technology"))
                .count(),
        })
    }

    /// Items that fit under a filter, best first.
    pub(super) fn fitting<'b>(
        &self,
        engine: &'b Engine,
        scored: &[(Score, &'b Item)],
        filter: &Filter,
    ) -> Vec<Hit<'b>> {
        let restricts = !filter.technologies.is_empty()
            || !self.organisations.is_empty()
            || filter.from_year.is_some()
            || filter.to_year.is_some();
        let mut found: Vec<(f32, Hit<'b>)> = scored
            .iter()
            .enumerate()
            .filter(|(_, (_, item))| {
                filter.accepts(&engine.base, item) && !self.excluded.contains(item.id.as_str())
            })
            .filter(|(_, (_, item))| {
                self.organisations.len() < 2
                    || item
                        .organisation
                        .as_ref()
                        .is_some_and(|name| self.organisations.contains(name))
            })
            .filter(|(_, (_, item))| {
                self.types.is_empty()
                    || self
                        .types
                        .iter()
                        .any(|name| name == engine.base.type_name(item))
            })
            .map(|(at, (score, item))| {
                let near = self.query.near.get(at).copied().unwrap_or(0.0);
                (
                    engine.held_share(&self.query, item).max(near),
                    Hit {
                        item,
                        score: score.clone(),
                    },
                )
            })
            .filter(|(share, _)| {
                self.query.terms.is_empty() || restricts || *share >= MIN_KEYWORD_SHARE
            })
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
    pub(super) fn pinned_first<'b>(
        &self,
        engine: &'b Engine,
        scored: Vec<(Score, &'b Item)>,
    ) -> Selection<'b> {
        let related = if self.only_pinned {
            Vec::new()
        } else {
            self.fitting(engine, &scored, &Filter::default())
        };
        let take = |id: &String| {
            scored
                .iter()
                .find(|(_, item)| item.id == *id)
                .map(|(score, item)| Hit {
                    item,
                    score: score.clone(),
                })
        };
        let mut hits: Vec<Hit<'b>> = self.pinned.iter().filter_map(take).collect();
        let least = hits.first().map_or(0.0, |hit| hit.score.total) * NEAR_BEST;
        let near = related
            .into_iter()
            .filter(|hit| hit.score.total >= least && !self.query.terms.is_empty());
        hits.extend(near.filter(|hit| !self.pinned.contains(&hit.item.id)));
        let n_matching = hits.len();
        hits.truncate(self.limit);
        Selection {
            hits,
            n_matching,
            applied: Filter::default(),
        }
    }

    /// The best item for each of at least two names.
    pub(super) fn compared<'b>(
        &self,
        engine: &'b Engine,
        scored: &[(Score, &'b Item)],
    ) -> Option<Vec<Hit<'b>>> {
        let mut ids: Vec<String> = self.pinned.clone();
        if ids.len() < 2 && self.n_names >= 2 {
            ids.extend(self.query.technologies.iter().filter_map(|name| {
                let query = Query {
                    terms: engine.terms(&words(name)),
                    technologies: vec![name.clone()],
                    time: Time::Indifferent,
                    near: Vec::new(),
                };
                let scores = score_all(&engine.base, &engine.index, &query);
                let best = scores
                    .iter()
                    .zip(&engine.base.items)
                    .min_by(|a, b| order((a.0, a.1), (b.0, b.1)))?;
                (best.0.technology > 0.0).then(|| best.1.id.clone())
            }));
        }
        let ids = unique(ids.into_iter());
        let hits: Vec<Hit<'b>> = ids
            .iter()
            .filter_map(|id| scored.iter().find(|(_, item)| item.id == *id))
            .map(|(score, item)| Hit {
                item,
                score: score.clone(),
            })
            .collect();
        (hits.len() >= 2).then_some(hits)
    }
}

impl Engine {
    /// Share of a query's keywords, by rarity alone, that an item holds anywhere.
    fn held_share(&self, query: &Query, item: &Item) -> f32 {
        let at = self.base.items.iter().position(|other| other.id == item.id);
        let all: f32 = query
            .terms
            .iter()
            .map(|term| self.index.idf(&term.stem))
            .sum();
        let holds = |stem: &str| {
            self.index
                .postings(stem)
                .iter()
                .any(|posting| Some(posting.item) == at)
        };
        let held: f32 = query
            .terms
            .iter()
            .filter(|term| holds(&term.stem))
            .map(|term| self.index.idf(&term.stem))
            .sum();
        if all > 0.0 { held / all } else { 0.0 }
    }
}

fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}
