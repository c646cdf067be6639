//! A body that tells the breaker how it ended.
//!
//! An answer is complete only with its last byte: one that is cut short or pauses too long is the server's failure, one whose reader goes
//! away is nobody's. A reader who finds that what came is no answer, or has all it needs before the end, says so with
//! [`Source::verdict`].

use std::time::Duration;

use crate::breaker::Outcome;
use crate::failure::Failure;
use crate::gate::Ticket;
use crate::transport::{Source, Waited};

/// A body and the ticket that it was got with.
pub(crate) struct Watched {
    body: Box<dyn Source>,
    ticket: Option<Ticket>,
    ended: bool,
}

impl Watched {
    pub(crate) fn new(body: Box<dyn Source>, ticket: Ticket) -> Self {
        Self {
            body,
            ticket: Some(ticket),
            ended: false,
        }
    }

    fn report(&mut self, outcome: Outcome) {
        if let Some(ticket) = self.ticket.take() {
            ticket.report(outcome);
        }
    }
}

impl Source for Watched {
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let read = self.body.read();
        match &read {
            Ok(Some(_)) => {}
            // Not reported yet: the reader may find that what it has is no answer.
            Ok(None) => self.ended = true,
            Err(failure) => self.report(failure.outcome()),
        }
        read
    }

    fn read_for(&mut self, time: Duration) -> Result<Waited, Failure> {
        let read = self.body.read_for(time);
        match &read {
            Ok(Waited::Bytes(_) | Waited::NotYet) => {}
            Ok(Waited::Ended) => self.ended = true,
            Err(failure) => self.report(failure.outcome()),
        }
        read
    }

    fn verdict(&mut self, outcome: Outcome) {
        self.report(outcome);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.report(if self.ended {
            Outcome::Answered
        } else {
            Outcome::Unknown
        });
    }
}
