//! Cleaning up after turns: a subscriber of the bus, which has the gateway do it.
//!
//! What was kept, and what has ended, is swept soon after it is told of, and now and then where nobody comes; so no turn waits for it. A turn
//! whose instance was stopped, because its client left or its time was over, could not let go of its session: that is done for it.
//!
//! Invariant: nothing depends on an event that is lost. What is not swept after one is swept by the clock, and what is not released becomes
//! free when the turn's lease ends.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::handler::Handler;
use super::problem::Problem;
use super::request_id::RequestId;
use super::upkeep::{self, Failure, Swept};
use crate::events::{Event, Subscription};

/// From one sweep to the next at least.
const PAUSE: Duration = Duration::from_secs(1);

/// The same after one that failed.
const LONG_PAUSE: Duration = Duration::from_secs(60);

/// How often the gateway is asked to release a session when the host has no room for one more request.
const ATTEMPTS: usize = 10;

/// Turns that are remembered, and most stopped requests that wait.
const MOST: usize = 1024;

/// A request whose instance did not get to its end.
pub(crate) struct Stopped {
    request_id: String,
    head: HeaderMap,
}

/// Tells of a request when it is dropped, unless it was finished before.
pub(super) struct Finishing {
    stopped: Option<Stopped>,
    to: mpsc::Sender<Stopped>,
}

impl Finishing {
    /// For a request with these headers.
    pub(super) fn new(head: &HeaderMap, to: &mpsc::Sender<Stopped>) -> Self {
        let stopped = Stopped {
            request_id: RequestId::of(head).to_string(),
            head: head.clone(),
        };
        Self {
            stopped: Some(stopped),
            to: to.clone(),
        }
    }

    /// It came to its end.
    pub(super) fn is_finished(&mut self) {
        self.stopped = None;
    }
}

impl Drop for Finishing {
    fn drop(&mut self) {
        if let Some(stopped) = self.stopped.take() {
            // One too many has to wait for its lease.
            let _full = self.to.try_send(stopped);
        }
    }
}

/// The subscriber.
pub(crate) struct Cleanup {
    events: Subscription,
    stopped: mpsc::Receiver<Stopped>,
    every: Option<Duration>,
}

impl Cleanup {
    /// One that hears of these events, and of requests that were stopped by what is given back with it. A sweep is asked for every so often
    /// when nothing happens, or never.
    pub(crate) fn new(
        events: Subscription,
        every: Option<Duration>,
    ) -> (Self, mpsc::Sender<Stopped>) {
        let (to, stopped) = mpsc::channel(MOST);
        let cleanup = Self {
            events,
            stopped,
            every,
        };
        (cleanup, to)
    }

    /// Cleans up until the bus is closed.
    pub(super) async fn run(mut self, handler: Arc<Handler>) {
        let mut turns = Turns::default();
        let mut earliest = Instant::now();
        let mut next = self.every.map(|every| earliest + every);
        loop {
            tokio::select! {
                // A turn has told of its beginning before it is stopped.
                biased;
                happened = self.events.next() => {
                    let Some(happened) = happened else { return };
                    turns.follow(&happened.event);
                    if leaves_something(&happened.event) {
                        next = Some(next.map_or(earliest, |next| next.min(earliest)));
                    }
                }
                Some(stopped) = self.stopped.recv() => {
                    if let Some(session_id) = turns.session_of(&stopped.request_id) {
                        release(&handler, &session_id, &stopped).await;
                    }
                }
                () = until(next) => {
                    let swept = upkeep::sweep(&handler.component, &handler.metrics).await;
                    let now = Instant::now();
                    earliest = now + PAUSE;
                    next = self.every.map(|every| now + every);
                    match swept {
                        Ok(Swept::All) => {}
                        Ok(Swept::Some) | Err(Failure::NoAnswer(Problem::Overloaded(_))) => next = Some(earliest),
                        Err(failure) => {
                            tracing::warn!("what has ended is not removed: {failure}");
                            earliest = now + LONG_PAUSE;
                        }
                    }
                }
            }
        }
    }
}

async fn release(handler: &Handler, session_id: &str, stopped: &Stopped) {
    let Stopped { request_id, head } = stopped;
    let (component, metrics) = (&handler.component, &handler.metrics);
    for _ in 0..ATTEMPTS {
        match upkeep::release(component, metrics, session_id, request_id, head.clone()).await {
            Ok(()) => return,
            Err(Failure::NoAnswer(Problem::Overloaded(_))) => sleep(PAUSE).await,
            Err(failure) => {
                // No id of a session: whoever has one has the session.
                return tracing::warn!(request_id, "a session is not released: {failure}");
            }
        }
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Whether there may be something to sweep after an event, now or before long.
fn leaves_something(event: &Event) -> bool {
    matches!(
        event,
        Event::ResponseGenerated(_) | Event::AudioStored(_) | Event::SessionEnded(_)
    )
}

/// The latest turns, in order: request and session. Which of them are over is not known: their sessions are saved after their last event.
#[derive(Default)]
struct Turns(VecDeque<(String, String)>);

impl Turns {
    fn follow(&mut self, event: &Event) {
        let Event::TurnStarted(turn) = event else {
            return;
        };
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        let (request_id, session_id) = (turn.request_id.clone(), turn.session_id.clone());
        self.0.push_back((request_id, session_id));
    }

    /// The session of the turn that answered that request; of the latest, should clients give several requests one id.
    fn session_of(&self, request_id: &str) -> Option<String> {
        let mut latest_first = self.0.iter().rev();
        let (_, session_id) = latest_first.find(|(id, _)| id == request_id)?;
        Some(session_id.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::colloquy::events::events::Turn;

    fn started(n: usize) -> Event {
        Event::TurnStarted(Turn {
            session_id: format!("session-{n}"),
            request_id: format!("request-{}", n % MOST),
        })
    }

    #[test]
    fn the_latest_turns_are_remembered() {
        let mut turns = Turns::default();
        turns.follow(&started(1));
        let session_of = |turns: &Turns, id| turns.session_of(id);
        assert_eq!(session_of(&turns, "request-1").unwrap(), "session-1");
        assert_eq!(session_of(&turns, "request-2"), None);
        turns.follow(&started(MOST + 1));
        let second = format!("session-{}", MOST + 1);
        assert_eq!(session_of(&turns, "request-1").unwrap(), second);
        for n in 2..=MOST {
            turns.follow(&started(n));
        }
        assert_eq!(turns.0.len(), MOST);
        assert_eq!(session_of(&turns, "request-1").unwrap(), second);
        turns.follow(&started(2));
        assert_eq!(session_of(&turns, "request-1"), None);
    }

    #[test]
    fn a_request_is_told_of_when_it_was_stopped_and_not_when_it_was_finished() {
        let (to, mut stopped) = mpsc::channel(1);
        let mut head = HeaderMap::new();
        head.insert("x-request-id", "request-1".parse().unwrap());
        let mut finishing = Finishing::new(&head, &to);
        finishing.is_finished();
        drop(finishing);
        assert!(stopped.try_recv().is_err());
        drop(Finishing::new(&head, &to));
        let told = stopped.try_recv().unwrap();
        assert_eq!((&*told.request_id, told.head), ("request-1", head));
    }
}
