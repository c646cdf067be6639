//! A request and its answer, whatever carries them.

use std::rc::Rc;
use std::time::Duration;

use crate::base::BaseUrl;
use crate::breaker::Outcome;
use crate::failure::Failure;
use crate::surroundings::{Alone, Surroundings};

/// How long the end of a body is waited for that is not needed. A new connection costs about as much.
const MOMENT: Duration = Duration::from_millis(100);

/// How long an exchange may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start to the head of the answer.
    pub head: Duration,
    /// Between two pieces of the answer.
    pub pause: Duration,
    /// From the start to the end of the answer.
    pub total: Option<Duration>,
}

/// A POST request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The server.
    pub base: &'a BaseUrl,
    /// Path and query on it, beginning with a slash.
    pub path: &'a str,
    /// Headers by name in lower case; `host` and the length of the body are not among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The whole body.
    pub body: &'a [u8],
    /// How long it may take.
    pub limits: Limits,
}

/// An answer whose body is still on its way.
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case; values that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// The body. Dropping it closes the connection.
    pub body: Box<dyn Source>,
}

impl Response {
    /// The first header of that name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// The whole body.
    ///
    /// # Errors
    /// `Unavailable` when it is longer than `limit` bytes; whatever the body's end brings.
    pub fn whole(mut self, limit: usize) -> Result<Vec<u8>, Failure> {
        self.rest(limit)?.ok_or_else(|| too_long(limit))
    }

    /// What has not been read of the body yet; none when it is longer than `limit` bytes.
    pub(crate) fn rest(&mut self, limit: usize) -> Result<Option<Vec<u8>>, Failure> {
        let mut all = Vec::new();
        while let Some(bytes) = self.body.read()? {
            if all.len() + bytes.len() > limit {
                self.body.verdict(Outcome::Failed);
                return Ok(None);
            }
            all.extend(bytes);
        }
        Ok(Some(all))
    }
}

pub(crate) fn too_long(limit: usize) -> Failure {
    Failure::Unavailable(format!("the server's answer is longer than {limit} bytes"))
}

/// What a body has brought within a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waited {
    /// The next bytes, at least one.
    Bytes(Vec<u8>),
    /// There are no more.
    Ended,
    /// Nothing so far.
    NotYet,
}

/// Where the bytes of a body come from.
pub trait Source {
    /// The next bytes as they arrive, at least one; none after the last.
    ///
    /// # Errors
    /// `Deadline` when they take too long, `Unavailable` when the body is cut short.
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure>;

    /// As [`Self::read`], but after this while without anything it returns, so that the reader can see whether it is wanted still. The
    /// longest pause counts over calls.
    ///
    /// # Errors
    /// As [`Self::read`].
    fn read_for(&mut self, _while: Duration) -> Result<Waited, Failure> {
        Ok(self.read()?.map_or(Waited::Ended, Waited::Bytes))
    }

    /// Waits a moment for the end of a body whose content is complete, so that its connection can be used again; what it brings does not
    /// matter any more. The body is to be dropped then, whether it has ended or not: a server may keep it open for as long as it likes.
    fn let_end(&mut self) {
        let _end = self.read_for(MOMENT);
    }

    /// What the reader thinks of it, for the server's breaker, where that is not seen from the body's end: `Failed` when what came is no
    /// answer, `Answered` when it is complete before the body is. The first word counts.
    fn verdict(&mut self, _outcome: Outcome) {}
}

/// Sends requests.
pub trait Transport {
    /// Sends one and returns when the head of the answer is there, whatever its status.
    ///
    /// # Errors
    /// `Deadline` when that takes too long, `Unavailable` when there is no answer, `Denied` when the host does not let it out.
    fn post(&self, request: &Request<'_>) -> Result<Response, Failure>;

    /// Where the stage runs that sends.
    fn surroundings(&self) -> Rc<dyn Surroundings> {
        Rc::new(Alone)
    }
}
