//! What a stage may tell everybody: that a server it may ask was given up, or is back.
//!
//! Turns are the pipeline's to tell. A stage that tells of one, or of a server that is not in its `outbound`, is not passed on: it is
//! counted, and logged once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::events::{Bus, Event};
use crate::outbound::Destinations;

/// A stage's way to the bus; clones are the same.
#[derive(Clone)]
pub(crate) struct Voice {
    stage: &'static str,
    upstreams: Destinations,
    bus: Bus,
    warned: Arc<AtomicBool>,
}

impl Voice {
    pub(super) fn new(stage: &'static str, upstreams: Destinations, bus: Bus) -> Self {
        Self {
            stage,
            upstreams,
            bus,
            warned: Arc::default(),
        }
    }

    /// Publishes what the stage may tell.
    pub(crate) fn publish(&self, event: Event) {
        let what = event.kind();
        if let Event::BreakerChanged(mut change) = event
            && let Some(upstream) = self.upstreams.named(&change.upstream)
        {
            change.upstream = upstream.to_string();
            self.bus.publish(Event::BreakerChanged(change));
            return;
        }
        self.bus.refuse(self.stage);
        if !self.warned.swap(true, Ordering::Relaxed) {
            let stage = self.stage;
            tracing::warn!(
                stage,
                event = what,
                "a stage told what it may not, here and perhaps later"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::colloquy::events::events::{BreakerChanged, BreakerState, Turn};
    use crate::metrics::Metrics;
    use crate::outbound::Origin;

    fn changed(upstream: &str) -> Event {
        Event::BreakerChanged(BreakerChanged {
            upstream: upstream.into(),
            before: BreakerState::Closed,
            now: BreakerState::Open,
            n_failures: 5,
        })
    }

    #[tokio::test]
    async fn only_breakers_of_its_own_servers() {
        let metrics = Metrics::new();
        let bus = Bus::new(&metrics);
        let mut all = bus.subscribe("test");
        let origin = Origin::parse("https://api.example.com").unwrap();
        let upstreams = std::iter::once((origin, None)).collect();
        let voice = Voice::new("llm", upstreams, bus.clone());
        voice.publish(Event::TurnStarted(Turn {
            session_id: "s".into(),
            request_id: "r".into(),
        }));
        voice.publish(changed("https://elsewhere.example.com"));
        voice.publish(changed("nonsense"));
        voice.publish(changed("https://API.example.com:443"));
        bus.close();
        let told = all.next().await.unwrap();
        let Event::BreakerChanged(change) = &told.event else {
            panic!("{:?}", told.event)
        };
        assert_eq!(change.upstream, "https://api.example.com");
        assert!(all.next().await.is_none());
        let text = metrics.encode().unwrap();
        let counted = r#"colloquy_events_refused_total{stage="llm"} 3"#;
        assert!(text.contains(counted), "{text}");
    }
}
