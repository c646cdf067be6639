//! The first part of an answer: what is meant, what there is to tell of it, and the request to the LLM.

use std::collections::VecDeque;

use super::{Answer, MAX_TOKENS, Phase, Stages, Stepped, TEMPERATURE, Writing};
use crate::{
    cards::{card, llm_card},
    contract::{
        content, llm,
        respond::{Classification, Event, Items},
    },
    fallback::Canned,
    ports::timed,
    sentences::Splitter,
    words::{in_words, messages, named, reason, recent},
};

impl<S: Stages> Answer<S> {
    pub(super) fn classify(&mut self) -> Stepped {
        let history = recent(&self.request.history);
        let found = timed(&self.stages, &mut self.spent.intent, || {
            self.stages.classify(&self.request.text, history)
        })
        .map_err(|error| ("intent", named("intent", error)))?;
        // Follow-ups mean the items that were seen last, even if a thank-you came in between.
        let previous = history.iter().rev().find(|turn| !turn.item_ids.is_empty());
        let request = content::Request {
            text: self.request.text.clone(),
            intent: found.intent.clone(),
            item_type: found.item_type.clone(),
            entities: found
                .entities
                .into_iter()
                .map(|entity| content::Entity {
                    kind: entity.kind,
                    value: entity.value,
                })
                .collect(),
            keywords: found.keywords,
            previous_item_ids: previous
                .map(|turn| turn.item_ids.clone())
                .unwrap_or_default(),
            // An answer without cards still needs something to draw on.
            limit: self.request.max_items.max(1),
        };
        self.intent.clone_from(&found.intent);
        self.queue.push_back(Event::Intent(Classification {
            intent: found.intent,
            item_type: found.item_type,
            confidence: found.confidence,
        }));
        Ok(Phase::Selecting(request))
    }

    pub(super) fn select(&mut self, request: content::Request) -> Stepped {
        let item_type = request.item_type.clone();
        self.item_type.clone_from(&item_type);
        let selection = timed(&self.stages, &mut self.spent.intent, || {
            self.stages.select(request)
        })
        .map_err(|error| ("intent", named("content", error)))?;
        let cards = selection
            .hits
            .iter()
            .map(|hit| llm_card(&hit.item))
            .collect();
        let mut shown: Vec<_> = selection.hits.into_iter().map(card).collect();
        shown.truncate(self.request.max_items as usize);
        self.shown = shown.iter().map(|card| card.id.clone()).collect();
        self.queue.push_back(Event::Items(Items {
            cards: shown,
            n_matching: selection.n_matching,
            content_filter: in_words(&selection.applied),
        }));
        let language = self.settle_language();
        Ok(Phase::Starting(llm::Request {
            messages: messages(recent(&self.request.history), &self.request.text),
            cards,
            n_matching: selection.n_matching,
            intent: self.intent.clone(),
            item_type,
            language,
            max_tokens: MAX_TOKENS,
            temperature: TEMPERATURE,
            strategy: self.request.strategy,
        }))
    }

    /// Asks the LLM.
    pub(super) fn begin(&mut self, request: llm::Request) -> Phase {
        let mut writing = Writing {
            generation: None,
            canned: Some(Canned::new(&self.intent, &request.cards)),
            splitter: Splitter::default(),
            sentences: VecDeque::new(),
            length: 0,
            has_words: false,
        };
        match timed(&self.stages, &mut self.spent.llm, || {
            self.stages.generate(request)
        }) {
            Ok(generation) => writing.generation = Some(generation),
            Err(error) => self.fall_back(&mut writing, &reason(&error)),
        }
        Phase::Writing(writing)
    }
}
