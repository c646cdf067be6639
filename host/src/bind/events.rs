//! `colloquy:events`: what the edge component and the stages tell goes to the bus.

use crate::bindings::colloquy::events::events;
use crate::edge::Turn;
use crate::stage::Guest;

impl events::Host for Turn {
    async fn publish(&mut self, event: events::Event) -> wasmtime::Result<()> {
        match event {
            // Whoever may ask no server knows of none.
            events::Event::BreakerChanged(_) => self.bus.refuse("edge"),
            event => self.bus.publish(event),
        }
        Ok(())
    }
}

impl events::Host for Guest {
    async fn publish(&mut self, event: events::Event) -> wasmtime::Result<()> {
        self.voice.publish(event);
        Ok(())
    }
}
