//! What a request asks for: entities and cues turned into a filter, a query and items pointed at; and which items fit that.

use std::collections::HashSet;

use super::filter::Filter;
use super::request::{Hit, MAX_HITS, Request};
use super::score::{Query, Score, Time};
use crate::Engine;
use crate::base::Item;
use crate::error::Error;
use crate::terms::Term;
use crate::text::tokens::words;
use crate::text::years::Years;
use crate::text::{numbers, stem};

/// How much more of the keywords another item must hold to come before the one that is named.
pub(super) const MUCH_MORE: f32 = 1.3;
/// Share of the keywords, by rarity, that an item must hold to fit by keywords alone.
const MIN_KEYWORD_SHARE: f32 = 0.5;

/// How much of the keywords, by field too, an item must hold to put those aside that hold none.
pub(super) const TELLING: f32 = 0.75;
/// The same for a guess, when nothing holds as much.
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
        let mut terms = engine.terms(&request.keywords);
        // "When did one company buy the other?"
        if !list && request.intent != "compare" && organisations.len() > 1 {
            let names: Vec<String> = organisations.iter().flat_map(|name| words(name)).collect();
            terms.extend(engine.terms(&names));
        }
        // What no item knows cannot tell the items of a type apart: "the prizes on her shelf".
        let has_type = !types.is_empty() || request.item_type.is_some();
        // "Two or three medals?"
        if list {
            terms.retain(|term| numbers::cardinal(&term.word).is_none());
        }
        // Beside a restriction only words of the content itself tell items apart.
        let is_foreign =
            |term: &Term| !engine.is_known(term) && engine.lexicon.topics.is_foreign(&term.word);
        if list && (restricted || !types.is_empty()) {
            terms.retain(|term| engine.index.knows(&term.stem) || is_foreign(term));
        }
        if list && (restricted || has_type || terms.iter().any(|term| engine.is_known(term))) {
            terms.retain(|term| engine.is_known(term) || is_foreign(term));
        }
        // "The prizes she picked up": what follows the subject is what was done.
        if list && !types.is_empty() {
            let is_done = |term: &Term| {
                said.windows(2).any(|pair| {
                    matches!(pair, [before, word]
                        if *word == term.word && engine.lexicon.subject_pronouns.contains(before) && !before.starts_with("her"))
                })
            };
            terms.retain(|term| !is_done(term));
        }
        // "The naval reserve": how an organisation was called tells its items apart.
        if !list && organisations.len() == 1 {
            let named = base
                .organisations
                .iter()
                .filter(|other| organisations.contains(&other.name));
            let called: HashSet<String> = named
                .flat_map(|other| std::iter::once(&other.name).chain(&other.aliases))
                .flat_map(|name| words(name))
                .filter(|word| said.contains(word) && !engine.lexicon.stop.contains(word))
                .collect();
            let mut called: Vec<String> = called.into_iter().collect();
            called.sort_unstable();
            let more = engine.terms(&called).into_iter();
            terms.extend(more.filter(|term| engine.index.knows(&term.stem)));
        }
        let is_elsewhere = terms.iter().any(is_foreign);
        // "A prize for COBOL": a name beside a type restricts, and is not the thing itself.
        if !types.is_empty() && request.intent != "compare" {
            pinned.retain(|id| {
                engine
                    .item(id)
                    .is_some_and(|item| types.iter().any(|name| name == base.type_name(item)))
            });
        }
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
        // "Medals and other honours" are all of them.
        let has_one_noun = of("item-type").count() == 1;
        let known = terms
            .iter()
            .filter(|term| engine.is_known(term))
            .map(|term| term.stem.clone())
            .collect();
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
            has_previous: pinned
                .iter()
                .any(|id| request.previous_item_ids.contains(id)),
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
            least_share: MIN_KEYWORD_SHARE,
            known,
            is_elsewhere,
            is_list: list,
            asks_which: said.iter().any(|word| word == "which"),
            kind: said
                .iter()
                .map(|word| stem(word))
                .find(|stem| has_one_noun && engine.lexicon.kinds.contains(stem)),
            n_names: request
                .entities
                .iter()
                .filter(|(kind, _)| matches!(kind.as_str(), "item" | "technology"))
                .count(),
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

pub(super) fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}
