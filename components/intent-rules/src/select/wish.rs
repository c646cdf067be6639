//! What a request asks for: a filter, a query and items pointed at; and what of it is given up when nothing fits. Which items fit is told
//! in `fit`.

use std::collections::HashSet;

use super::asked::{Asked, MIN_KEYWORD_SHARE, is_foreign};
use super::filter::Filter;
use super::request::{Hit, Request};
use super::score::{Query, Score, Time};
use crate::Engine;
use crate::base::Item;
use crate::error::Error;

/// How much more of the keywords another item must hold to come before the one that is named.
pub(super) const MUCH_MORE: f32 = 1.3;
/// How much of the keywords, by field too, an item must hold to put those aside that hold none.
pub(super) const TELLING: f32 = 0.75;
/// What [`MIN_KEYWORD_SHARE`] becomes for a guess, when nothing holds as much.
const LEAST_SHARE: f32 = 0.2;

/// What a request asks for, worked out.
pub(super) struct Wish<'r> {
    pub(super) query: Query,
    pub(super) filter: Filter,
    /// Every organisation named; the filter can only tell one.
    pub(super) organisations: Vec<String>,
    /// Every type named, when there are several.
    pub(super) types: Vec<String>,
    pub(super) type_is_a_guess: bool,
    /// Items pointed at, in order.
    pub(super) pinned: Vec<String>,
    /// An item of the list was meant that the list did not have.
    pub(super) points_nowhere: bool,
    /// The earliest or the latest is asked for and nothing else: the order is that of time.
    pub(super) time_first: bool,
    /// Items that must not come again.
    pub(super) excluded: HashSet<&'r str>,
    pub(super) only_pinned: bool,
    /// An item of the turn before is among those pointed at.
    pub(super) has_previous: bool,
    pub(super) limit: usize,
    pub(super) n_names: usize,
    /// Stem of a noun that only some items of its type are called.
    pub(super) kind: Option<String>,
    /// Share of the keywords that an item must hold to fit by them.
    pub(super) least_share: f32,
    /// Stems of the words that the base knows.
    pub(super) known: HashSet<String>,
    /// Some word is about a world of its own.
    pub(super) is_elsewhere: bool,
    pub(super) is_list: bool,
    pub(super) asks_which: bool,
}

impl<'r> Wish<'r> {
    /// Works a request out.
    ///
    /// # Errors
    /// `invalid-input` for an unknown item type.
    pub(super) fn new(engine: &Engine, request: &'r Request, near: &[f32]) -> Result<Self, Error> {
        let asked = Asked::read(engine, request);
        let terms = asked.terms(engine);
        let pinned = asked.pinned(engine, !terms.is_empty());
        let time = asked.time(engine);
        Ok(Self {
            points_nowhere: asked.points_nowhere(&pinned, !terms.is_empty(), near),
            time_first: terms.is_empty() && matches!(time, Time::Earliest | Time::Latest),
            known: terms
                .iter()
                .filter(|term| engine.is_known(term))
                .map(|term| term.stem.clone())
                .collect(),
            is_elsewhere: terms.iter().any(|term| is_foreign(engine, term)),
            filter: asked.filter().canonical(&engine.base)?,
            type_is_a_guess: asked.types.is_empty(),
            has_previous: asked.has_previous(&pinned),
            excluded: asked.excluded(),
            limit: asked.limit(),
            least_share: MIN_KEYWORD_SHARE,
            kind: asked.kind(engine),
            n_names: asked.n_names(),
            is_list: asked.is_list,
            asks_which: asked.asks_which(),
            query: Query {
                terms,
                technologies: asked.technologies,
                time,
                // What is pointed at is certain, and what goes with it is told by its words.
                near: if pinned.ids.is_empty() {
                    near.to_vec()
                } else {
                    Vec::new()
                },
            },
            pinned: pinned.ids,
            only_pinned: pinned.only,
            organisations: asked.organisations,
            types: if asked.types.len() > 1 {
                asked.types
            } else {
                Vec::new()
            },
        })
    }

    /// "Why did she leave Harvard for Philadelphia?": an organisation is no restriction when an item of another one holds much more of the
    /// question. Whether it was given up.
    pub(super) fn leave_organisation(
        &mut self,
        engine: &Engine,
        scored: &[(Score, &Item)],
        fitting: &[Hit<'_>],
    ) -> bool {
        if self.organisations.is_empty() || self.is_list || self.query.terms.len() < 2 {
            return false;
        }
        let inside = fitting
            .iter()
            .map(|hit| hit.score.keyword)
            .fold(0.0, f32::max);
        let shares = engine.held_shares(&self.query);
        let fits = scored
            .iter()
            .zip(shares)
            .filter(|(_, share)| *share >= MIN_KEYWORD_SHARE);
        let outside = fits
            .map(|((score, _), _)| score.keyword)
            .fold(0.0, f32::max);
        let leaves = outside >= TELLING && inside < MIN_KEYWORD_SHARE;
        if leaves {
            self.organisations.clear();
            self.filter.organisation = None;
        }
        leaves
    }

    /// Whether a type that was hinted at stands, when these are the items of other types that hold the words.
    pub(super) fn keeps_type(&self, others: &[Hit<'_>]) -> bool {
        !self.is_elsewhere
            && !self.query.terms.is_empty()
            && others.iter().all(|hit| hit.score.keyword < TELLING)
    }

    /// Gives up what could not be met: first the words beside a type that was named, then half of what an item must hold. Whether there
    /// was anything to give up.
    pub(super) fn relax(&mut self, list: bool) -> bool {
        if list && self.filter.type_name.is_some() && !self.type_is_a_guess {
            let had_words = !self.query.terms.is_empty() && !self.is_elsewhere;
            if !had_words {
                return false;
            }
            self.query.terms.clear();
            return true;
        }
        // "Which broadcast made her a household name?"
        let knows = self
            .query
            .terms
            .iter()
            .any(|term| self.known.contains(&term.stem));
        if self.filter.type_name.is_some() && !self.type_is_a_guess && !knows && !self.is_elsewhere
        {
            self.query.terms.clear();
            return true;
        }
        let was = std::mem::replace(&mut self.least_share, LEAST_SHARE);
        was > LEAST_SHARE && !self.query.terms.is_empty()
    }
}
