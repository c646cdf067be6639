//! When to wait, in a component.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long others may have to wait for us. The wait itself costs the host some 50 microseconds.
const WORK: Duration = Duration::from_millis(20);

/// Any wait will do: it is the coming back that counts.
const WAIT: Duration = Duration::from_micros(1);

thread_local! {
    /// When the work began that no breath has interrupted yet.
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

pub(crate) fn breathe() {
    let now = Instant::now();
    SINCE.with(|since| {
        // The first call of an instance only starts the clock: what was before it is not known.
        let began = since.get().unwrap_or(now);
        if now.duration_since(began) < WORK {
            since.set(Some(began));
            return;
        }
        std::thread::sleep(WAIT);
        since.set(Some(Instant::now()));
    });
}
