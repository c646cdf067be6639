//! What an utterance tells: its last events to the caller, and what happened to whoever listens.

use std::mem;

use super::{Spoken, Stages, Utterance, said};
use crate::{
    contract::{
        asr,
        events::{self, AudioProcessed, StageDegraded, TranscriptReady},
        listen::{Degradation, Event, Report, Transcript},
    },
    ports::millis,
};

impl<S: Stages> Utterance<S> {
    /// How much audio there was, once all of it was looked through.
    pub(super) fn tell_processed(&self, spoken: Spoken) {
        self.stages
            .publish(events::Event::AudioProcessed(AudioProcessed {
                turn: self.turn(),
                duration_ms: spoken.duration_ms,
                speech_ms: spoken.speech_ms,
                took_ms: millis(self.spent.ingest + self.spent.vad),
            }));
    }

    /// A stage that did not do its best.
    pub(super) fn degrade(&mut self, stage: &str, reason: String) {
        self.stages
            .publish(events::Event::StageDegraded(StageDegraded {
                turn: self.turn(),
                stage: stage.to_owned(),
                reason: reason.clone(),
            }));
        self.queue.push_back(Event::Degraded(Degradation {
            stage: stage.to_owned(),
            reason,
        }));
    }

    /// Queues the transcript and the end.
    pub(super) fn conclude(&mut self, segments: &[asr::Segment], spoken: Spoken) {
        let text = said::text(segments);
        let (language, confidence) = if text.is_empty() {
            ("und".to_owned(), 0.0)
        } else {
            (said::language(segments), said::confidence(segments))
        };
        self.stages
            .publish(events::Event::TranscriptReady(TranscriptReady {
                turn: self.turn(),
                language: language.clone(),
                confidence,
                n_characters: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
            }));
        self.queue.push_back(Event::Transcript(Transcript {
            text,
            language,
            confidence,
            duration_ms: spoken.duration_ms,
            speech_ms: spoken.speech_ms,
            segments: said::segments(segments),
        }));
        self.queue.push_back(Event::Done(Report {
            ingest_ms: millis(self.spent.ingest),
            vad_ms: millis(self.spent.vad),
            asr_ms: millis(self.spent.asr),
            format: mem::take(&mut self.format),
        }));
    }

    fn turn(&self) -> events::Turn {
        events::Turn {
            session_id: self.options.session_id.clone(),
            request_id: self.options.request_id.clone(),
        }
    }
}
