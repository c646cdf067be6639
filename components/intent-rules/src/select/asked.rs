//! What a request names and says, read once, and what follows from it: a function for each question that a wish is made of.
//!
//! Which items fit is not decided here.

use std::collections::HashSet;

use super::filter::Filter;
use super::request::{MAX_HITS, Request};
use super::score::Time;
use crate::Engine;
use crate::terms::Term;
use crate::text::tokens::words;
use crate::text::years::Years;
use crate::text::{numbers, stem};

/// Share of the keywords, by rarity, that an item must hold to fit by keywords alone.
pub(super) const MIN_KEYWORD_SHARE: f32 = 0.5;

/// What a request names and says.
pub(super) struct Asked<'r> {
    request: &'r Request,
    pub(super) types: Vec<String>,
    pub(super) technologies: Vec<String>,
    pub(super) organisations: Vec<String>,
    years: Option<Years>,
    /// All words of the question.
    said: Vec<String>,
    /// Several items are asked for, or their number.
    pub(super) is_list: bool,
    /// Other items than those of the turn before are asked for.
    others: bool,
    /// Places in the list of the turn before, from 1.
    places: Vec<usize>,
    /// The items at these places, as far as there are some.
    by_place: Vec<String>,
    /// A name or a year restricts the items.
    is_restricted: bool,
}

/// Items that a request points at.
pub(super) struct Pinned {
    /// In the order of the question.
    pub(super) ids: Vec<String>,
    /// Nothing else than these is asked for.
    pub(super) only: bool,
}

impl<'r> Asked<'r> {
    /// Reads a request.
    pub(super) fn read(engine: &Engine, request: &'r Request) -> Self {
        let of = |kind| of(request, kind);
        let types = unique(of("item-type"));
        let technologies = unique(of("technology"));
        let organisations = unique(of("organisation"));
        let years = of("year")
            .chain(of("year-range"))
            .find_map(|value| Years::parse(&value));
        let said = engine.normaliser.words(&request.text);
        let is_list = matches!(request.intent.as_str(), "list" | "count");
        let others = says(&said, &engine.lexicon.others)
            && !request.previous_item_ids.is_empty()
            && (is_list || request.intent == "follow-up");
        let places: Vec<usize> = of("ordinal")
            .filter_map(|place| place.parse().ok())
            .collect();
        let by_place = places
            .iter()
            .filter_map(|place| {
                request
                    .previous_item_ids
                    .get(place.checked_sub(1)?)
                    .cloned()
            })
            .collect();
        let is_restricted =
            !(technologies.is_empty() && organisations.is_empty() && types.is_empty())
                || years.is_some();
        Self {
            request,
            types,
            technologies,
            organisations,
            years,
            said,
            is_list,
            others,
            places,
            by_place,
            is_restricted,
        }
    }

    /// The keywords that tell items apart.
    pub(super) fn terms(&self, engine: &Engine) -> Vec<Term> {
        let mut terms = engine.terms(&self.request.keywords);
        if self.is_list {
            self.keep_telling(engine, &mut terms);
        } else {
            terms.extend(self.names(engine));
        }
        terms
    }

    /// Of the keywords of a list, those that tell its items apart.
    fn keep_telling(&self, engine: &Engine, terms: &mut Vec<Term>) {
        // "Two or three medals?"
        terms.retain(|term| numbers::cardinal(&term.word).is_none());
        // Beside a restriction only words of the content itself tell items apart.
        if self.is_restricted || !self.types.is_empty() {
            terms.retain(|term| engine.index.knows(&term.stem) || is_foreign(engine, term));
        }
        // What no item knows cannot tell the items of a type apart: "the prizes on her shelf".
        let has_type = !self.types.is_empty() || self.request.item_type.is_some();
        if self.is_restricted || has_type || terms.iter().any(|term| engine.is_known(term)) {
            terms.retain(|term| engine.is_known(term) || is_foreign(engine, term));
        }
        // "The prizes she picked up": what follows the subject is what was done.
        if !self.types.is_empty() {
            let is_done = |term: &Term| {
                self.said.windows(2).any(|pair| {
                    matches!(pair, [before, word]
                        if *word == term.word && engine.lexicon.subject_pronouns.contains(before) && !before.starts_with("her"))
                })
            };
            terms.retain(|term| !is_done(term));
        }
    }

    /// What the names of organisations add to the keywords of a question that asks for no list.
    fn names(&self, engine: &Engine) -> Vec<Term> {
        match self.organisations.len() {
            0 => Vec::new(),
            // "The naval reserve": how an organisation was called tells its items apart.
            1 => {
                let named = engine
                    .base
                    .organisations
                    .iter()
                    .filter(|other| self.organisations.contains(&other.name));
                let called: HashSet<String> = named
                    .flat_map(|other| std::iter::once(&other.name).chain(&other.aliases))
                    .flat_map(|name| words(name))
                    .filter(|word| self.said.contains(word) && !engine.lexicon.stop.contains(word))
                    .collect();
                let mut called: Vec<String> = called.into_iter().collect();
                called.sort_unstable();
                let mut more = engine.terms(&called);
                more.retain(|term| engine.index.knows(&term.stem));
                more
            }
            _ if self.request.intent == "compare" => Vec::new(),
            // "When did one company buy the other?"
            _ => {
                let names: Vec<String> = self
                    .organisations
                    .iter()
                    .flat_map(|name| words(name))
                    .collect();
                engine.terms(&names)
            }
        }
    }

    /// The items pointed at: by title, by place, by pronoun. `has_terms`: there are keywords that tell items apart.
    pub(super) fn pinned(&self, engine: &Engine, has_terms: bool) -> Pinned {
        let request = self.request;
        let mut only =
            request.intent == "follow-up" && !self.is_restricted || !self.by_place.is_empty();
        let mut ids = unique(
            of(request, "item")
                .chain(self.by_place.iter().cloned())
                .filter(|id| engine.item(id).is_some()),
        );
        // "Which projects used COBOL?" names a technology, although an item has that name too.
        let names_something = !(self.technologies.is_empty()
            && self.organisations.is_empty()
            && self.types.is_empty());
        if self.others || (self.is_list && names_something) {
            ids.clear();
        }
        // "A prize for COBOL": a name beside a type restricts, and is not the thing itself.
        if !self.types.is_empty() && request.intent != "compare" {
            ids.retain(|id| {
                engine.item(id).is_some_and(|item| {
                    let own = engine.base.type_name(item);
                    self.types.iter().any(|name| name == own)
                })
            });
        }
        if request.intent == "follow-up"
            && ids.is_empty()
            && self.places.is_empty()
            && !self.others
            && !self.is_restricted
            && !has_terms
        {
            ids = request
                .previous_item_ids
                .iter()
                .filter(|id| engine.item(id).is_some())
                .cloned()
                .collect();
            only = true;
        }
        // "How did the Navy use COBOL?": the item called COBOL is not the Navy's, so it is not the one that is meant.
        if request.intent != "compare" {
            let narrow = self.narrow();
            ids.retain(|id| {
                engine
                    .item(id)
                    .is_some_and(|item| narrow.accepts(&engine.base, item))
            });
        }
        Pinned { ids, only }
    }

    /// The restriction to an organisation and to years.
    fn narrow(&self) -> Filter {
        Filter {
            organisation: match self.organisations.as_slice() {
                [one] => Some(one.clone()),
                _ => None,
            },
            from_year: self.years.and_then(|years| years.from),
            to_year: self.years.and_then(|years| years.to),
            ..Filter::default()
        }
    }

    /// The restriction that every item must meet.
    pub(super) fn filter(&self) -> Filter {
        let type_name = match self.types.as_slice() {
            [] => self.request.item_type.clone(),
            [one] => Some(one.clone()),
            _ => None,
        };
        Filter {
            type_name,
            technologies: self.technologies.clone(),
            ..self.narrow()
        }
    }

    /// The time that is preferred.
    pub(super) fn time(&self, engine: &Engine) -> Time {
        let lexicon = &engine.lexicon;
        let says = |list| says(&self.said, list);
        match self.years {
            Some(years) => Time::Asked(years),
            None if says(&lexicon.earliest) => Time::Earliest,
            None if says(&lexicon.latest) => Time::Latest,
            None if says(&lexicon.greatest)
                || !(self.is_list || self.request.intent == "follow-up") =>
            {
                Time::Indifferent
            }
            None => Time::Newest,
        }
    }

    /// Whether a place was named that the list did not have, or there is nothing at all to go by.
    pub(super) fn points_nowhere(&self, pinned: &Pinned, has_terms: bool, near: &[f32]) -> bool {
        // Only these intents mean something without a single word to go by: "what did she do?"
        let open =
            self.others || matches!(self.request.intent.as_str(), "list" | "count" | "about");
        pinned.ids.is_empty()
            && ((!self.places.is_empty() && self.by_place.is_empty())
                || (!open
                    && !self.is_restricted
                    && !has_terms
                    && near.iter().all(|near| *near < MIN_KEYWORD_SHARE)))
    }

    /// The items that must not come again.
    pub(super) fn excluded(&self) -> HashSet<&'r str> {
        let shown = self.request.previous_item_ids.iter().map(String::as_str);
        shown.filter(|_| self.others).collect()
    }

    /// Most items that are wanted.
    pub(super) fn limit(&self) -> usize {
        let count = of(self.request, "count")
            .find_map(|n| n.parse::<usize>().ok())
            .unwrap_or(MAX_HITS);
        self.request.limit.min(MAX_HITS).min(count)
    }

    /// The stem of a noun that only some items of its type are called.
    pub(super) fn kind(&self, engine: &Engine) -> Option<String> {
        // "Medals and other honours" are all of them.
        let has_one_noun = of(self.request, "item-type").count() == 1;
        self.said
            .iter()
            .map(|word| stem(word))
            .find(|stem| has_one_noun && engine.lexicon.kinds.contains(stem))
    }

    /// Number of items and technologies named.
    pub(super) fn n_names(&self) -> usize {
        self.request
            .entities
            .iter()
            .filter(|(kind, _)| matches!(kind.as_str(), "item" | "technology"))
            .count()
    }

    /// Whether it is asked which of several.
    pub(super) fn asks_which(&self) -> bool {
        self.said.iter().any(|word| word == "which")
    }

    /// Whether one of these items is of the turn before.
    pub(super) fn has_previous(&self, pinned: &Pinned) -> bool {
        pinned
            .ids
            .iter()
            .any(|id| self.request.previous_item_ids.contains(id))
    }
}

/// Whether a term is about a world of its own, and not about the content.
pub(super) fn is_foreign(engine: &Engine, term: &Term) -> bool {
    !engine.is_known(term) && engine.lexicon.topics.is_foreign(&term.word)
}

/// Each value once, where it came first.
pub(super) fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}

/// The values of the entities of a kind.
fn of<'r>(request: &'r Request, kind: &'static str) -> impl Iterator<Item = String> + use<'r> {
    request
        .entities
        .iter()
        .filter(move |(k, _)| k == kind)
        .map(|(_, value)| value.clone())
}

fn says(said: &[String], list: &HashSet<String>) -> bool {
    said.iter().any(|word| list.contains(word))
}
