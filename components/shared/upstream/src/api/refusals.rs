//! How long a refusal is listened to, and who knows of it first.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::tests::api;
use super::*;
use crate::fakes::Place;

const ORIGIN: &str = "https://example.com";

/// Refuses after a while, and then says something now and then, for ever.
struct Slow {
    status: u16,
    head_ms: u64,
    /// Between two pieces; none when nothing at all is said.
    every_ms: Option<u64>,
    place: Rc<Place>,
    /// What was kept of the server whenever somebody listened.
    known: Rc<RefCell<Vec<String>>>,
}

struct Words {
    every_ms: Option<u64>,
    place: Rc<Place>,
    known: Rc<RefCell<Vec<String>>>,
}

impl Source for Words {
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        match self.read_for(Duration::from_secs(60))? {
            Waited::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(Failure::Deadline),
        }
    }

    fn read_for(&mut self, time: Duration) -> Result<Waited, Failure> {
        self.known.borrow_mut().push(self.place.kept(ORIGIN));
        let ms = time.as_millis() as u64;
        match self.every_ms {
            Some(every) if every <= ms => {
                self.place.pass(every);
                Ok(Waited::Bytes(b"no ".to_vec()))
            }
            _ => {
                self.place.pass(ms);
                Ok(Waited::NotYet)
            }
        }
    }
}

impl Transport for Slow {
    fn post(&self, _request: &Request<'_>) -> Result<Response, Failure> {
        self.place.pass(self.head_ms);
        Ok(Response {
            status: self.status,
            headers: Vec::new(),
            body: Box::new(Words {
                every_ms: self.every_ms,
                place: Rc::clone(&self.place),
                known: Rc::clone(&self.known),
            }),
        })
    }

    fn surroundings(&self) -> Rc<dyn Surroundings> {
        Rc::<Place>::clone(&self.place)
    }
}

fn slow(status: u16, head_ms: u64, every_ms: Option<u64>) -> Slow {
    Slow {
        status,
        head_ms,
        every_ms,
        place: Rc::default(),
        known: Rc::default(),
    }
}

/// Calls that may take 5 s, attempts 2 s.
fn refused(server: &Slow, retries: u32) -> Failure {
    let api = Api {
        limits: Limits {
            head: Duration::from_secs(5),
            pause: Duration::from_secs(60),
            total: None,
        },
        policy: Policy {
            retries,
            attempt: Some(Duration::from_secs(2)),
            ..Policy::default()
        },
        ..api()
    };
    let refused = api.post(server, "/v1/x", "application/json", "*/*", b"{}");
    refused.err().expect("a refusal")
}

#[test]
fn a_refusal_is_listened_to_for_a_second_and_within_the_time_of_the_call() {
    for every_ms in [None, Some(300)] {
        for (head_ms, expected) in [(0, 1_000), (700, 1_700), (1_900, 2_000), (2_000, 2_000)] {
            let server = slow(400, head_ms, every_ms);
            assert!(matches!(refused(&server, 0), Failure::InvalidInput(_)));
            assert_eq!(server.place.ms.get(), expected, "{head_ms} {every_ms:?}");
        }
    }
    // All attempts together.
    let server = slow(500, 700, None);
    assert!(matches!(refused(&server, 5), Failure::Unavailable(_)));
    assert_eq!(server.place.ms.get(), 5_000);
}

#[test]
fn the_breaker_knows_before_anybody_listens() {
    let server = slow(503, 0, None);
    refused(&server, 0);
    let known = server.known.borrow();
    assert!(!known.is_empty());
    for known in known.iter() {
        assert!(known.contains("\"n_failures\":1"), "{known}");
    }
}

#[test]
fn what_is_logged_of_a_refusal_has_no_key() {
    let api = api();
    // The key of the stage, across the cut.
    let said = format!("{} {} sk-secret.", "x".repeat(490), "y");
    assert_eq!(
        api.fit(&said, true),
        format!("{} y (key).", "x".repeat(490))
    );
    // One that only the host knows: all of it is there for the host to see, or nothing.
    let said = format!("{} wrong key: theirs-1234", "x".repeat(480));
    assert_eq!(
        api.fit(&said, true),
        format!("{} wrong key: ", "x".repeat(480))
    );
    assert_eq!(api.fit("wrong key: theirs-12", false), "wrong key: ");
    let said = "authorization: Bearer theirs-1234\nhost: x";
    assert_eq!(api.fit(said, true), "authorization: (key) host: x");
    // A server may say much.
    let endless = "bearer ".repeat(1 << 20);
    assert!(api.fit(&endless, true).len() <= 500);
}
