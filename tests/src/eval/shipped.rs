//! A component file as the stage, called as a host calls it.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};

use super::play::{Card, Reading, Stage, Turn};
use crate::conform::bindings::colloquy::content::content as wc;
use crate::conform::bindings::colloquy::intent::intent as wi;
use crate::conform::common::{Content, Contract, Intent};
use crate::conform::rig::{Rig, Settings};
use crate::conform::verdict::{Asked, Unmet};

/// Items of the content base that are asked for at once.
const PAGE: u32 = 100;

/// An intent component.
pub struct Shipped {
    rig: Rig,
}

impl std::fmt::Debug for Shipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shipped").finish_non_exhaustive()
    }
}

impl Shipped {
    /// Loads a component.
    ///
    /// # Errors
    /// As [`Rig::open`].
    pub fn open(settings: Settings) -> Result<Self> {
        Ok(Self {
            rig: Rig::open(settings)?,
        })
    }

    /// The ids of its content base.
    ///
    /// # Errors
    /// The component failed.
    pub fn item_ids(&mut self) -> Result<BTreeSet<String>> {
        let mut ids = BTreeSet::new();
        loop {
            let at = u32::try_from(ids.len())?;
            let page: Vec<wc::Item> = given(self.rig.ask::<wc::Error, _, _>(
                Content::INTERFACE,
                "items",
                (None::<String>, at, PAGE),
            ))?;
            let n_before = ids.len();
            ids.extend(page.into_iter().map(|item| item.id));
            if ids.len() == n_before {
                return Ok(ids);
            }
        }
    }
}

impl Stage for Shipped {
    fn read(&mut self, text: &str, history: &[Turn], previous: &[String]) -> Result<Reading> {
        let turns: Vec<wi::Turn> = history
            .iter()
            .map(|turn| wi::Turn {
                user: turn.user.clone(),
                assistant: turn.assistant.clone(),
                intent: Some(turn.intent.clone()),
                item_ids: turn.item_ids.clone(),
                item_type: turn.item_type.clone(),
            })
            .collect();
        let found: wi::Classification = given(self.rig.ask::<wi::Error, _, _>(
            Intent::INTERFACE,
            "classify",
            (text.to_owned(), turns),
        ))?;
        let request = wc::Request {
            text: text.to_owned(),
            intent: found.intent.clone(),
            item_type: found.item_type.clone(),
            entities: found
                .entities
                .into_iter()
                .map(|entity| wc::Entity {
                    kind: entity.kind,
                    value: entity.value,
                })
                .collect(),
            keywords: found.keywords,
            previous_item_ids: previous.to_vec(),
            limit: u32::try_from(super::play::MAX_CARDS)?,
        };
        let selection: wc::Selection = given(self.rig.ask::<wc::Error, _, _>(
            Content::INTERFACE,
            "select",
            (request,),
        ))?;
        let card = |hit: wc::Hit| Card {
            id: hit.item.id,
            type_name: hit.item.type_name,
            title: hit.item.title,
        };
        Ok(Reading {
            intent: found.intent,
            item_type: found.item_type,
            confidence: found.confidence,
            cards: selection.hits.into_iter().map(card).collect(),
        })
    }
}

fn given<T>(asked: Asked<T>) -> Result<T> {
    let unmet = |unmet| match unmet {
        Unmet::Failed { expected, got } => anyhow!("expected: {expected}, got: {got}"),
        Unmet::Skipped(reason) => anyhow!("{reason}"),
    };
    asked
        .and_then(|answer| answer.given("a question"))
        .map_err(unmet)
}
