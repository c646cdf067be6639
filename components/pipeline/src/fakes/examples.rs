//! Things for the stages to give, as plain as can be.

use super::Voice;
use crate::contract::{Score, asr, content, llm};

pub(crate) fn voice() -> Voice {
    Voice {
        opened: Ok(()),
        rate_hz: 22_050,
        audio: vec![Ok(vec![7; 4]), Ok(vec![8; 2])],
        degraded: None,
    }
}

pub(crate) fn segment(text: &str) -> asr::Segment {
    asr::Segment {
        start_ms: 0,
        end_ms: 1_000,
        text: text.into(),
        tokens: vec![],
        language: "en".into(),
        confidence: 0.8,
        avg_logprob: -0.2,
        no_speech_prob: 0.1,
        temperature: 0.0,
    }
}

pub(crate) fn hit(id: &str, title: &str) -> content::Hit {
    content::Hit {
        item: content::Item {
            id: id.into(),
            type_name: "project".into(),
            title: title.into(),
            summary: format!("{title} was new."),
            details: String::new(),
            organisation: None,
            start_year: Some(1952),
            end_year: None,
            technologies: vec![],
            keywords: vec![],
            metrics: vec![],
            impact: 1.0,
            url: None,
        },
        score: Score {
            total: 0.5,
            keyword: 0.5,
            technology: 0.5,
            recency: 0.5,
            impact: 0.5,
            reasons: vec![],
        },
    }
}

pub(crate) fn llm_card(title: &str, summary: &str) -> llm::Card {
    llm::Card {
        id: title.to_lowercase(),
        type_name: "project".into(),
        title: title.into(),
        summary: summary.into(),
        details: String::new(),
        organisation: None,
        start_year: None,
        end_year: None,
        technologies: vec![],
        metrics: vec![],
    }
}
