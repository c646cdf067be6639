//! Folds the events of a turn into the answer document.

use serde_json::{Map, Value, json};

use crate::contract::{
    Stage, Strategy, listen,
    respond::{self, Card},
};

/// What a turn has come to so far.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// What was asked; empty when nobody spoke.
    pub(super) transcription: String,
    /// BCP 47 tag of the question.
    pub(super) language: Option<String>,
    transcription_confidence: Option<f32>,
    /// What the first half took; none for a written question.
    pub(super) hearing: Option<listen::Report>,
    /// The intent.
    pub(super) intent: Option<respond::Classification>,
    /// The cards, best first.
    pub(super) cards: Vec<Card>,
    content_filter: Option<String>,
    /// The answer.
    pub(super) response: String,
    /// The answer's audio, mono.
    pub(super) samples: Vec<i16>,
    /// Its sample rate; none as long as there is no audio.
    pub(super) sample_rate_hz: Option<u32>,
    degraded: Vec<String>,
    mentioned: Option<Vec<String>>,
    answering: Option<respond::Report>,
}

impl Summary {
    /// Takes an event of the first half.
    pub(super) fn heard(&mut self, event: &listen::Event) {
        match event {
            listen::Event::Transcript(found) => {
                self.transcription.clone_from(&found.text);
                self.language = Some(found.language.clone());
                self.transcription_confidence = Some(found.confidence);
            }
            listen::Event::Degraded(found) => self.degrade(&found.stage),
            listen::Event::Done(report) => self.hearing = Some(report.clone()),
            listen::Event::SpeechStarted(_)
            | listen::Event::SpeechStopped(_)
            | listen::Event::Partial(_) => {}
        }
    }

    /// Takes an event of the second half; says whether it was the last. Audio past `max_samples` is cut off, and so is audio of
    /// another sample rate, which a wav file cannot hold.
    pub(super) fn answered(&mut self, event: &respond::Event, max_samples: usize) -> bool {
        match event {
            respond::Event::Intent(found) => self.intent = Some(found.clone()),
            respond::Event::Items(items) => {
                self.cards.clone_from(&items.cards);
                self.content_filter.clone_from(&items.content_filter);
            }
            respond::Event::Token(text) => self.response.push_str(text),
            respond::Event::Sentence(_) => {}
            respond::Event::Audio(audio) => {
                let rate = *self.sample_rate_hz.get_or_insert(audio.sample_rate_hz);
                if rate == audio.sample_rate_hz
                    && self.samples.len() + audio.samples.len() <= max_samples
                {
                    self.samples.extend_from_slice(&audio.samples);
                } else {
                    self.degrade("tts");
                }
            }
            respond::Event::Degraded(found) => self.degrade(&found.stage),
            respond::Event::Mentioned(ids) => self.mentioned = Some(ids.clone()),
            respond::Event::Done(report) => {
                self.answering = Some(report.clone());
                self.response = self.response.trim().to_owned();
                return true;
            }
        }
        false
    }

    /// Notes that a stage fell back.
    pub(super) fn degrade(&mut self, stage: &str) {
        if !self.degraded.iter().any(|known| known == stage) {
            self.degraded.push(stage.to_owned());
        }
    }

    /// The type that the cards have in common; without cards, the type that was asked for.
    pub(super) fn item_type(&self) -> Option<String> {
        match self.cards.split_first() {
            None => self
                .intent
                .as_ref()
                .and_then(|found| found.item_type.clone()),
            Some((first, rest)) => {
                let is_common = rest.iter().all(|card| card.type_name == first.type_name);
                is_common.then(|| first.type_name.clone())
            }
        }
    }

    /// The answer document.
    pub(super) fn document(
        &self,
        session_id: &str,
        audio_file: Option<String>,
        stages: &[Stage],
        strategy: Strategy,
        total_ms: u64,
    ) -> Value {
        let hearing = self.hearing.as_ref();
        let answering = self.answering.as_ref();
        let stages: Map<String, Value> = stages
            .iter()
            .map(|stage| {
                (
                    stage.stage.clone(),
                    format!("{}@{}", stage.name, stage.version).into(),
                )
            })
            .collect();
        json!({
            "status": "success",
            "session_id": session_id,
            "transcription": self.transcription,
            "language": self.language,
            "response": self.response,
            "items": self.cards.iter().map(card).collect::<Vec<_>>(),
            "item_type": self.item_type(),
            "metadata": {
                "intelligent_selection": !self.cards.is_empty(),
                "cards_shown": self.cards.len(),
                "cards_mentioned": self.mentioned,
                "query_intent": self.intent.as_ref().map(|found| &found.intent),
                "content_filter": self.content_filter,
                "confidence_score": self.intent.as_ref().map(|found| found.confidence),
                "transcription_confidence": self.transcription_confidence,
            },
            "audio_file": audio_file,
            "strategy": strategy.name(),
            "degraded": self.degraded,
            "stages": stages,
            "timing": {
                "ingest_ms": hearing.map(|report| report.ingest_ms),
                "vad_ms": hearing.map(|report| report.vad_ms),
                "asr_ms": hearing.map(|report| report.asr_ms),
                "intent_ms": answering.map(|report| report.intent_ms),
                "llm_ms": answering.map(|report| report.llm_ms),
                "llm_first_token_ms": answering.and_then(|report| report.llm_first_token_ms),
                "tts_ms": answering.map(|report| report.tts_ms),
                "first_audio_ms": answering.and_then(|report| report.first_audio_ms),
                "total_ms": total_ms,
            },
        })
    }
}

/// A card as clients see it.
pub(crate) fn card(card: &Card) -> Value {
    json!({
        "id": card.id,
        "title": card.title,
        "type": card.type_name,
        "summary": card.summary,
        "details": card.details,
        "organisation": card.organisation,
        "start_year": card.start_year,
        "end_year": card.end_year,
        "technologies": card.technologies,
        "keywords": card.keywords,
        "metrics": card.metrics.iter().map(metric).collect::<Vec<_>>(),
        "url": card.url,
        "score": score(&card.score),
    })
}

/// A figure as clients see it.
pub(crate) fn metric(metric: &crate::contract::Metric) -> Value {
    json!({ "label": metric.label, "value": metric.value })
}

/// A score as clients see it: the four parts and why.
pub(crate) fn score(score: &crate::contract::Score) -> Value {
    json!({
        "total": score.total,
        "keyword": score.keyword,
        "technology": score.technology,
        "recency": score.recency,
        "impact": score.impact,
        "reasons": score.reasons,
    })
}
