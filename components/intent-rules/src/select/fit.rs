//! Which items fit a wish, and in which order.

use super::asked::unique;
use super::filter::Filter;
use super::request::{Hit, Selection};
use super::score::{Query, Score, Time, order, score_all};
use super::spread::sort;
use super::wish::{MUCH_MORE, TELLING, Wish};
use crate::Engine;
use crate::base::Item;
use crate::terms::Term;
use crate::text::stem;
use crate::text::tokens::words;

impl Wish<'_> {
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
                self.query.terms.is_empty() || restricts || *share >= self.least_share
            })
            .collect();
        // When some items hold the words of the question, those that hold none of them are beside the point.
        // Among what is restricted already, a word in passing tells nothing.
        let tells = |(share, hit): &(f32, Hit<'_>)| {
            *share >= self.least_share
                && (!(restricts && self.is_list) || hit.score.keyword >= TELLING)
        };
        if found.iter().any(tells) {
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

    /// "How many compilers?": a number of things that are alike, so what came of them, such as a medal, does not count among them. The type
    /// of the things, when there are some.
    pub(super) fn counted_type<'b>(&self, engine: &'b Engine, hits: &[Hit<'b>]) -> Option<&'b str> {
        let is_thing = |hit: &&Hit<'_>| engine.names.is_called_like_technology(&hit.item.id);
        let things: Vec<&Hit<'b>> = hits.iter().filter(is_thing).collect();
        let first = things
            .first()
            .filter(|_| things.len() > 1 && self.types.is_empty() && self.asks_kind(engine))?;
        Some(engine.base.type_name(first.item))
    }

    /// Whether the technologies asked for are kinds of things, and none is a thing itself.
    fn asks_kind(&self, engine: &Engine) -> bool {
        let technologies = &self.query.technologies;
        let is_thing = |name: &String| engine.names.has_own_item(name);
        !technologies.is_empty() && !technologies.iter().any(is_thing)
    }

    /// Whether nothing else is asked for: "tell me about the compilers".
    pub(super) fn asks_only_kind(&self, engine: &Engine) -> bool {
        let kinds = self.query.technologies.iter().flat_map(|name| words(name));
        let kinds: Vec<String> = kinds.map(|word| stem(&word)).collect();
        let is_kind = |term: &Term| kinds.contains(&term.stem);
        self.asks_kind(engine) && self.query.terms.iter().all(is_kind)
    }

    /// "Which compilers?": of the items with a technology that is a kind of thing, those that are such things come first, which are those
    /// that are called like a technology themselves.
    pub(super) fn keep_things(&self, engine: &Engine, hits: &mut Vec<Hit<'_>>) {
        let is_thing = |hit: &Hit<'_>| engine.names.is_called_like_technology(&hit.item.id);
        if self.asks_kind(engine) && hits.iter().filter(|hit| is_thing(hit)).count() > 1 {
            let (things, others): (Vec<_>, Vec<_>) = hits.drain(..).partition(is_thing);
            let n_left = self.limit.saturating_sub(things.len());
            let kind = things.first().map(|hit| hit.item.type_index);
            let (same, others): (Vec<_>, Vec<_>) = others
                .into_iter()
                .partition(|hit| Some(hit.item.type_index) == kind);
            let others = same.into_iter().chain(others);
            hits.extend(things);
            hits.extend(others.take(n_left));
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
            // "Which of them was first?" is about all of them.
            if !self.asks_which {
                hits.truncate(1);
            }
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
            ..Selection::default()
        }
    }

    /// The best item for each of at least two names.
    pub(super) fn compared<'b>(
        &self,
        engine: &'b Engine,
        scored: &[(Score, &'b Item)],
        sides: Option<Vec<String>>,
    ) -> Option<Vec<Hit<'b>>> {
        let by_sides = sides.is_some();
        let mut ids: Vec<String> = sides.unwrap_or_else(|| self.pinned.clone());
        // "How does it differ from COBOL?": one side is of the turn before.
        if by_sides && (self.only_pinned || self.has_previous && self.pinned.len() > 1) {
            ids.clone_from(&self.pinned);
        }
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
