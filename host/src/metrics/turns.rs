//! What turns and sessions come to, told by events: times, confidences, cards, audio kept and removed.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;
use super::registering::{Bounds, CALL, CONFIDENCE, Known, PATIENCE, SESSION, plain, timed};
use crate::events::{Event, Removal};

/// Types of items that become labels; the content base has a handful.
const MAX_TYPES: usize = 32;
/// Longest type that does.
const MAX_TYPE: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfType {
    item_type: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Removed {
    reason: &'static str,
    served: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Swept {
    complete: &'static str,
}

pub(super) struct Turns {
    audio_processing: Histogram,
    confidence: Histogram,
    cards: Family<OfType, Counter>,
    types: Known,
    sessions: Histogram,
    first_audio: Histogram,
    audio: Histogram,
    stored: Counter,
    stored_bytes: Counter,
    removed: Family<Removed, Counter>,
    removed_bytes: Family<Removed, Counter>,
    sweeps: Family<Swept, Counter>,
    swept_sessions: Counter,
    swept_audio: Counter,
    sweep: Histogram,
}

impl Turns {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let histogram = |bounds: Bounds| Histogram::new(bounds.0.iter().copied());
        let r = registry;
        let audio_processing = timed(
            r,
            "audio_processing",
            "Time to decode an upload and to find the speech in it",
            histogram(CALL),
        );
        let confidence = plain(
            r,
            "transcription_confidence",
            "How sure a transcript is, 0 to 1",
            histogram(CONFIDENCE),
        );
        let cards = plain(
            r,
            "content_cards_shown",
            "Cards shown with answers, by what the cards of an answer have in common",
            Family::default(),
        );
        let sessions = timed(
            r,
            "session_duration",
            "Time from the beginning of a session to its end",
            histogram(SESSION),
        );
        let r = r.sub_registry_with_prefix("colloquy");
        // Zero is a figure, too: a counter that begins with its first event hides that event from whoever looks at changes.
        let removed: Family<Removed, Counter> = Family::default();
        let removed_bytes: Family<Removed, Counter> = Family::default();
        for reason in [Removal::Expired, Removal::SessionEnded, Removal::Evicted] {
            for served in [false, true] {
                let of = Removed {
                    reason: reason.name(),
                    served: truth(served),
                };
                drop(removed.get_or_create(&of));
                drop(removed_bytes.get_or_create(&of));
            }
        }
        let sweeps: Family<Swept, Counter> = Family::default();
        for complete in ["true", "false"] {
            drop(sweeps.get_or_create(&Swept { complete }));
        }
        r.register_with_unit(
            "audio_removed",
            "Bytes of answers' audio that are gone, by reason, and by whether anybody had fetched it",
            Unit::Bytes,
            Family::clone(&removed_bytes),
        );
        let stored_bytes = Counter::default();
        r.register_with_unit(
            "audio_stored",
            "Bytes of answers' audio stored",
            Unit::Bytes,
            stored_bytes.clone(),
        );
        Self {
            audio_processing,
            confidence,
            cards,
            types: Known::default(),
            sessions,
            first_audio: timed(
                r,
                "first_audio",
                "Time from the text of a question to the first sound of its answer",
                histogram(PATIENCE),
            ),
            audio: timed(
                r,
                "audio_received",
                "Length of the audio that was heard",
                histogram(CALL),
            ),
            stored: plain(
                r,
                "audio_stored_items",
                "Answers' audio stored",
                Counter::default(),
            ),
            stored_bytes,
            removed: plain(
                r,
                "audio_removed_items",
                "Answers' audio that is gone, by reason, and by whether anybody had fetched it",
                removed,
            ),
            removed_bytes,
            sweeps: plain(
                r,
                "sweeps",
                "Times that the gateway looked for what had ended",
                sweeps,
            ),
            swept_sessions: plain(
                r,
                "swept_sessions",
                "Sessions that a sweep ended",
                Counter::default(),
            ),
            swept_audio: plain(
                r,
                "swept_audio_items",
                "Answers' audio that a sweep removed",
                Counter::default(),
            ),
            sweep: timed(r, "sweep_duration", "Time of one sweep", histogram(CALL)),
        }
    }
}

impl Metrics {
    /// What an event says beside that it happened.
    pub(crate) fn told(&self, event: &Event) {
        let turns = &self.inner.turns;
        let seconds = |ms: u32| Duration::from_millis(ms.into()).as_secs_f64();
        match event {
            Event::AudioProcessed(audio) => {
                turns.audio_processing.observe(seconds(audio.took_ms));
                turns.audio.observe(seconds(audio.duration_ms));
            }
            // Where nobody spoke there is nothing to be sure of.
            Event::TranscriptReady(transcript) if transcript.n_characters > 0 => {
                turns.confidence.observe(transcript.confidence.into());
            }
            Event::ResponseGenerated(response) => {
                if let Some(ms) = response.first_audio_ms {
                    turns.first_audio.observe(seconds(ms));
                }
                if response.n_items > 0 {
                    let shown = turns
                        .cards
                        .get_or_create_owned(&turns.of_type(response.item_type.as_deref()));
                    shown.inc_by(response.n_items.into());
                }
            }
            Event::SessionEnded(session) => {
                let lasted = Duration::from_millis(session.duration_ms);
                turns.sessions.observe(lasted.as_secs_f64());
            }
            Event::AudioStored(audio) => {
                turns.stored.inc();
                turns.stored_bytes.inc_by(audio.n_bytes);
            }
            Event::AudioRemoved(audio) => {
                let removed = Removed {
                    reason: Removal::name(audio.reason),
                    served: truth(audio.was_served),
                };
                turns.removed.get_or_create(&removed).inc();
                let bytes = turns.removed_bytes.get_or_create(&removed);
                bytes.inc_by(audio.n_bytes);
            }
            Event::Swept(swept) => {
                let complete = truth(swept.is_complete);
                turns.sweeps.get_or_create(&Swept { complete }).inc();
                turns.swept_sessions.inc_by(swept.n_sessions.into());
                turns.swept_audio.inc_by(swept.n_audio.into());
                turns.sweep.observe(seconds(swept.took_ms));
            }
            Event::BreakerChanged(change) => {
                self.breaker_changed(&change.upstream, change.now.name());
            }
            Event::StageDegraded(degraded) => self.degraded(&degraded.stage),
            Event::TurnStarted(_) | Event::TranscriptReady(_) => {}
        }
    }
}

impl Turns {
    /// A label from what a component says, of which there are not too many.
    fn of_type(&self, item_type: Option<&str>) -> OfType {
        let item_type = match item_type {
            None => "mixed",
            Some(name) if name.len() <= MAX_TYPE && self.types.admits(name, MAX_TYPES) => name,
            Some(_) => "other",
        };
        OfType {
            item_type: item_type.to_owned(),
        }
    }
}

fn truth(it: bool) -> &'static str {
    if it { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::colloquy::events::events;

    fn shown(metrics: &Metrics, item_type: Option<&str>, n_items: u32) {
        metrics.told(&Event::ResponseGenerated(events::ResponseGenerated {
            turn: events::Turn {
                session_id: "s".into(),
                request_id: "r".into(),
            },
            intent: "experience".into(),
            n_items,
            item_type: item_type.map(Into::into),
            first_audio_ms: Some(700),
            total_ms: 900,
        }));
    }

    #[test]
    fn cards_are_counted_by_type_and_types_are_bounded() {
        let metrics = Metrics::new();
        shown(&metrics, Some("project"), 3);
        shown(&metrics, None, 2);
        shown(&metrics, Some("project"), 1);
        for k in 0..100 {
            shown(&metrics, Some(&format!("type {k}")), 1);
        }
        let text = metrics.encode().unwrap();
        for line in [
            r#"content_cards_shown_total{item_type="project"} 4"#,
            r#"content_cards_shown_total{item_type="mixed"} 2"#,
            r#"content_cards_shown_total{item_type="other"} 69"#,
            r#"colloquy_first_audio_seconds_bucket{le="0.8"} 103"#,
            r#"colloquy_first_audio_seconds_bucket{le="0.65"} 0"#,
        ] {
            assert!(text.lines().any(|it| it == line), "{line}: {text}");
        }
    }

    #[test]
    fn silence_says_nothing_of_how_sure_transcripts_are() {
        let metrics = Metrics::new();
        for (confidence, n_characters) in [(0.9, 12), (0.0, 0)] {
            metrics.told(&Event::TranscriptReady(events::TranscriptReady {
                turn: events::Turn {
                    session_id: "s".into(),
                    request_id: "r".into(),
                },
                language: "en".into(),
                confidence,
                n_characters,
            }));
        }
        let text = metrics.encode().unwrap();
        let line = "transcription_confidence_count 1";
        assert!(text.lines().any(|it| it == line), "{text}");
    }

    #[test]
    fn audio_that_goes_is_counted_with_its_reason() {
        let metrics = Metrics::new();
        metrics.told(&Event::AudioStored(events::AudioStored {
            session_id: "s".into(),
            n_bytes: 1000,
        }));
        metrics.told(&Event::AudioRemoved(events::AudioRemoved {
            session_id: "s".into(),
            n_bytes: 1000,
            reason: events::Removal::Expired,
            was_served: true,
        }));
        metrics.told(&Event::Swept(events::Swept {
            n_sessions: 2,
            n_audio: 1,
            is_complete: false,
            took_ms: 3,
        }));
        let text = metrics.encode().unwrap();
        for line in [
            "colloquy_audio_stored_items_total 1",
            "colloquy_audio_stored_bytes_total 1000",
            r#"colloquy_audio_removed_items_total{reason="expired",served="true"} 1"#,
            r#"colloquy_audio_removed_bytes_total{reason="expired",served="true"} 1000"#,
            r#"colloquy_sweeps_total{complete="false"} 1"#,
            "colloquy_swept_sessions_total 2",
            "colloquy_swept_audio_items_total 1",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}: {text}");
        }
    }
}
