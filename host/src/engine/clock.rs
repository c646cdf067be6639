//! The clock that lets guests be interrupted: it advances the epoch of every engine at a fixed period on a thread of its own.
//!
//! It never keeps an engine alive, and it ends with its owner.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use wasmtime::EngineWeak;

/// How often a running guest looks up. Deadlines are met to about this precision.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Ticks until dropped.
pub(crate) struct Clock {
    /// Closing it ends the thread.
    _stop: Sender<()>,
}

impl Clock {
    /// Starts to tick for these engines.
    pub(crate) fn start(engines: Vec<EngineWeak>) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        thread::Builder::new().name("clock".into()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                for engine in engines.iter().filter_map(EngineWeak::upgrade) {
                    engine.increment_epoch();
                }
            }
        })?;
        Ok(Self { _stop: stop })
    }
}
