//! What a request asks for: entities and cues turned into a filter, a query and items pointed at; and which items fit that.

use std::collections::HashSet;

use super::choose::{Hit, MAX_HITS, Request, Selection};
use super::filter::Filter;
use super::score::{Query, Score, Time, order, score_all};
use super::spread::sort;
use crate::Engine;
use crate::base::Item;
use crate::error::Error;
use crate::text::stem;
use crate::text::tokens::words;
use crate::text::years::Years;

/// How much more of the keywords another item must hold to come before the one that is named.
const MUCH_MORE: f32 = 1.3;
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
    /// Stem of a noun that only some items of its type are called.
    kind: Option<String>,
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
        let said = engine.normaliser.words(&request.text);
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
            kind: said
                .iter()
                .map(|word| stem(word))
                .find(|stem| !guess && engine.lexicon.kinds.contains(stem)),
            n_names: request
                .entities
                .iter()
                .filter(|(kind, _)| matches!(kind.as_str(), "item" | "technology"))
                .count(),
        })
    }

    /// No words are asked for, only restrictions.
    pub(super) fn only_restricts(&self) -> bool {
        self.query.terms.is_empty()
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
        let is_about_time = filter.type_name.is_none()
            && self.types.is_empty()
            && (filter.from_year.is_some() || filter.to_year.is_some());
        let mut found: Vec<(f32, Hit<'b>)> = scored
            .iter()
            .zip(engine.held_shares(&self.query))
            .filter(|((_, item), _)| {
                filter.accepts(&engine.base, item)
                    && !self.excluded.contains(item.id.as_str())
                    && self.is_of_one_of_several(engine, item)
                    && !(is_about_time
                        && engine
                            .lexicon
                            .abilities
                            .contains(engine.base.type_name(item)))
            })
            .map(|((score, item), share)| {
                let score = score.clone();
                (share, Hit { item, score })
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
        self.keep_kind(&mut hits);
        sort(&mut hits);
        hits
    }

    /// Only the books among the publications, when books are asked for and there are some.
    fn keep_kind(&self, hits: &mut Vec<Hit<'_>>) {
        let Some(kind) = &self.kind else { return };
        let is_called = |hit: &Hit<'_>| {
            let item = hit.item;
            let names = item.aliases.iter().chain(&item.keywords);
            names
                .chain([&item.title])
                .flat_map(|text| words(text))
                .any(|word| stem(&word) == *kind)
        };
        if hits.iter().any(is_called) {
            hits.retain(is_called);
        }
    }

    /// Whether an item is of one of the organisations and types, where several are named; the filter only knows one.
    fn is_of_one_of_several(&self, engine: &Engine, item: &Item) -> bool {
        let organised = self.organisations.len() < 2
            || item
                .organisation
                .as_ref()
                .is_some_and(|name| self.organisations.contains(name));
        let type_name = engine.base.type_name(item);
        organised && (self.types.is_empty() || self.types.iter().any(|name| name == type_name))
    }

    /// The items pointed at, in their order, after one that fits much better, if there is one.
    pub(super) fn pinned_first<'b>(
        &self,
        engine: &'b Engine,
        scored: Vec<(Score, &'b Item)>,
    ) -> Selection<'b> {
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
        // "The oldest one" of several.
        if self.only_pinned && matches!(self.query.time, Time::Earliest | Time::Latest) {
            hits.sort_by(|a, b| b.score.recency.total_cmp(&a.score.recency));
            hits.truncate(1);
        }
        // "Who wrote the tests for COBOL?": another item may hold much more of the question than the one whose name it uses.
        if !self.only_pinned && !self.query.terms.is_empty() {
            let least = hits.first().map_or(0.0, |hit| hit.score.keyword) * MUCH_MORE;
            let others = self.fitting(engine, &scored, &Filter::default());
            let better = others
                .into_iter()
                .find(|hit| hit.score.keyword > least && !self.pinned.contains(&hit.item.id));
            hits.splice(0..0, better);
        }
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
    /// Share of a query's keywords, by their weight alone, that each item holds anywhere, or how near it is in meaning if that is more; in
    /// the order of the base.
    fn held_shares(&self, query: &Query) -> Vec<f32> {
        let all: f32 = query.terms.iter().map(|term| term.weight).sum();
        let mut shares = vec![0.0; self.base.items.len()];
        for term in &query.terms {
            for posting in self.index.held(term) {
                if let Some(share) = shares.get_mut(posting.item) {
                    *share += term.weight / all;
                }
            }
        }
        for (share, near) in shares.iter_mut().zip(&query.near) {
            *share = share.max(*near);
        }
        shares
    }
}

fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}
