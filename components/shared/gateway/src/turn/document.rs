//! Folds the events of a turn into the answer document.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Card;
use crate::contract::{Stage, Strategy, listen, respond};

/// What a turn has come to so far.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// What was asked; empty when nobody spoke.
    pub(super) transcription: String,
    /// BCP 47 tag of the question, `und` when nobody knows.
    pub(super) language: Option<String>,
    transcription_confidence: Option<f32>,
    /// What the first half took; none for a written question.
    pub(super) hearing: Option<listen::Report>,
    /// The intent.
    pub(super) intent: Option<respond::Classification>,
    /// The cards, best first.
    pub(super) cards: Vec<respond::Card>,
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
        json!(TurnAnswer {
            status: "success",
            session_id: session_id.to_owned(),
            transcription: self.transcription.clone(),
            language: self.language.clone(),
            response: self.response.clone(),
            items: self.cards.iter().cloned().map(Card::from).collect(),
            item_type: self.item_type(),
            metadata: TurnMetadata {
                intelligent_selection: !self.cards.is_empty(),
                cards_shown: self.cards.len(),
                cards_mentioned: self.mentioned.clone(),
                query_intent: self.intent.as_ref().map(|found| found.intent.clone()),
                content_filter: self.content_filter.clone(),
                confidence_score: self.intent.as_ref().map(|found| found.confidence),
                transcription_confidence: self.transcription_confidence,
            },
            audio_file,
            strategy,
            degraded: self.degraded.clone(),
            stages: stages
                .iter()
                .map(|stage| {
                    let who = format!("{}@{}", stage.name, stage.version);
                    (stage.stage.clone(), who)
                })
                .collect(),
            timing: Timing {
                ingest_ms: hearing.map(|report| report.ingest_ms),
                vad_ms: hearing.map(|report| report.vad_ms),
                asr_ms: hearing.map(|report| report.asr_ms),
                intent_ms: answering.map(|report| report.intent_ms),
                llm_ms: answering.map(|report| report.llm_ms),
                llm_first_token_ms: answering.and_then(|report| report.llm_first_token_ms),
                tts_ms: answering.map(|report| report.tts_ms),
                first_audio_ms: answering.and_then(|report| report.first_audio_ms),
                total_ms,
            },
        })
    }
}

/// The answer of a turn.
#[derive(Serialize, ToSchema)]
pub(crate) struct TurnAnswer {
    /// Always `success`: anything else is a problem.
    status: &'static str,
    session_id: String,
    /// The question; empty when nobody spoke.
    transcription: String,
    /// BCP 47 tag of the question, as heard or as the request says; `und` when nobody knows.
    language: Option<String>,
    /// The answer.
    response: String,
    /// The cards, best first.
    items: Vec<Card>,
    /// Their type, if they have one in common.
    item_type: Option<String>,
    metadata: TurnMetadata,
    /// Id of the answer's audio, for `/audio/{id}`; null for text only.
    audio_file: Option<String>,
    strategy: Strategy,
    /// The stages that fell back.
    degraded: Vec<String>,
    /// What answered: a stage, and `<name>@<version>`.
    #[schema(value_type = BTreeMap<String, String>, example = json!({ "asr": "asr-whisper@0.1.0" }))]
    stages: BTreeMap<String, String>,
    timing: Timing,
}

/// How the answer was found.
#[derive(Serialize, ToSchema)]
struct TurnMetadata {
    intelligent_selection: bool,
    #[schema(value_type = u32)]
    cards_shown: usize,
    /// Ids of the cards that the answer talks about, in that order; null when that is not known.
    cards_mentioned: Option<Vec<String>>,
    query_intent: Option<String>,
    /// The restriction that was applied, in words for a person.
    content_filter: Option<String>,
    /// Of the intent, 0 to 1.
    confidence_score: Option<f32>,
    /// 0 to 1; null for a written question.
    transcription_confidence: Option<f32>,
}

/// Milliseconds; null for what did not happen.
#[derive(Serialize, ToSchema)]
struct Timing {
    ingest_ms: Option<u32>,
    vad_ms: Option<u32>,
    asr_ms: Option<u32>,
    intent_ms: Option<u32>,
    llm_ms: Option<u32>,
    llm_first_token_ms: Option<u32>,
    tts_ms: Option<u32>,
    /// From the start of the answering half to the first sound.
    first_audio_ms: Option<u32>,
    total_ms: u64,
}
