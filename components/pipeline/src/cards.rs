//! Items of the content as the LLM and the clients get them.

use crate::contract::{content, llm, respond};

/// What an LLM is told of an item.
pub(crate) fn llm_card(item: &content::Item) -> llm::Card {
    llm::Card {
        id: item.id.clone(),
        type_name: item.type_name.clone(),
        title: item.title.clone(),
        summary: item.summary.clone(),
        details: item.details.clone(),
        organisation: item.organisation.clone(),
        start_year: item.start_year,
        end_year: item.end_year,
        technologies: item.technologies.clone(),
        metrics: item.metrics.clone(),
    }
}

/// What is shown of an item that was found.
pub(crate) fn card(hit: content::Hit) -> respond::Card {
    let content::Hit { item, score } = hit;
    respond::Card {
        id: item.id,
        type_name: item.type_name,
        title: item.title,
        summary: item.summary,
        details: item.details,
        organisation: item.organisation,
        start_year: item.start_year,
        end_year: item.end_year,
        technologies: item.technologies,
        keywords: item.keywords,
        metrics: item.metrics,
        url: item.url,
        score,
    }
}
