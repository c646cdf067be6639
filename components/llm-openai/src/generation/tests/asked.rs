//! What a server is asked, and what it is not.

use super::*;
use crate::request::Strategy;

#[test]
fn usage_is_not_asked_for_where_that_is_refused() {
    let refusal = r#"{"error":{"message":"Unrecognized request argument: stream_options"}}"#;
    let server = Server {
        answers: vec![(400, refusal.into()), (200, event("Hi.", "stop"))],
        ..server("", 64)
    };
    let dialect = Dialect::default();
    for n_requests in [2, 3] {
        let mut generation =
            Generation::begin(&config(&[]), &server, None, &request(), &dialect).unwrap();
        assert_eq!(first_text(&mut generation), "Hi.");
        assert_eq!(server.received.borrow().len(), n_requests);
    }
    let received = server.received.borrow();
    let asked: Vec<bool> = received
        .iter()
        .map(|body| body.get("stream_options").is_some())
        .collect();
    assert_eq!(asked, [true, false, false]);
    // One that refuses the request for another reason says so twice, and is not remembered for it.
    let server = Server {
        answers: vec![(400, refusal.into())],
        ..super::server("", 64)
    };
    let dialect = Dialect::default();
    let refused = Generation::begin(&config(&[]), &server, None, &request(), &dialect);
    // It was within the contract: a chain goes on.
    assert!(matches!(refused.err(), Some(Failure::Unavailable(_))));
    assert_eq!(
        (server.received.borrow().len(), dialect.no_usage.get()),
        (2, false)
    );
}

/// A server that takes its time, on a clock that only it moves.
struct Slow {
    server: Server,
    takes: Duration,
    clock: Rc<Clock>,
    /// How long it was allowed to take.
    allowed: RefCell<Vec<Duration>>,
}

#[derive(Default)]
struct Clock(Cell<Duration>);

impl upstream::Surroundings for Clock {
    fn uptime(&self) -> Duration {
        self.0.get()
    }

    fn edit(
        &self,
        key: &str,
        edit: &mut upstream::surroundings::Edit<'_>,
    ) -> Result<(), upstream::surroundings::NoStore> {
        upstream::Alone.edit(key, edit)
    }

    fn tell(&self, _change: upstream::surroundings::Change) {}
}

impl Transport for Slow {
    fn post(&self, request: &upstream::Request<'_>) -> Result<Response, Failure> {
        self.allowed.borrow_mut().push(request.limits.head);
        self.clock.0.set(self.clock.0.get() + self.takes);
        self.server.post(request)
    }

    fn surroundings(&self) -> Rc<dyn upstream::Surroundings> {
        Rc::<Clock>::clone(&self.clock)
    }
}

#[test]
fn both_attempts_share_the_time_of_a_call() {
    let seconds = Duration::from_secs;
    for (takes, expected) in [(10, vec![15, 5]), (15, vec![15])] {
        let slow = Slow {
            server: Server {
                answers: vec![(400, "{}".into()), (200, event("Hi.", "stop"))],
                ..server("", 64)
            },
            takes: seconds(takes),
            clock: Rc::default(),
            allowed: RefCell::default(),
        };
        let config = config(&[("LLM_TIMEOUT_MS", "15000")]);
        let begun = Generation::begin(&config, &slow, None, &request(), &Dialect::default());
        let expected: Vec<_> = expected.into_iter().map(seconds).collect();
        assert_eq!(*slow.allowed.borrow(), expected);
        match begun {
            Ok(mut generation) => assert_eq!(first_text(&mut generation), "Hi."),
            Err(failure) => assert_eq!((takes, failure), (15, Failure::Deadline)),
        }
    }
}

fn sent(config: &Config, request: &Request) -> Value {
    let server = server("", 1);
    let _generation =
        Generation::begin(config, &server, None, request, &Dialect::default()).unwrap();
    server.received.borrow()[0].clone()
}

#[test]
fn the_request_is_as_configured() {
    let body = sent(&config(&[]), &request());
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "max_tokens",
            "messages",
            "model",
            "stream",
            "stream_options",
            "temperature"
        ]
    );
    assert_eq!(
        (&body["model"], &body["max_tokens"], &body["temperature"]),
        (&json!("a-model"), &json!(220), &json!(0.4))
    );
    let all = config(&[
        ("LLM_MODEL_FAST", "openai/gpt-oss-20b"),
        ("LLM_MODEL_HIGH", "big"),
        ("LLM_TEMPERATURE", "none"),
        ("LLM_TOKENS_FIELD", "max_completion_tokens"),
        ("LLM_EXTRA", r#"{"top_p":0.9,"user":"colloquy"}"#),
    ]);
    let body = sent(
        &all,
        &Request {
            strategy: Strategy::Fast,
            ..request()
        },
    );
    assert_eq!(body["model"], "openai/gpt-oss-20b");
    assert_eq!(body["reasoning_effort"], "low");
    assert_eq!(body["max_completion_tokens"], 120 + 512);
    assert_eq!(
        (&body["top_p"], body.get("temperature")),
        (&json!(0.9), None)
    );
    assert!(
        body["messages"][0]["content"]
            .as_str()
            .unwrap()
            .contains("one or two short sentences")
    );
    let body = sent(
        &all,
        &Request {
            strategy: Strategy::High,
            max_tokens: 50,
            ..request()
        },
    );
    assert_eq!(
        (
            &body["model"],
            &body["max_completion_tokens"],
            body.get("reasoning_effort")
        ),
        (&json!("big"), &json!(50), None)
    );
}

#[test]
fn what_breaks_the_contract_is_not_sent() {
    let message = |role| Message {
        role,
        content: "x".into(),
    };
    for wrong in [
        Request {
            messages: vec![],
            ..request()
        },
        Request {
            messages: vec![message(Role::User), message(Role::Assistant)],
            ..request()
        },
        Request {
            messages: vec![message(Role::User); 1000],
            ..request()
        },
        Request {
            cards: vec![Card::default(); 1000],
            ..request()
        },
        Request {
            max_tokens: 0,
            ..request()
        },
        Request {
            temperature: f32::NAN,
            ..request()
        },
        Request {
            temperature: -1.0,
            ..request()
        },
    ] {
        let server = server("", 1);
        let refused = Generation::begin(&config(&[]), &server, None, &wrong, &Dialect::default());
        assert!(matches!(refused.err(), Some(Failure::InvalidInput(_))));
        assert!(server.received.borrow().is_empty());
    }
}
