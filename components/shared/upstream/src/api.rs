//! Asking a server: within its breaker, more than once if need be, and not for longer than allowed.
//!
//! What a server says when it refuses goes to the log (standard error), shortened and without the key. The caller is told what it means.
//!
//! All that is asked here can be asked again: nothing changes on the server. Once a byte of an answer was handed on nothing is, so
//! [`Api::post`], which hands the body on as it arrives, tries again up to the head, and [`Api::ask`], which reads the body itself, up to
//! its end.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use crate::base::BaseUrl;
use crate::breaker;
use crate::failure::Failure;
use crate::gate::{Gate, Ticket};
use crate::policy::Policy;
use crate::refusal::{self, Refusal};
use crate::retry::{Again, Patience};
use crate::said;
use crate::settings::Key;
use crate::surroundings::Surroundings;
use crate::transport::{Limits, Request, Response, Source, Transport, Waited, too_long};
use crate::watched::Watched;

/// Most bytes of a refusal that are read.
const REFUSAL: usize = 16 << 10;
/// How long a refusal is listened to.
const LISTENS: Duration = Duration::from_secs(1);
/// Most characters of what a server says that are logged.
const SAID: usize = 500;

/// A server and how to ask it.
#[derive(Debug, Clone)]
pub struct Api {
    /// What it is, for messages: `the transcription server`.
    pub name: &'static str,
    /// Where it is.
    pub base: BaseUrl,
    /// The key, where this stage has to bring one.
    pub key: Option<Key>,
    /// The model asked for.
    pub model: String,
    /// How long a call may take, all attempts together.
    pub limits: Limits,
    /// What becomes of failures.
    pub policy: Policy,
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Such as `/v1/audio/speech`.
    pub route: &'a str,
    /// What the body is.
    pub content_type: &'a str,
    /// What the answer may be.
    pub accept: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// Makes something of the content type and the body of an answer.
pub type Read<'a, T> = dyn Fn(&str, &[u8]) -> Result<T, Failure> + 'a;

/// What is awaited of an answer before something of it is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Head,
    Whole,
}

/// An attempt that came to nothing.
struct Stopped {
    failure: Failure,
    again: Again,
}

impl Stopped {
    /// By the way to the server or back.
    fn on_the_way(failure: Failure) -> Self {
        let again = match failure.outcome() {
            breaker::Outcome::Failed => Again::Backoff,
            _ => Again::Never,
        };
        Self { failure, again }
    }
}

impl Api {
    /// Posts a body to a route and returns the answer if it is a success.
    ///
    /// The answer's body tells the server's breaker how it ended; see [`Source::verdict`].
    ///
    /// # Errors
    /// As [`Transport::post`], and what the status of a refusal means; `Unavailable` when the server is not asked because it failed too often.
    pub fn post(
        &self,
        transport: &dyn Transport,
        route: &str,
        content_type: &str,
        accept: &str,
        body: &[u8],
    ) -> Result<Response, Failure> {
        let call = Call {
            route,
            content_type,
            accept,
            body,
        };
        self.tried(transport, &call, Extent::Head, &Ok)
    }

    /// Posts a body and reads the whole answer, of at most `limit` bytes. `read` makes something of its content type and body; when that
    /// fails the answer was none.
    ///
    /// # Errors
    /// As [`Self::post`]; `Unavailable` when the answer is too long or cut short, and what `read` says.
    pub fn ask<T>(
        &self,
        transport: &dyn Transport,
        call: &Call<'_>,
        limit: usize,
        read: &Read<'_, T>,
    ) -> Result<T, Failure> {
        self.tried(transport, call, Extent::Whole, &|mut response: Response| {
            let rest = response.rest(limit).map_err(Stopped::on_the_way)?;
            let kind = response.header("content-type").unwrap_or_default();
            let made = rest
                .ok_or_else(|| too_long(limit))
                .and_then(|body| read(kind, &body));
            made.map_err(|failure| {
                response.body.verdict(breaker::Outcome::Failed);
                Stopped {
                    failure,
                    again: Again::Never,
                }
            })
        })
    }

    /// The gate that leads to this server.
    pub fn gate(&self, surroundings: Rc<dyn Surroundings>) -> Gate {
        let longest = self.limits.total;
        let longest = longest.unwrap_or_else(|| self.limits.head.saturating_add(self.limits.pause));
        let policy = self.policy.breaker(longest);
        Gate::new(self.name, self.base.to_string(), policy, surroundings)
    }

    fn tried<T>(
        &self,
        transport: &dyn Transport,
        call: &Call<'_>,
        extent: Extent,
        finish: &dyn Fn(Response) -> Result<T, Stopped>,
    ) -> Result<T, Failure> {
        let surroundings = transport.surroundings();
        let gate = self.gate(Rc::clone(&surroundings));
        let begun = surroundings.uptime();
        let allowed = self.limits.total.unwrap_or(self.limits.head);
        let mut patience = Patience::new(self.policy.retries, begun.saturating_add(allowed));
        let mut ticket = gate.enter()?;
        loop {
            let now = surroundings.uptime();
            let left = patience.left(now);
            let attempt = self.policy.attempt.map_or(left, |it| it.min(left));
            let limits = Limits {
                head: attempt,
                pause: self.limits.pause,
                total: match extent {
                    Extent::Whole => Some(attempt),
                    Extent::Head => self.limits.total.map(|_| left),
                },
            };
            let stopped = match self
                .attempt(transport, call, limits, ticket)
                .and_then(finish)
            {
                Ok(done) => return Ok(done),
                Err(stopped) => stopped,
            };
            let wait = patience.wait(stopped.again, surroundings.uptime(), surroundings.random());
            let Some(wait) = wait else {
                return Err(stopped.failure);
            };
            // When that was the failure that opened the breaker it is the one to tell, and nothing is worth a wait.
            let Ok(next) = gate.enter() else {
                return Err(stopped.failure);
            };
            self.log(&format!(
                "{}; asked again in {} ms",
                stopped.failure,
                wait.as_millis()
            ));
            surroundings.sleep(wait);
            ticket = next;
        }
    }

    fn attempt(
        &self,
        transport: &dyn Transport,
        call: &Call<'_>,
        limits: Limits,
        ticket: Ticket,
    ) -> Result<Response, Stopped> {
        let bearer = self.key.as_ref().map(Key::bearer);
        let mut headers = vec![
            ("content-type", call.content_type),
            ("accept", call.accept),
            (
                "user-agent",
                concat!("colloquy/", env!("CARGO_PKG_VERSION")),
            ),
        ];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let path = self.base.path(call.route);
        let request = Request {
            base: &self.base,
            path: &path,
            headers: &headers,
            body: call.body,
            limits,
        };
        let surroundings = transport.surroundings();
        let end = surroundings.uptime().saturating_add(limits.head);
        match transport.post(&request) {
            Ok(response) if (200..300).contains(&response.status) => Ok(Response {
                body: Box::new(Watched::new(response.body, ticket)),
                ..response
            }),
            Ok(response) => {
                // The status first: whoever waits for the words may be gone before they come.
                let health = refusal::health(response.status);
                let ticket = match health {
                    Some(outcome) => {
                        ticket.report(outcome);
                        None
                    }
                    None => Some(ticket),
                };
                let refusal = self.refused(response, surroundings.as_ref(), end);
                if let Some(ticket) = ticket {
                    ticket.report(refusal.outcome);
                }
                Err(Stopped {
                    failure: refusal.failure,
                    again: refusal.again,
                })
            }
            Err(failure) => {
                ticket.report(failure.outcome());
                Err(Stopped::on_the_way(failure))
            }
        }
    }

    /// Logs a line, without the key and without what looks like one.
    pub fn log(&self, line: &str) {
        let line = self.without_keys(line).replace(char::is_control, " ");
        #[expect(
            clippy::print_stderr,
            reason = "standard error is a component's log; the host marks it with the stage"
        )]
        {
            eprintln!("{}: {line}", self.name);
        }
    }

    /// Logs what the server said, shortened: `about`, a colon, and the beginning of it. Of a text that is not `whole` the end is unknown.
    pub fn log_said(&self, about: &str, said: &str, whole: bool) {
        self.log(&format!("{about}: {}", self.fit(said, whole)));
    }

    /// What a server said, fit for the log.
    fn fit(&self, said: &str, whole: bool) -> String {
        let read = said.floor_char_boundary(REFUSAL);
        let whole = whole && read == said.len();
        let said = said.get(..read).unwrap_or_default();
        // In this order: of a key that is cut nobody knows that it is one.
        let said = self.without_keys(said);
        said::beginning(&said, SAID, whole).replace(char::is_control, " ")
    }

    fn without_keys(&self, text: &str) -> String {
        match &self.key {
            Some(key) => said::without_keys(&key.redact(text)),
            None => said::without_keys(text),
        }
    }

    /// Reads why the server refuses, until `end` and no longer than [`LISTENS`]: the answer to the call is known already.
    fn refused(
        &self,
        mut response: Response,
        surroundings: &dyn Surroundings,
        end: Duration,
    ) -> Refusal {
        let end = end.min(surroundings.uptime().saturating_add(LISTENS));
        let left = || end.saturating_sub(surroundings.uptime());
        let (body, whole) = beginning(response.body.as_mut(), &left);
        let about = format!("refused with {}", response.status);
        self.log_said(&about, &String::from_utf8_lossy(&body), whole);
        let has_key = self.key.is_some();
        Refusal::read(self.name, has_key, &response, &body, SystemTime::now())
    }
}

/// What can be read of a refusal, and whether that is all of it. One that cannot be read is still one.
fn beginning(body: &mut dyn Source, left: &dyn Fn() -> Duration) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    loop {
        let left = left();
        // What is there already is read even when no time is left.
        match body.read_for(left) {
            Ok(Waited::Bytes(bytes)) => all.extend(bytes),
            ended => return (all, ended == Ok(Waited::Ended)),
        }
        if all.len() >= REFUSAL || left.is_zero() {
            all.truncate(REFUSAL);
            return (all, false);
        }
    }
}

#[cfg(test)]
mod patience;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
