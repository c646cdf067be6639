//! The way to the service: bytes out and in, encrypted or not. In a component that is `wasi`, in tests the system's sockets.

use std::io::{Read, Write};
use std::time::Instant;

use colloquy_upstream::Failure;

use crate::endpoint::Endpoint;

/// A connection. Reading and writing wait until the end that was set, and then fail with `TimedOut`. Dropping it closes it.
pub trait Link: Read + Write {
    /// How long everything from now on may wait.
    fn set_end(&mut self, end: Instant);
}

/// Makes connections.
pub trait Connect {
    /// Connects, with TLS if the endpoint has it. The connection waits until `end` at first.
    ///
    /// # Errors
    /// `Denied` when the host does not allow it, `Deadline` when it takes too long, `Unavailable` for everything else.
    fn connect(&self, endpoint: &Endpoint, end: Instant) -> Result<Box<dyn Link>, Failure>;
}

impl Link for Box<dyn Link> {
    fn set_end(&mut self, end: Instant) {
        self.as_mut().set_end(end);
    }
}
