//! The way to a server through its breaker: a [`Gate`] lets a caller in with a [`Ticket`], and the ticket says how it went.
//!
//! The record is in the store that the surroundings have, under the server's origin. Without a store, and while it fails, it is in the
//! instance: then every instance learns for itself.
//!
//! Invariants: a ticket reports once; one that is dropped says that nothing is known, so that who tried and went away holds nobody up.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use crate::breaker::{Admission, Outcome, Policy, Record};
use crate::failure::Failure;
use crate::surroundings::{Change, Edit, Surroundings};

/// A server behind its breaker.
#[derive(Clone)]
pub struct Gate {
    name: &'static str,
    origin: String,
    policy: Policy,
    surroundings: Rc<dyn Surroundings>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").field(&self.origin).finish()
    }
}

impl Gate {
    /// `name` is for messages (`the transcription server`), `origin` is scheme, host and port (`https://api.groq.com`).
    pub fn new(
        name: &'static str,
        origin: impl Into<String>,
        policy: Policy,
        surroundings: Rc<dyn Surroundings>,
    ) -> Self {
        Self {
            name,
            origin: origin.into(),
            policy,
            surroundings,
        }
    }

    /// Lets a caller in.
    ///
    /// # Errors
    /// `Unavailable` when the server failed too often, at once.
    pub fn enter(&self) -> Result<Ticket, Failure> {
        let mut claim = None;
        let mut refused = None;
        self.edit(&mut |record, now_ms| {
            (claim, refused) = (None, None);
            match record.admit(now_ms, &self.policy) {
                Admission::Ask => None,
                Admission::Try(trying) => {
                    claim = Some(trying.until_ms);
                    Some(trying)
                }
                Admission::Refused {
                    n_failures,
                    left_ms,
                } => {
                    refused = Some((n_failures, left_ms));
                    None
                }
            }
        });
        match refused {
            None => Ok(Ticket {
                gate: Some(self.clone()),
                claim,
            }),
            Some((n_failures, left_ms)) => {
                let again = match left_ms {
                    Some(ms) => format!("tried again in about {} s", ms.div_ceil(1000)),
                    None => "being tried again just now".to_owned(),
                };
                Err(Failure::Unavailable(format!(
                    "{} is not asked: it failed {n_failures} times in a row; {again}",
                    self.name
                )))
            }
        }
    }

    fn report(&self, outcome: Outcome, claim: Option<u64>) {
        self.edit(&mut |record, now_ms| {
            let after = record.after(outcome, claim, now_ms, &self.policy);
            (after != record).then_some(after)
        });
    }

    /// Replaces the record in one step, and tells when its state is another one then.
    fn edit(&self, edit: &mut dyn FnMut(Record, u64) -> Option<Record>) {
        let mut change = None;
        let mut edit_value = |value: Option<&[u8]>| {
            let before = Record::read(value);
            let now = edit(before, self.surroundings.unix_ms());
            change = now.map(|now| (before, now));
            now.map(|now| now.write())
        };
        if let Err(why) = self.surroundings.edit(&self.origin, &mut edit_value) {
            say_once(self.name, &why.to_string());
            edit_own(&self.origin, &mut edit_value);
        }
        if let Some((before, now)) = change.filter(|(before, now)| before.state != now.state) {
            self.surroundings.tell(Change {
                upstream: self.origin.clone(),
                before: before.state,
                now: now.state,
                n_failures: now.n_failures,
            });
        }
    }
}

/// A caller's leave to ask a server once.
#[derive(Debug)]
#[must_use = "a ticket that is dropped says that nothing is known of the server"]
pub struct Ticket {
    gate: Option<Gate>,
    claim: Option<u64>,
}

impl Ticket {
    /// Says how it went.
    pub fn report(mut self, outcome: Outcome) {
        self.give_back(outcome);
    }

    fn give_back(&mut self, outcome: Outcome) {
        if let Some(gate) = self.gate.take() {
            // Nothing known about a server that is asked changes nothing.
            if outcome != Outcome::Unknown || self.claim.is_some() {
                gate.report(outcome, self.claim);
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.give_back(Outcome::Unknown);
    }
}

// An instance of a component is one thread. Servers come from configuration, so there are few.
thread_local! {
    static OWN: RefCell<HashMap<String, Vec<u8>>> = RefCell::default();
    static SAID: Cell<bool> = const { Cell::new(false) };
}

fn edit_own(key: &str, edit: &mut Edit<'_>) {
    OWN.with_borrow_mut(|own| {
        if let Some(value) = edit(own.get(key).map(Vec::as_slice)) {
            own.insert(key.to_owned(), value);
        }
    });
}

fn say_once(name: &str, why: &str) {
    if !SAID.replace(true) {
        let why = why.replace(char::is_control, " ");
        #[expect(
            clippy::print_stderr,
            reason = "standard error is a component's log; the host marks it with the stage"
        )]
        {
            eprintln!("{name}: whether it works is known to this instance alone: {why}");
        }
    }
}

#[cfg(test)]
mod tests;
