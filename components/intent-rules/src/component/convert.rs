//! Plain values to those of the contracts.

use colloquy_preload::Loaded;

use super::Stage;
use super::bindings::exports::colloquy::content::content as wc;
use super::bindings::exports::colloquy::intent::intent as wi;
use crate::error::Error;
use crate::{Engine, base, intent, select};

/// Name, version, languages and needs of this stage.
pub(super) fn info<S: Stage>(loaded: &Loaded<S>) -> (String, String, Vec<String>, Vec<String>) {
    let own = |text: &str| text.to_owned();
    let needs = if loaded.preloaded {
        Vec::new()
    } else {
        S::needs(loaded)
    };
    (own(S::NAME), own(S::VERSION), vec![own("en")], needs)
}

pub(super) fn item(engine: &Engine, item: &base::Item) -> wc::Item {
    let metric = |m: &base::Metric| wc::Metric {
        label: m.label.clone(),
        value: m.value.clone(),
    };
    wc::Item {
        id: item.id.clone(),
        type_name: engine.base().type_name(item).to_owned(),
        title: item.title.clone(),
        summary: item.summary.clone(),
        details: item.details.clone(),
        organisation: item.organisation.clone(),
        start_year: item.start_year,
        end_year: item.end_year,
        technologies: item.technologies.clone(),
        keywords: item.keywords.clone(),
        metrics: item.metrics.iter().map(metric).collect(),
        impact: item.impact,
        url: item.url.clone(),
    }
}

pub(super) fn hit(engine: &Engine, hit: select::choose::Hit<'_>) -> wc::Hit {
    let s = hit.score;
    let score = wc::Score {
        total: s.total,
        keyword: s.keyword,
        technology: s.technology,
        recency: s.recency,
        impact: s.impact,
        reasons: s.reasons,
    };
    wc::Hit {
        item: item(engine, hit.item),
        score,
    }
}

pub(super) fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

pub(super) fn large(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

impl From<Error> for wi::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidInput(text) => Self::InvalidInput(text),
            Error::Unavailable(text) => Self::Unavailable(text),
            Error::Internal(text) => Self::Internal(text),
        }
    }
}

impl From<Error> for wc::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidInput(text) => Self::InvalidInput(text),
            Error::Unavailable(text) => Self::Unavailable(text),
            Error::Internal(text) => Self::Internal(text),
        }
    }
}

pub(super) fn classification(found: intent::Classification) -> wi::Classification {
    let entity = |e: intent::Entity| wi::Entity {
        kind: e.kind.to_owned(),
        value: e.value,
        text: e.text,
        confidence: e.confidence,
    };
    let factor = |f: intent::Factor| wi::Factor {
        name: f.name.to_owned(),
        value: f.value,
        weight: f.weight,
    };
    wi::Classification {
        intent: found.intent.to_owned(),
        item_type: found.item_type,
        entities: found.entities.into_iter().map(entity).collect(),
        keywords: found.keywords,
        confidence: found.confidence,
        factors: found.factors.into_iter().map(factor).collect(),
    }
}

pub(super) fn filter(filter: wc::Filter) -> select::filter::Filter {
    select::filter::Filter {
        type_name: filter.type_name,
        technologies: filter.technologies,
        organisation: filter.organisation,
        from_year: filter.from_year,
        to_year: filter.to_year,
    }
}
