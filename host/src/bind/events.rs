//! `colloquy:events`: what happened in a turn goes to the bus.

use crate::bindings::colloquy::events::events;
use crate::edge::Turn;

impl events::Host for Turn {
    async fn publish(&mut self, event: events::Event) -> wasmtime::Result<()> {
        self.bus.publish(event);
        Ok(())
    }
}
