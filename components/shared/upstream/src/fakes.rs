//! A place to run for tests: its clock moves when somebody waits, its store can fail, and what it is told is kept.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use crate::failure::Failure;
use crate::surroundings::{Change, Edit, NoStore, Surroundings};
use crate::transport::{Request, Response, Source, Transport};

/// 2026, about.
const START_MS: u64 = 1_790_000_000_000;

#[derive(Default)]
pub(crate) struct Place {
    pub(crate) ms: Cell<u64>,
    pub(crate) store: RefCell<HashMap<String, Vec<u8>>>,
    pub(crate) broken: Cell<bool>,
    /// How often something of it was looked at.
    pub(crate) n_edits: Cell<u32>,
    /// Runs between a look at a value and its replacement, once.
    pub(crate) rival: RefCell<Option<Vec<u8>>>,
    pub(crate) told: RefCell<Vec<Change>>,
    pub(crate) slept: RefCell<Vec<u64>>,
}

impl Place {
    pub(crate) fn pass(&self, ms: u64) {
        self.ms.set(self.ms.get() + ms);
    }

    /// What is kept of a server, as text.
    pub(crate) fn kept(&self, key: &str) -> String {
        let store = self.store.borrow();
        store.get(key).map_or_else(String::new, |value| {
            String::from_utf8_lossy(value).into_owned()
        })
    }
}

impl Surroundings for Place {
    fn unix_ms(&self) -> u64 {
        START_MS + self.ms.get()
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(self.ms.get())
    }

    fn sleep(&self, time: Duration) {
        let ms = time.as_millis() as u64;
        self.slept.borrow_mut().push(ms);
        self.pass(ms);
    }

    /// Makes the first three backoffs 100 ms.
    fn random(&self) -> u64 {
        201 * 401 * 801 + 100
    }

    fn edit(&self, key: &str, edit: &mut Edit<'_>) -> Result<(), NoStore> {
        if self.broken.get() {
            return Err(NoStore("broken".into()));
        }
        self.n_edits.set(self.n_edits.get() + 1);
        loop {
            let seen = self.store.borrow().get(key).cloned();
            let Some(value) = edit(seen.as_deref()) else {
                return Ok(());
            };
            if let Some(theirs) = self.rival.take() {
                self.store.borrow_mut().insert(key.to_owned(), theirs);
                continue;
            }
            self.store.borrow_mut().insert(key.to_owned(), value);
            return Ok(());
        }
    }

    fn tell(&self, change: Change) {
        self.told.borrow_mut().push(change);
    }
}

/// What a server does.
#[derive(Clone)]
pub(crate) enum Does {
    Answers(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// Sends this much and cuts the connection.
    Cuts(&'static str),
    /// Sends this much and nothing more.
    Stalls(&'static str),
    Hangs,
    /// There is nothing.
    Refuses,
    /// The host does not let it out.
    Denied,
}

/// A server that does one thing after the other, the last one for ever.
pub(crate) struct Server {
    pub(crate) place: Rc<Place>,
    pub(crate) does: RefCell<VecDeque<Does>>,
    /// Limits of the requests that came: head and total in milliseconds.
    pub(crate) asked: RefCell<Vec<(u64, Option<u64>)>>,
}

impl Server {
    pub(crate) fn new(does: &[Does]) -> Self {
        Self {
            place: Rc::new(Place::default()),
            does: RefCell::new(does.iter().cloned().collect()),
            asked: RefCell::default(),
        }
    }
}

struct Body(VecDeque<u8>, Option<Failure>);

impl Source for Body {
    /// In pieces of three bytes.
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let n = self.0.len().min(3);
        match (n, self.1.take()) {
            (0, Some(failure)) => Err(failure),
            (0, None) => Ok(None),
            (n, failure) => {
                self.1 = failure;
                Ok(Some(self.0.drain(..n).collect()))
            }
        }
    }
}

impl Transport for Server {
    fn post(&self, request: &Request<'_>) -> Result<Response, Failure> {
        let ms = |time: Duration| time.as_millis() as u64;
        let limits = request.limits;
        let asked = (ms(limits.head), limits.total.map(ms));
        self.asked.borrow_mut().push(asked);
        let mut all = self.does.borrow_mut();
        let does = match all.len() {
            1 => all.front().cloned(),
            _ => all.pop_front(),
        };
        let (status, headers, body, end) = match does.expect("something to do") {
            Does::Answers(status, headers, body) => (status, headers, body, None),
            Does::Cuts(body) => (200, Vec::new(), body, Some(unreachable())),
            Does::Stalls(body) => (200, Vec::new(), body, Some(Failure::Deadline)),
            Does::Hangs => {
                self.place.pass(asked.0);
                return Err(Failure::Deadline);
            }
            Does::Refuses => return Err(unreachable()),
            Does::Denied => return Err(Failure::Denied("not allowed".into())),
        };
        let headers = headers.iter();
        Ok(Response {
            status,
            headers: headers
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            body: Box::new(Body(body.bytes().collect(), end)),
        })
    }

    fn surroundings(&self) -> Rc<dyn Surroundings> {
        Rc::<Place>::clone(&self.place)
    }
}

pub(crate) fn unreachable() -> Failure {
    Failure::Unavailable("the server cannot be reached".into())
}
