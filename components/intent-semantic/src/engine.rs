//! Rules and meaning together.
//!
//! The rules take a question apart and judge it. What was learned weighs their verdict against the meaning of the question and its words
//! ([`crate::intent`]), and says of each item how probably it belongs to the answer, from what the rules choose, the words it holds, what is
//! named, and how near it is in meaning ([`crate::choice`]). The score of an item stays that of the rules, with the probability as its
//! keyword part where that is more.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;

use colloquy_preload::Files;
use intent_rules::Engine;
use intent_rules::intent::classify::is_about_content;
use intent_rules::intent::question::{self, Question};
use intent_rules::intent::{Classification, Turn, context};
use intent_rules::select::choose::{Hit, MAX_HITS, Request, Selection};
use intent_rules::select::filter::Filter;
use intent_rules::select::score::WEIGHTS;
use intent_rules::text::tokens::words;

use crate::choice::{Asked, Choice, Limits};
use crate::content::{Calibration, Items};
use crate::error::Error;
use crate::intent::{Learned, PROBE, Signs};
use crate::judge::settle;
use crate::model::{Encoder, Meaning};
use crate::words::corrected;

/// Cards of an answer. What was learned is about so many; the rest of a longer list is that of the rules.
const AT_ONCE: usize = 4;
/// Meanings of the last texts: a question is classified, and then items are selected for it.
const REMEMBERED: usize = 4;

/// Rules, a content base, and the meanings of what is in it.
#[derive(Debug)]
pub struct Semantic {
    rules: Engine,
    encoder: Encoder,
    items: Items,
    learned: Learned,
    choice: Choice,
    limits: Limits,
    calibration: Calibration,
    last: RefCell<VecDeque<(String, Meaning)>>,
}

impl Semantic {
    /// Embeds the content of the rules.
    ///
    /// # Errors
    /// `internal` when the engine fails.
    pub fn new(rules: Engine, encoder: Encoder) -> Result<Self, Error> {
        let items = Items::new(rules.base(), &|text| encoder.meaning(text))?;
        let probe = encoder.meaning(PROBE)?;
        Self::of(rules, encoder, items, &probe)
    }

    /// Loads a folder with `content.json` and one with the model.
    ///
    /// # Errors
    /// `unavailable` for what is wrong with the content or the model.
    pub fn load(content: &Path, model: &Path) -> Result<Self, Error> {
        // The content first: it is read in no time, and what is wrong with it is told before the model is loaded.
        let rules = Engine::load(content)?;
        Self::new(rules, Encoder::load(model)?)
    }

    /// Loads the model of `files` and the content below `/content`, as hosts mount it.
    #[cfg(target_family = "wasm")]
    pub(crate) fn read(files: &Files) -> Result<Self, Error> {
        let rules = Engine::load(&Path::new("/").join(intent_rules::component::FOLDER))?;
        Self::new(rules, Encoder::read(files)?)
    }

    /// Loads content and model of one set of files, without asking for the time.
    ///
    /// # Errors
    /// As [`Semantic::load`].
    pub fn preload(files: &Files) -> Result<Self, Error> {
        let (rules, encoder) = (Engine::read(files)?, Encoder::read(files)?);
        let items = Items::new(rules.base(), &|text| encoder.meaning_at_once(text))?;
        let probe = encoder.meaning_at_once(PROBE)?;
        Self::of(rules, encoder, items, &probe)
    }

    fn of(rules: Engine, encoder: Encoder, items: Items, probe: &Meaning) -> Result<Self, Error> {
        let learned = Learned::built_in()?;
        if !learned.knows(probe) {
            return Err(Error::Unavailable(
                "the model is not the one that the weights were learned with; see docs/semantic.md"
                    .to_owned(),
            ));
        }
        Ok(Self {
            rules,
            encoder,
            items,
            learned,
            choice: Choice::built_in()?,
            limits: Limits::default(),
            calibration: Calibration::default(),
            last: RefCell::default(),
        })
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &Engine {
        &self.rules
    }

    /// Classifies a question; `history` is oldest first.
    ///
    /// # Errors
    /// As [`Engine::classify`]; `internal` when the model fails.
    pub fn classify(&self, text: &str, history: &[Turn]) -> Result<Classification, Error> {
        let found = self.rules.classify(text, history)?;
        let n_shown = context::last_shown(history).map_or(0, |turn| turn.item_ids.len());
        let question = question::read(&self.rules, text, n_shown);
        if question.units.is_empty() {
            return Ok(found);
        }
        let (asked, corrected) = self.meanings(text, &question)?;
        let most = |meaning: &Meaning| {
            let near = self.items.near(meaning).into_iter();
            near.map(|near| near.text).fold(-1.0, f32::max)
        };
        let signs = Signs {
            rules: &found,
            question: &question,
            known_share: self.rules.known_share(&question.keywords),
            has_history: !history.is_empty(),
            has_items: history.iter().any(|turn| !turn.item_ids.is_empty()),
            nearest: [most(&asked), most(&corrected)],
        };
        let probabilities = self.learned.probabilities(&asked, &corrected, &signs);
        Ok(settle(
            &self.rules,
            found,
            question,
            history,
            &probabilities,
        ))
    }

    /// Chooses the items for an answer.
    ///
    /// # Errors
    /// As [`Engine::select`]; `internal` when the model fails.
    pub fn select(&self, request: &Request) -> Result<Selection<'_>, Error> {
        let mut by_rules = self.rules.select(request)?;
        if !is_about_content(&request.intent) || request.limit == 0 {
            return Ok(by_rules);
        }
        let question = question::read(&self.rules, &request.text, request.previous_item_ids.len());
        // To a model, one company is like another: where the content does not have a name, only the rules may show something.
        if question.units.is_empty() || self.has_strange_name(&request.text) {
            return Ok(by_rules);
        }
        let probabilities = self.probabilities(request, &question)?;
        let has_words = self.rules.known_share(&request.keywords) > 0.0;
        let places = self.limits.shown(&probabilities, has_words);
        let ids: Vec<&str> = self.ids(&places).collect();
        let n_wanted = request.entities.iter().find(|(kind, _)| kind == "count");
        let n_wanted = n_wanted
            .and_then(|(_, n)| n.parse().ok())
            .unwrap_or(MAX_HITS);
        let limit = request.limit.min(MAX_HITS).min(n_wanted);
        let n_fitting = ids.len();
        let mut hits: Vec<Hit<'_>> = Vec::new();
        let scored = self.scored(request, &ids)?;
        for (place, id) in places.into_iter().zip(ids).take(limit.min(AT_ONCE)) {
            let p = probabilities.get(place).copied().unwrap_or(0.0);
            let hit = scored.iter().find(|hit| hit.item.id == id);
            hits.extend(hit.map(|hit| told(hit, p)));
        }
        // A longer list goes on as the rules have it.
        let agree = hits.iter().any(|hit| has(&by_rules.hits, hit));
        if agree && limit > hits.len() && hits.len() >= AT_ONCE {
            let rest = by_rules.hits.iter().filter(|hit| !has(&hits, hit));
            let rest: Vec<Hit<'_>> = rest.take(limit - hits.len()).cloned().collect();
            hits.extend(rest);
        }
        let n_matching = if agree {
            by_rules.n_matching
        } else {
            n_fitting
        };
        let meets = |hit: &Hit<'_>| by_rules.applied.accepts(self.rules.base(), hit.item);
        if !hits.iter().all(meets) {
            by_rules.applied = Filter::default();
        }
        by_rules.n_matching = n_matching.max(hits.len());
        by_rules.hits = hits;
        Ok(by_rules)
    }

    /// How probable it is of each item that it belongs to the answer.
    fn probabilities(&self, request: &Request, question: &Question) -> Result<Vec<f32>, Error> {
        let base = self.rules.base();
        let (asked, corrected) = self.meanings(&request.text, question)?;
        let at_once = Request {
            limit: AT_ONCE,
            ..request.clone()
        };
        let chosen = self.rules.select(&at_once)?;
        let mut keywords = vec![0.0; base.items.len()];
        for hit in self
            .rules
            .search(&request.text, Filter::default(), MAX_HITS)?
        {
            let place = base.items.iter().position(|item| item.id == hit.item.id);
            if let Some(share) = place.and_then(|at| keywords.get_mut(at)) {
                *share = hit.score.keyword;
            }
        }
        let types = self
            .items
            .types(&asked)
            .into_iter()
            .zip(self.items.types(&corrected));
        let asked = Asked {
            intent: &request.intent,
            item_type: request.item_type.as_deref(),
            entities: &request.entities,
            n_keywords: request.keywords.len(),
            known_share: self.rules.known_share(&request.keywords),
            previous: &request.previous_item_ids,
            by_rules: chosen.hits.iter().map(|hit| hit.item.id.as_str()).collect(),
            keywords,
            asked: self.items.near(&asked),
            corrected: self.items.near(&corrected),
            types: types.map(|(a, b)| f32::midpoint(a, b)).collect(),
        };
        Ok(self.choice.probabilities(base, &asked))
    }

    /// Whether a text holds a name, a word with a capital that does not begin a sentence, which is neither the subject's nor a word of
    /// the content, and which the rules do not take for another one.
    fn has_strange_name(&self, text: &str) -> bool {
        let subject = &self.rules.base().subject;
        let own: Vec<String> = std::iter::once(&subject.name)
            .chain(&subject.aliases)
            .flat_map(|name| words(name))
            .collect();
        let mut begins = true;
        text.split_whitespace().any(|said| {
            let is_name = !begins && said.starts_with(char::is_uppercase);
            begins = said.ends_with(['.', '?', '!', ':']);
            is_name
                && words(said).into_iter().any(|word| {
                    word.chars().count() > 1
                        && !own.contains(&word)
                        && self.rules.known_share(&[word]) == 0.0
                })
        })
    }

    fn ids(&self, places: &[usize]) -> impl Iterator<Item = &str> {
        let items = &self.rules.base().items;
        places
            .iter()
            .filter_map(|at| Some(items.get(*at)?.id.as_str()))
    }

    /// Items as the rules score them for a question.
    fn scored(&self, request: &Request, ids: &[&str]) -> Result<Vec<Hit<'_>>, Error> {
        // Pointed at by their ids, so that all of them come; what the question names still tells their parts apart.
        let telling = ["technology", "year", "year-range"];
        let told = request
            .entities
            .iter()
            .filter(|(kind, _)| telling.contains(&kind.as_str()));
        let pointed = ids.iter().map(|id| ("item".to_owned(), (*id).to_owned()));
        let one = matches!(
            request.intent.as_str(),
            "detail" | "when" | "compare" | "about"
        );
        let intent = if one { "compare" } else { "follow-up" };
        let mut request = Request {
            text: request.text.clone(),
            intent: intent.to_owned(),
            item_type: None,
            entities: told.cloned().chain(pointed).collect(),
            keywords: request.keywords.clone(),
            previous_item_ids: Vec::new(),
            limit: MAX_HITS,
        };
        let mut hits = self.rules.select(&request)?.hits;
        // Years restrict, and an item outside of them may still be the answer.
        request.entities.retain(|(kind, _)| kind == "item");
        for hit in self.rules.select(&request)?.hits {
            if !has(&hits, &hit) {
                hits.push(hit);
            }
        }
        Ok(hits)
    }

    /// Free search: by words and by meaning.
    ///
    /// # Errors
    /// As [`Engine::search`]; `internal` when the model fails.
    pub fn search(&self, text: &str, filter: Filter, limit: usize) -> Result<Vec<Hit<'_>>, Error> {
        // Everything is asked for, or more than is possible: the rules know what to say.
        if text.trim().is_empty()
            || text.chars().count() > intent_rules::intent::classify::MAX_CHARACTERS
        {
            return self.rules.search(text, filter, limit);
        }
        // Items that are far away are no results.
        let near: Vec<f32> = self.near(text)?;
        let near: Vec<f32> = near
            .into_iter()
            .map(|share| if share < 0.5 { 0.0 } else { share })
            .collect();
        self.rules.search_near(text, filter, limit, &near)
    }

    fn near(&self, text: &str) -> Result<Vec<f32>, Error> {
        let near = self.items.near(&self.meaning(text)?);
        let similarities: Vec<f32> = near.iter().map(|near| near.title.max(near.text)).collect();
        Ok(self.calibration.near(&similarities))
    }

    /// What a question means as it was asked, and with its words put right.
    fn meanings(&self, text: &str, question: &Question) -> Result<(Meaning, Meaning), Error> {
        let asked = self.meaning(text)?;
        let corrected = corrected(question);
        let corrected = if corrected == text {
            asked.clone()
        } else {
            self.meaning(&corrected)?
        };
        Ok((asked, corrected))
    }

    fn meaning(&self, text: &str) -> Result<Meaning, Error> {
        let known = |last: &VecDeque<(String, Meaning)>| {
            let found = last.iter().find(|(known, _)| known == text);
            found.map(|(_, meaning)| meaning.clone())
        };
        if let Some(meaning) = known(&self.last.borrow()) {
            return Ok(meaning);
        }
        let meaning = self.encoder.meaning(text)?;
        let mut last = self.last.borrow_mut();
        last.truncate(REMEMBERED - 1);
        last.push_front((text.to_owned(), meaning.clone()));
        Ok(meaning)
    }
}

fn has(hits: &[Hit<'_>], hit: &Hit<'_>) -> bool {
    hits.iter().any(|other| other.item.id == hit.item.id)
}

/// A hit whose keyword part is the probability, where that is more.
fn told<'b>(hit: &Hit<'b>, probability: f32) -> Hit<'b> {
    let mut hit = hit.clone();
    let score = &mut hit.score;
    if probability > score.keyword {
        score.keyword = probability;
        score
            .reasons
            .insert(0, format!("meaning: {probability:.2}"));
        let parts = [score.keyword, score.technology, score.recency, score.impact];
        score.total = WEIGHTS
            .iter()
            .zip(parts)
            .map(|(weight, part)| weight * part)
            .sum();
    }
    hit
}
