//! The in-process bus: what happened goes to whoever listens.
//!
//! Bounded: publishing never waits, and a subscriber that falls behind misses the oldest events and is told how many.

use tokio::sync::broadcast;

use crate::bindings::colloquy::events::events;
use crate::metrics::Metrics;

/// Events kept for a slow subscriber.
const CAPACITY: usize = 1024;

pub(crate) use events::Event;

/// Where events are published.
#[derive(Clone)]
pub(crate) struct Bus {
    sender: broadcast::Sender<Event>,
}

impl Bus {
    /// A bus without subscribers.
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::channel(CAPACITY).0,
        }
    }

    /// Hands an event to all subscribers. Returns at once.
    pub(crate) fn publish(&self, event: Event) {
        tracing::debug!(event = kind(&event), "event");
        let _nobody_listens = self.sender.send(event);
    }

    /// All events from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}

/// Counts events until the bus is gone.
pub(crate) async fn count(mut events: broadcast::Receiver<Event>, metrics: Metrics) {
    loop {
        match events.recv().await {
            Ok(event) => metrics.event(kind(&event)),
            Err(broadcast::error::RecvError::Lagged(n)) => metrics.events_missed(n),
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// The name of an event in the contract.
fn kind(event: &Event) -> &'static str {
    match event {
        Event::TurnStarted(_) => "turn-started",
        Event::AudioProcessed(_) => "audio-processed",
        Event::TranscriptReady(_) => "transcript-ready",
        Event::ResponseGenerated(_) => "response-generated",
        Event::StageDegraded(_) => "stage-degraded",
        Event::SessionEnded(_) => "session-ended",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(n: u32) -> Event {
        Event::TurnStarted(events::Turn {
            session_id: "s".into(),
            request_id: n.to_string(),
        })
    }

    #[tokio::test]
    async fn a_slow_subscriber_loses_the_oldest_and_knows() {
        let bus = Bus::new();
        let mut slow = bus.subscribe();
        for n in 0..CAPACITY as u32 + 3 {
            bus.publish(started(n));
        }
        assert!(matches!(
            slow.recv().await,
            Err(broadcast::error::RecvError::Lagged(3))
        ));
        let Ok(Event::TurnStarted(turn)) = slow.recv().await else {
            panic!("an event is missing")
        };
        assert_eq!(turn.request_id, "3");
    }
}
