//! The bus: what happened goes to whoever listens.
//!
//! Publishing never waits: every subscriber has a queue of its own, and one that falls behind, or is not there for a while, loses the
//! oldest events, which are counted. Metrics listen, whoever cleans up after turns (`edge/cleanup.rs`), and a NATS server when one is
//! configured. Nothing depends on an event that is lost.

mod json;
pub(crate) mod nats;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use tokio::sync::Notify;

use crate::bindings::colloquy::events::events;
use crate::metrics::Metrics;

/// Events that wait for one subscriber.
const CAPACITY: usize = 1024;

pub(crate) use events::{BreakerState, Event, Removal};

/// An event and when it was told.
#[derive(Debug)]
pub(crate) struct Happened {
    pub(crate) at: SystemTime,
    pub(crate) event: Event,
}

/// Where events are published; clones are the same bus.
#[derive(Clone)]
pub(crate) struct Bus {
    subscribers: Arc<RwLock<Vec<Arc<Subscriber>>>>,
    metrics: Metrics,
}

/// One who listens, seen from the bus.
struct Subscriber {
    name: &'static str,
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arc<Happened>>,
    closed: bool,
}

/// One who listens, seen from there.
pub(crate) struct Subscription(Arc<Subscriber>);

impl Bus {
    /// A bus without subscribers.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            subscribers: Arc::default(),
            metrics: metrics.clone(),
        }
    }

    /// Hands an event to all subscribers. Returns at once, on any thread.
    pub(crate) fn publish(&self, event: Event) {
        tracing::debug!(event = event.kind(), "event");
        let happened = Arc::new(Happened {
            at: SystemTime::now(),
            event,
        });
        let subscribers = self.subscribers.read();
        for subscriber in &*subscribers.unwrap_or_else(PoisonError::into_inner) {
            if !subscriber.push(&happened) {
                self.metrics.event_dropped(subscriber.name);
            }
        }
    }

    /// An event was not published, because whoever told it may not.
    pub(crate) fn refuse(&self, teller: &'static str) {
        self.metrics.event_refused(teller);
    }

    /// All events from now on; `name` is the subscriber's in the metrics.
    pub(crate) fn subscribe(&self, name: &'static str) -> Subscription {
        self.metrics.subscribed(name);
        let subscriber = Arc::new(Subscriber {
            name,
            queue: Mutex::default(),
            changed: Notify::new(),
        });
        let mut subscribers = self
            .subscribers
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        subscribers.push(Arc::clone(&subscriber));
        Subscription(subscriber)
    }

    /// Nothing more comes: subscribers get what they have not seen yet, and then the end.
    pub(crate) fn close(&self) {
        let subscribers = self.subscribers.read();
        for subscriber in &*subscribers.unwrap_or_else(PoisonError::into_inner) {
            subscriber.queue().closed = true;
            subscriber.changed.notify_one();
        }
    }
}

impl Subscriber {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there was room; if not, the oldest event is lost.
    fn push(&self, happened: &Arc<Happened>) -> bool {
        let mut queue = self.queue();
        if queue.closed {
            return true;
        }
        let full = queue.waiting.len() >= CAPACITY;
        if full {
            queue.waiting.pop_front();
        }
        queue.waiting.push_back(Arc::clone(happened));
        drop(queue);
        self.changed.notify_one();
        !full
    }
}

impl Subscription {
    /// The next event; none when the bus is closed and all was seen.
    pub(crate) async fn next(&mut self) -> Option<Arc<Happened>> {
        loop {
            {
                let mut queue = self.0.queue();
                if let Some(happened) = queue.waiting.pop_front() {
                    return Some(happened);
                }
                if queue.closed {
                    return None;
                }
            }
            // A change since then has left a permit.
            self.0.changed.notified().await;
        }
    }

    /// Waits until the bus is closed, whatever else waits.
    pub(crate) async fn closed(&mut self) {
        while !self.0.queue().closed {
            self.0.changed.notified().await;
        }
    }
}

impl Event {
    /// The name of an event in the contract.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::TurnStarted(_) => "turn-started",
            Self::AudioProcessed(_) => "audio-processed",
            Self::TranscriptReady(_) => "transcript-ready",
            Self::ResponseGenerated(_) => "response-generated",
            Self::StageDegraded(_) => "stage-degraded",
            Self::SessionEnded(_) => "session-ended",
            Self::BreakerChanged(_) => "breaker-changed",
            Self::AudioStored(_) => "audio-stored",
            Self::AudioRemoved(_) => "audio-removed",
            Self::Swept(_) => "swept",
        }
    }
}

impl Removal {
    /// The name of a reason in the contract.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::SessionEnded => "session-ended",
            Self::Evicted => "evicted",
        }
    }
}

impl BreakerState {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    /// The name of a state in the contract.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// Counts events until the bus is closed.
pub(crate) async fn count(mut events: Subscription, metrics: Metrics) {
    while let Some(happened) = events.next().await {
        metrics.event(happened.event.kind());
        metrics.told(&happened.event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(n: usize) -> Event {
        Event::TurnStarted(events::Turn {
            session_id: "s".into(),
            request_id: n.to_string(),
        })
    }

    fn number(happened: &Happened) -> &str {
        match &happened.event {
            Event::TurnStarted(turn) => &turn.request_id,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_slow_subscriber_loses_the_oldest_and_they_are_counted() {
        let metrics = Metrics::new();
        let bus = Bus::new(&metrics);
        let (mut slow, mut quick) = (bus.subscribe("slow"), bus.subscribe("quick"));
        for n in 0..CAPACITY + 3 {
            bus.publish(started(n));
            assert_eq!(number(&quick.next().await.unwrap()), n.to_string());
        }
        assert_eq!(number(&slow.next().await.unwrap()), "3");
        let text = metrics.encode().unwrap();
        let dropped = r#"colloquy_events_dropped_total{subscriber="slow"} 3"#;
        let none = r#"colloquy_events_dropped_total{subscriber="quick"} 0"#;
        assert!(text.contains(dropped) && text.contains(none), "{text}");
    }

    #[tokio::test]
    async fn what_waits_is_seen_before_the_end() {
        let bus = Bus::new(&Metrics::new());
        let mut events = bus.subscribe("test");
        let waiting = tokio::spawn(async move {
            let mut seen = Vec::new();
            while let Some(happened) = events.next().await {
                seen.push(number(&happened).to_owned());
            }
            events.closed().await;
            seen
        });
        // From a thread that has no runtime, as stages have.
        let publisher = bus.clone();
        let thread = std::thread::spawn(move || {
            publisher.publish(started(1));
            publisher.publish(started(2));
            publisher.close();
            publisher.publish(started(3));
        });
        thread.join().unwrap();
        assert_eq!(waiting.await.unwrap(), ["1", "2"]);
    }

    #[tokio::test]
    async fn what_happened_is_counted() {
        let metrics = Metrics::new();
        let bus = Bus::new(&metrics);
        let events = bus.subscribe("metrics");
        let turn = || events::Turn {
            session_id: "s".into(),
            request_id: "r".into(),
        };
        for stage in ["tts", "a stage that nobody knows"] {
            bus.publish(Event::StageDegraded(events::StageDegraded {
                turn: turn(),
                stage: stage.into(),
                reason: "it is down".into(),
            }));
        }
        bus.publish(Event::BreakerChanged(events::BreakerChanged {
            upstream: "https://a".into(),
            before: BreakerState::Open,
            now: BreakerState::HalfOpen,
            n_failures: 5,
        }));
        bus.close();
        count(events, metrics.clone()).await;
        let text = metrics.encode().unwrap();
        for line in [
            r#"colloquy_events_total{event="breaker-changed"} 1"#,
            r#"colloquy_breaker_changes_total{upstream="https://a",to="half-open"} 1"#,
            r#"colloquy_stage_degraded_total{stage="tts"} 1"#,
            r#"colloquy_stage_degraded_total{stage="other"} 1"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
