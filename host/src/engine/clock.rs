//! The clock that lets guests be interrupted: it advances the epoch of every engine at a fixed period on a thread of its own.
//!
//! It never keeps an engine alive, and it ticks for as long as there is one: a store holds its engine, so that no guest is ever left
//! running without a clock.

use std::thread;
use std::time::Duration;

use wasmtime::EngineWeak;

/// How often a running guest looks up. Deadlines are met to about this precision.
const TICK: Duration = Duration::from_millis(10);

/// Starts to tick for these engines.
pub(super) fn start(engines: Vec<EngineWeak>) -> std::io::Result<()> {
    thread::Builder::new().name("clock".into()).spawn(move || {
        loop {
            thread::sleep(TICK);
            let mut alive = false;
            for engine in engines.iter().filter_map(EngineWeak::upgrade) {
                engine.increment_epoch();
                alive = true;
            }
            if !alive {
                return;
            }
        }
    })?;
    Ok(())
}
